"""`vigil case`: lists the cases of this node, changes the level of their holdings, and deletes them.

Rules this module upholds:

- A case is the reference that was given at the ingest, with exactly the same spelling.
- Deleting asks first. Without a terminal it needs --yes.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli.common import Command, common, new_group
from node.cli.holdings import NewLevel, ReasonOption, YesOption, change_level, delete_all
from node.cli.output import Line, plain
from node.cli.retract import Reason
from node.cli.words import count

_LISTED: Final = 100

group = new_group("The cases of this node: list them, change the level of their holdings, delete them.")
CaseArgument = Annotated[str, typer.Argument(metavar="REF", help="The case reference.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="case")


@group.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="List at most this many.")] = _LISTED,
    after: Annotated[str, typer.Option("--after", metavar="REF", help="List the cases after this one.")] = "",
) -> None:
    """List the cases, and how many holdings each has."""
    given = common(ctx)
    end: Line = {}
    with given.session() as session:
        for line in session.run("cases", {"limit": limit, "after": after}):
            given.output.line(line, _case_words)
            end = line
    if not end["listed"]:
        given.output.note("no cases here" if not after else "no more cases")
    if end["more"]:
        given.output.note(f"There are more. The next ones: --after {plain(end['after'])}")


@group.command("level", cls=Command)
def level(
    ctx: typer.Context,
    case: CaseArgument,
    new: Annotated[NewLevel, typer.Argument(metavar="LEVEL", help="national or hit-no-hit.", show_default=False)],
) -> None:
    """Give all holdings of a case this level, lower or higher than before. Shared holdings keep their level.

    A holding that also belongs to another case gets this level too: a holding has one level.
    """
    given = common(ctx)
    with given.session() as session:
        change_level(given, session, {"case": case, "level": new.value})


@group.command("delete", cls=Command)
def delete(
    ctx: typer.Context, case: CaseArgument, reason: ReasonOption = Reason.UNSTATED, yes: YesOption = False
) -> None:
    """Delete a case: its holdings, the references to their files, and the copies of their originals.

    A holding that also belongs to another case stays there and leaves this case. Records of deleted holdings are
    retracted first. The files themselves, the audit log and the allow-list stay. An interrupted deletion continues at
    the next start.
    """
    given = common(ctx)
    with given.session() as session:
        delete_all(given, session, {"case": case, "reason": reason.value}, yes=yes)


def _case_words(line: Line) -> str | None:
    return f"{plain(line['case'])}: {count(line['holdings'], 'holding')}" if "case" in line else None
