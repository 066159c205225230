"""`vigil entity`: the persons, places and things of an investigation, and their links to holdings.

Rules this module upholds:

- Entities never leave the node. A pseudonym is shown, and there is no field for a real name.
- Deleting asks first. Without a terminal it needs --yes.
"""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from node.cli.common import Command, common, new_group, one
from node.cli.entity_words import entity_words, whole_words
from node.cli.holdings import YesOption
from node.cli.output import Line, plain_lines
from node.cli.words import count
from node.domain.entities import Certainty, EntityKind, EntityStatus, LinkRole
from node.errors import Misuse, Refused

_LISTED: Final = 100

group = new_group("Victims, offenders, places, devices and series: who they are, and which holdings show them.")
Number = Annotated[int, typer.Argument(metavar="E", min=1, help="The number of an entity.", show_default=False)]
HoldingNumbers = Annotated[
    list[int], typer.Argument(metavar="HOLDING...", min=1, help="The numbers of holdings.", show_default=False)
]
CaseOption = Annotated[
    list[str] | None, typer.Option("--case", metavar="REF", help="A case that names the entity. May be repeated.")
]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="entity")


@group.command("add", cls=Command)
def add(
    ctx: typer.Context,
    kind: Annotated[EntityKind, typer.Argument(metavar="KIND", help="What it is.", show_default=False)],
    pseudonym: Annotated[
        str, typer.Argument(metavar="PSEUDONYM", help="What the unit calls it; not a real name.", show_default=False)
    ],
    status: Annotated[EntityStatus, typer.Option("--status", help="What is reached so far.")] = EntityStatus.UNKNOWN,
    case: CaseOption = None,
) -> None:
    """Add a victim, an offender, a place, a device or a series.

    A victim can be identified and safeguarded, an offender identified and convicted, everything else identified.
    """
    given = common(ctx)
    arguments: Line = {"kind": kind.value, "pseudonym": pseudonym, "status": status.value, "cases": case or []}
    with given.session() as session:
        line = one(session.run("entity-add", arguments))
    given.output.line(line, lambda line: f"Entity {line['entity']}: {line['kind']}, status {line['status']}.")


@group.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    kind: Annotated[EntityKind | None, typer.Option("--kind", help="List the entities of this kind.")] = None,
    case: Annotated[
        str | None,
        typer.Option("--case", metavar="REF", help="List those that this case names, or that its holdings show."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="Show at most N.")] = _LISTED,
    after: Annotated[int, typer.Option("--after", metavar="E", min=0, help="List the entities after this one.")] = 0,
) -> None:
    """List the entities. Those that were merged into another one are shown with it."""
    given = common(ctx)
    arguments: Line = {"case": case or "", "limit": limit, "after": after}
    arguments |= {"kind": kind.value} if kind else {}
    end: Line = {}
    with given.session() as session:
        for line in session.run("entities", arguments):
            given.output.line(line, entity_words)
            end = line
    if not end["listed"]:
        given.output.note("no entities here" if not after else "no more entities")
    if end["next"]:
        given.output.note(f"There are more. The next ones: --after {end['next']}")


@group.command("show", cls=Command)
def show(
    ctx: typer.Context,
    number: Number,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="Show at most N links.")
    ] = _LISTED,
    after: Annotated[int, typer.Option("--after", metavar="LINK", min=0, help="Show the links after this one.")] = 0,
) -> None:
    """Show an entity: its status, cases and notes, its links to holdings, and who changed what and when."""
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("entity", {"entity": number, "limit": limit, "after": after}))
    given.output.line(line, whole_words)
    if line["more_links"]:
        given.output.note(f"There are more links. The next ones: --after {line['links'][-1]['link']}")


@group.command("change", cls=Command)
def change(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    number: Number,
    pseudonym: Annotated[str | None, typer.Option("--pseudonym", metavar="NAME", help="Another pseudonym.")] = None,
    status: Annotated[EntityStatus | None, typer.Option("--status", help="Another status.")] = None,
    case: CaseOption = None,
    leave_case: Annotated[
        list[str] | None,
        typer.Option("--leave-case", metavar="REF", help="A case that no longer names it. May be repeated."),
    ] = None,
    seen: Annotated[
        int, typer.Option("--seen", metavar="VERSION", min=0, help="Refuse if it is no longer of this version.")
    ] = 0,
) -> None:
    """Change the pseudonym, the status or the cases of an entity. Its history keeps what it was before."""
    given = common(ctx)
    arguments: Line = {"entity": number, "cases": case or [], "leave_cases": leave_case or [], "seen": seen}
    arguments |= {"pseudonym": pseudonym} if pseudonym is not None else {}
    arguments |= {"status": status.value} if status else {}
    with given.session() as session:
        line = one(session.run("entity-change", arguments))
    given.output.line(
        line, lambda line: f"Entity {line['entity']}: status {line['status']}, version {line['version']}."
    )


@group.command("note", cls=Command)
def note(
    ctx: typer.Context,
    number: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is known.", show_default=False)],
    edit: Annotated[
        int | None,
        typer.Option("--edit", metavar="N", min=1, help="Write a new version of note N. The former ones stay."),
    ] = None,
) -> None:
    """Note a fact about an entity. An edited note keeps its former versions."""
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("entity-note", {"entity": number, "text": text, "edit": edit or 0}))
    given.output.line(line, lambda line: f"Note {line['note']} of entity {line['entity']}, version {line['version']}.")


@group.command("link", cls=Command)
def link(
    ctx: typer.Context,
    number: Number,
    holdings: HoldingNumbers,
    role: Annotated[LinkRole, typer.Option("--role", help="How they belong together.", show_default=False)],
    certainty: Annotated[Certainty, typer.Option("--certainty", help="How sure you are.", show_default=False)],
) -> None:
    """Link holdings to an entity. Linking again with another certainty replaces the former link.

    A victim is depicted; an offender is depicted, or a holding was made or shared by the offender; it was made at or
    depicts a place; it was made with, found on or depicts a device; it is part of a series.
    """
    given = common(ctx)
    arguments: Line = {"entity": number, "holdings": holdings, "role": role.value, "certainty": certainty.value}
    with given.session() as session:
        line = one(session.run("entity-link", arguments))
    given.output.line(line, _linked_words)


@group.command("unlink", cls=Command)
def unlink(
    ctx: typer.Context,
    number: Number,
    holdings: HoldingNumbers,
    role: Annotated[LinkRole | None, typer.Option("--role", help="Only the links of this role.")] = None,
) -> None:
    """Withdraw links to holdings. The history keeps who made them and who withdrew them."""
    given = common(ctx)
    arguments: Line = {"entity": number, "holdings": holdings} | ({"role": role.value} if role else {})
    with given.session() as session:
        line = one(session.run("entity-unlink", arguments))
    given.output.line(line, lambda line: f"{count(line['withdrawn'], 'link')} of entity {number} withdrawn.")


@group.command("merge", cls=Command)
def merge(
    ctx: typer.Context,
    number: Number,
    into: Annotated[int, typer.Argument(metavar="INTO", min=1, help="The entity that stays.", show_default=False)],
) -> None:
    """Say that two entities are one: E is shown as part of INTO. Both keep their history; split undoes it."""
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("entity-merge", {"entity": number, "into": into}))
    given.output.line(
        line,
        lambda line: f"Entity {line['entity']} is part of entity {line['into']}. To undo: vigil entity split {number}",
    )


@group.command("split", cls=Command)
def split(ctx: typer.Context, number: Number) -> None:
    """Undo a merge: E is an entity of its own again, with the notes and links that it had."""
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("entity-split", {"entity": number}))
    given.output.line(line, lambda line: f"Entity {line['entity']} is an entity of its own again.")


@group.command("delete", cls=Command)
def delete(ctx: typer.Context, number: Number, yes: YesOption = False) -> None:
    """Delete an entity with its notes, links and history, and everything that was merged into it. Holdings stay."""
    given = common(ctx)
    with given.session() as session:
        plan = one(session.run("entity-delete", {"entity": number}))
        what = _plan_words(plan)
        if not yes:
            if not sys.stdin.isatty():
                raise Misuse(
                    f"this would {what}. Nothing was done: there is no terminal to ask at", remedy="give --yes"
                )
            question = plain_lines(f"This cannot be undone. It would {what}. Delete?")
            if not typer.confirm(question, default=False, err=True):
                raise Refused("nothing was done: the answer was no")
        agreed: Line = {"yes": True} if yes else {"plan": plan["plan"]}
        line = one(session.run("entity-delete", {"entity": number} | agreed))
    given.output.line(line, lambda line: f"{_count(len(line['deleted']))} deleted.")


def _plan_words(plan: Line) -> str:
    numbers = ", ".join(map(str, plan["would_delete"]))
    of = f"{_count(len(plan['would_delete']))} ({numbers})"
    return f"delete {of} with {count(plan['notes'], 'note')} and {count(plan['links'], 'link')}"


def _count(number: int) -> str:
    return "1 entity" if number == 1 else f"{number:,} entities"


def _linked_words(line: Line) -> str:
    words = f"Entity {line['entity']}: {count(line['linked'], 'holding')} linked"
    words += f", {line['changed']:,} with another certainty than before" if line["changed"] else ""
    return words + (f", {line['unchanged']:,} linked before" if line["unchanged"] else "") + "."
