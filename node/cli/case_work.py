"""`vigil case open`, `change`, `assign`, `close`, `dormant`, `reopen` and `purge`.

Rules this module upholds:

- A change names the version of the case that the officer saw: --if-version, else the one at the start of the command.
- Only given values are sent. Purging asks first. Without a terminal it needs --yes.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from node.cli.common import Command, Common, common, one
from node.cli.holdings import YesOption
from node.cli.output import Line, plain, plain_lines
from node.cli.words import count
from node.domain.handling import PURPOSES
from node.errors import Misuse, Refused

CaseArgument = Annotated[str, typer.Argument(metavar="REF", help="The case reference.", show_default=False)]
SeenOption = Annotated[
    int | None,
    typer.Option(
        "--if-version",
        metavar="N",
        min=1,
        help="Refuse if the case has another version than this one, which `vigil case show` showed.",
    ),
]
TitleOption = Annotated[
    str | None, typer.Option("--title", metavar="TITLE", help="What the case is about, in one line.")
]
PurposeOption = Annotated[
    str | None,
    typer.Option("--purpose", metavar="PURPOSE", help=f"The default of its queries, such as {PURPOSES[0]}."),
]
BasisOption = Annotated[
    str | None,
    typer.Option("--legal-basis", metavar="TEXT", help="The law that permits its queries: their default."),
]


def add_to(group: typer.Typer) -> None:
    """Adds the commands to `vigil case`."""
    for name, work in (
        ("open", open_),
        ("change", change),
        ("assign", assign),
        ("close", close),
        ("dormant", dormant),
        ("reopen", reopen),
        ("purge", purge),
    ):
        group.command(name, cls=Command)(work)


def open_(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    case: CaseArgument,
    title: Annotated[
        str, typer.Option("--title", metavar="TITLE", help="What the case is about, in one line.", show_default=False)
    ],
    purpose: PurposeOption = None,
    legal_basis: BasisOption = None,
    lead: Annotated[
        str | None, typer.Option("--lead", metavar="NAME", help="The officer who leads it. Default: you.")
    ] = None,
    add: Annotated[
        list[str] | None, typer.Option("--add", metavar="NAME", help="Another officer of the case; repeatable.")
    ] = None,
) -> None:
    """Open a case: a new one, or one that so far has only holdings. It never leaves this node.

    With a legal basis, `vigil query --case REF` needs no other option. With a purpose, its queries and contributions
    are for this purpose. Options of a query or a contribution always win.
    """
    arguments = {"case": case, "officers": list(add or ())}
    _run(common(ctx), "case-open", arguments | _given(title=title, purpose=purpose, legal_basis=legal_basis, lead=lead))


def change(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    case: CaseArgument,
    title: TitleOption = None,
    purpose: PurposeOption = None,
    legal_basis: BasisOption = None,
    seen: SeenOption = None,
) -> None:
    """Change the title of a case, or its defaults. An empty text removes a default."""
    words = _given(title=title, purpose=purpose, legal_basis=legal_basis)
    _run(common(ctx), "case-change", {"case": case, **words}, seen, changes=True)


def assign(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    case: CaseArgument,
    lead: Annotated[str | None, typer.Option("--lead", metavar="NAME", help="The officer who leads it.")] = None,
    add: Annotated[
        list[str] | None, typer.Option("--add", metavar="NAME", help="Add this officer; repeatable.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="NAME", help="Remove this officer; repeatable.")
    ] = None,
    seen: SeenOption = None,
) -> None:
    """Change who leads a case and who works on it."""
    arguments = {"case": case, "add": list(add or ()), "remove": list(remove or ())}
    _run(common(ctx), "case-assign", arguments | _given(lead=lead), seen, changes=True)


def close(
    ctx: typer.Context,
    case: CaseArgument,
    outcome: Annotated[
        str, typer.Option("--outcome", metavar="TEXT", help="How the case ended, in one line.", show_default=False)
    ],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A last note.")] = "",
    seen: SeenOption = None,
) -> None:
    """Close a case with its outcome. A closed case takes no new material and asks no new question.

    Its holdings stay as they are, and can still be searched, shared and deleted.
    """
    _run(common(ctx), "case-close", {"case": case, "outcome": outcome, "note": note}, seen, changes=True)


def dormant(ctx: typer.Context, case: CaseArgument, seen: SeenOption = None) -> None:
    """Mark a case as dormant: nobody works on it now. It may go on at any time."""
    _run(common(ctx), "case-dormant", {"case": case}, seen, changes=True)


def reopen(ctx: typer.Context, case: CaseArgument, seen: SeenOption = None) -> None:
    """Open a dormant or closed case again. Its former outcome stays in the timeline."""
    _run(common(ctx), "case-reopen", {"case": case}, seen, changes=True)


def purge(ctx: typer.Context, case: CaseArgument, yes: YesOption = False) -> None:
    """Delete what officers wrote about a closed case: title, outcome, notes and timeline. This cannot be undone.

    The case must have no holdings: `vigil case delete` deletes them. The audit log stays: it has the reference, and
    none of these words.
    """
    given = common(ctx)
    with given.session() as session:
        found = one(session.run("case-purge", {"case": case}))
        what = f"This would delete the case {case} with {count(found['notes'], 'note')} and its timeline."
        if not yes:
            if not sys.stdin.isatty():
                raise Misuse(f"{what} Nothing was done: there is no terminal to ask at", remedy="give --yes")
            if not typer.confirm(plain_lines(f"{what} This cannot be undone. Delete?"), default=False, err=True):
                raise Refused("nothing was done: the answer was no")
        line = one(session.run("case-purge", {"case": case, "version": found["version"]}))
        given.output.line(line, lambda line: f"Deleted: the case with {count(line['notes'], 'note')} and its timeline.")


def _run(given: Common, command: str, arguments: Line, seen: int | None = None, *, changes: bool = False) -> None:
    """Runs a command on a case and prints the case. `changes`: it changes the version `seen`, or the present one."""
    with given.session() as session:
        if changes and seen is None:
            seen = one(session.run("case-version", {"case": arguments["case"]}))["version"]
        line = one(session.run(command, arguments | ({"version": seen} if changes else {})))
    given.output.line(line, case_words)


def case_words(line: Line) -> str:
    """What officers wrote about a case, in indented lines."""
    rows = [f"{plain(line['case'])}: {plain(line['title'] or 'no title')}", *file_rows(line)]
    return "\n".join(rows)


def file_rows(line: Line) -> list[str]:
    """Status, officers and defaults of a case, one indented line each."""
    if line.get("damaged"):
        return ["  its title and other words cannot be read: restore the newest backup"]
    outcome = f", outcome: {plain(line['outcome'])}" if line["outcome"] else ""
    officers = ", ".join(map(plain, line["officers"])) or "nobody"
    rows = [
        f"  {line['status']}{outcome} (version {line['version']})",
        f"  lead: {plain(line['lead'] or 'nobody')}; officers: {officers}",
    ]
    defaults = (("purpose", line["purpose"]), ("legal basis", line["legal_basis"]))
    rows += [f"  default {name}: {plain(value)}" for name, value in defaults if value]
    return rows


def _given(**values: object) -> Line:
    return {name: value for name, value in values.items() if value is not None}
