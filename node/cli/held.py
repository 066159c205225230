"""`vigil held`: questions of other members that wait for an officer's decision.

Rules this module upholds:

- A question is named by its number. Only the details that an officer needs to decide are shown.
- Every text from other members goes through `plain`.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli.common import Command, common, new_group, one
from node.cli.output import Line, plain
from node.cli.words import count, hit_words, moment

_LISTED: Final = 100
_DECISIONS: Final = {"waiting": "waits", "released": "released", "refused": "refused"}

group = new_group("Decide about other members' questions that are held for an officer.")
Number = Annotated[
    int, typer.Argument(metavar="NUMBER", min=1, help="The number that vigil held list shows.", show_default=False)
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
    """List the questions that wait for a decision, the newest first.

    The node holds a question if its asker has asked too much about one holding of level hit-no-hit: from enough such
    answers the asker could compute the holding's hash. The asker is told that an officer decides.
    """
    given = common(ctx)
    found = False
    with given.session() as session:
        for line in session.run("held-list", {"limit": limit, "all": everything}):
            found = True
            given.output.line(line, _held_words)
    if not found:
        given.output.note("no question waits for a decision" if not everything else "no question was held")


@group.command("show", cls=Command)
def show(ctx: typer.Context, number: Number) -> None:
    """Show who asks, on which legal basis, why the question is held, and which of our holdings it is about."""
    given = common(ctx)
    with given.session() as session:
        for line in session.run("held-show", {"number": number}):
            given.output.line(line, hit_words if "algorithm" in line else _looked_words)


@group.command("release", cls=Command)
def release(ctx: typer.Context, number: Number) -> None:
    """Answer the question. The node searches now, and the asker receives the answer later.

    The answer only says whether something matches. The audit log records the decision with your name.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("held-release", {"number": number}))
    given.output.line(line, lambda line: f"Question {line['held']} of {plain(line['asker'])} is answered.")


@group.command("refuse", cls=Command)
def refuse(
    ctx: typer.Context,
    number: Number,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="The reason, in one sentence. The asker can read it.")
    ],
) -> None:
    """Refuse to answer the question. The asker can read the reason. The audit log records the decision with your
    name.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("held-refuse", {"number": number, "reason": reason}))
    given.output.line(line, lambda line: f"Question {line['held']} of {plain(line['asker'])} is refused.")


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
