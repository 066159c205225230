"""`vigil held`: questions of other members that wait for an officer's decision.

Rules this module upholds:

- A question is named by its number. Only the details that an officer needs to decide are shown.
- Every text from other members goes through `plain`.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from node.cli.common import Command, common, new_group, one
from node.cli.output import Line, plain
from node.cli.search_words import hit_words
from node.cli.words import count, moment

_LISTED: Final = 100
_NAME: Final = re.compile(r"(w?)([1-9][0-9]{0,8})")
_DECISIONS: Final = {"waiting": "waits", "released": "released", "refused": "refused"}

group = new_group("Decide about other members' questions that are held for an officer.")


def _number(text: str) -> Line:
    """What is named: a question by its number, a watch by w and its number."""
    found = _NAME.fullmatch(text)
    if found is None:
        raise typer.BadParameter("give a number as vigil held list shows it, for example 7, or w7 for a watch")
    return {"watch" if found[1] else "number": int(found[2])}


Number = Annotated[
    Line,
    typer.Argument(
        metavar="NUMBER",
        parser=_number,
        help="The number that vigil held list shows; for a watch, w and its number.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="held")


@group.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Show decided questions too.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="How many to list.")] = _LISTED,
) -> None:
    """List the questions and watches that wait for a decision, the newest first.

    The node holds a question if its asker has asked too much about one holding of level hit-no-hit: from enough such
    answers the asker could compute the holding's hash. The asker is told that an officer decides.

    A watch is held for the same reason, and so is a hit on a kept watch. Of that hit the asker is told nothing.
    """
    given = common(ctx)
    found = False
    with given.session() as session:
        for line in session.run("held-list", {"limit": limit, "all": everything}):
            found = True
            given.output.line(line, _watch_words if "held_watch" in line else _held_words)
    if not found:
        given.output.note("nothing waits for a decision" if not everything else "nothing was held")


@group.command("show", cls=Command)
def show(ctx: typer.Context, number: Number) -> None:
    """Show who asks, on which legal basis, why the question is held, and which of our holdings it is about."""
    given = common(ctx)
    with given.session() as session:
        for line in session.run("held-show", number):
            looked = _looked_watch_words if "held_watch" in line else _looked_words
            given.output.line(line, hit_words if "algorithm" in line else looked)


@group.command("release", cls=Command)
def release(ctx: typer.Context, number: Number) -> None:
    """Answer the question, or keep the watch and tell the hit on it. The asker receives the answer later.

    The answer only says whether something matches. The audit log records the decision with your name.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("held-release", number))
    given.output.line(line, lambda line: f"{_named(line)} is {'kept' if 'held_watch' in line else 'answered'}.")


@group.command("refuse", cls=Command)
def refuse(
    ctx: typer.Context,
    number: Number,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="The reason, in one sentence. The asker can read it.")
    ],
) -> None:
    """Refuse to answer the question, or to keep the watch. The asker can read the reason.

    If only a hit on a kept watch waits, it is not told, and the asker reads nothing. The audit log records the decision
    with your name.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("held-refuse", number | {"reason": reason}))
    given.output.line(line, lambda line: f"{_named(line)} is refused.")


def _named(line: Line) -> str:
    name = f"Watch w{line['held_watch']}" if "held_watch" in line else f"Question {line['held']}"
    return f"{name} of {plain(line['asker'])}"


def _watch_words(line: Line) -> str:
    waits = "a hit on it waits" if line["standing"] == "kept" else "it waits"
    when = f"decided {moment(line['decided_at'])}" if line["decided_at"] else waits
    state = f"watch of {plain(line['asker'])} until {plain(line['until'])}, {plain(line['standing'])}; {when}"
    return f"{'w' + str(line['held_watch']):>5}  {state}" + (f"\n       {plain(line['why'])}" if line["why"] else "")


def _looked_watch_words(line: Line) -> str:
    words = [_watch_words(line), f"       Statement {plain(line['watch'])}"]
    if line["subjects"] is None:
        return "\n".join([*words, "       Its author has withdrawn it."])
    about = f"{count(line['subjects'], 'subject')}, {count(line['fingerprints'], 'fingerprint')}"
    words += [
        f"       Case {plain(line['case'])}; legal basis: {plain(line['legal_basis'])}; for {plain(line['purpose'])}",
        f"       Asked by: {plain(line['officer_role'])}; about {about}",
    ]
    return "\n".join(words)


def _held_words(line: Line) -> str:
    state = _DECISIONS.get(line["decision"], plain(line["decision"]))
    when = f" on {moment(line['decided_at'])}" if line["decided_at"] else f"; expires {moment(line['expires_at'])}"
    return (
        f"{line['held']:>5}  {plain(line['asker'])}, asked {moment(line['asked_at'])}: {state}{when}\n"
        f"       {plain(line['why'])}"
    )


def _looked_words(line: Line) -> str:
    words = [_held_words(line), f"       Query {plain(line['query'])}"]
    if line["subjects"] is None:
        return "\n".join([*words, "       The question's hashes were deleted after the decision."])
    about = f"{count(line['subjects'], 'subject')}, {count(line['fingerprints'], 'fingerprint')}"
    words += [
        f"       Case {plain(line['case'])}; legal basis: {plain(line['legal_basis'])}; for {plain(line['purpose'])}",
        f"       Asked by: {plain(line['officer_role'])}; about {about}",
        f"       {count(line['hits'], 'hit')} on our holdings" + (":" if line["hits"] else ""),
    ]
    return "\n".join(words)
