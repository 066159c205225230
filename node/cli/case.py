"""`vigil case`: lists and shows the cases of this node, changes the level of their holdings, and deletes them.

Rules this module upholds:

- A case is the reference that was given at the ingest, with exactly the same spelling; or it came with a list, and then
  it is another case than one of this node with the same reference. Each line says where its case is from.
- What a list says of a case is shown only with --words, and under the name of the list.
- Deleting asks first. Without a terminal it needs --yes.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Annotated, Final

import typer

from node.cli.common import Command, common, new_group
from node.cli.hits import hit_words
from node.cli.holdings import NewLevel, ReasonOption, YesOption, change_level, delete_all
from node.cli.list_hits import holding_words
from node.cli.lists import row_words
from node.cli.output import Line, plain
from node.cli.retract import Reason
from node.cli.words import below, count

_LISTED: Final = 100
_ROWS: Final = 20

group = new_group("The cases of this node: list and show them, change the level of their holdings, delete them.")
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
    """List the cases, and how many holdings each has; of cases that came with lists, how many rows."""
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


@group.command("show", cls=Command)
def show(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    case: CaseArgument,
    name: Annotated[str, typer.Option("--list", metavar="NAME", help="Only the case of this list.")] = "",
    limit: Annotated[
        int, typer.Option("--limit", min=0, max=10_000, help="Show at most this many rows of a list's case.")
    ] = _ROWS,
    after: Annotated[int, typer.Option("--after", metavar="ROW", min=0, help="Show the rows after this one.")] = 0,
    words: Annotated[
        bool,
        typer.Option("--words", help="Also show what the list says of the case and of each row: names and comments."),
    ] = False,
) -> None:
    """Show a case: its holdings, its newest hits on records and lists, and lists that have a case with this reference.

    If the case came with one list alone, or --list names the list, its rows are shown too.
    """
    given = common(ctx)
    arguments: Line = {"case": case, "list": name, "limit": limit, "after": after, "words": words}
    rows: list[int] = []
    with given.session() as session:
        for line in session.run("case-show", arguments):
            if "row" in line:
                rows.append(line["row"])
            given.output.line(line, _words_of(line))
    if rows and len(rows) == limit:
        given.output.note(f"There may be more. The next rows: --after {rows[-1]}")


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
    if "case" not in line:
        return None
    if line["list"] is None:
        return f"{plain(line['case'])}: {count(line['holdings'], 'holding')}"
    also = "; another case than those above or below with this reference" if line["same_name"] else ""
    return f"{plain(line['case'])}: {count(line['references'], 'row')} of {_list_words(line)}{also}"


def _list_words(line: Line) -> str:
    return f"the list {plain(line['list'])}" + (f" ({plain(line['provider'])})" if line["provider"] else "")


def _words_of(line: Line) -> Callable[[Line], str | None]:
    """How a line of `show` is told: a row of a list, a hit on a record, a holding that matches lists, or a case."""
    if "row" in line:
        return row_words
    if "hit" in line:
        return hit_words
    return _shown_words if "same_name" in line else holding_words


def _shown_words(line: Line) -> str | None:
    rows = [str(_case_words(line))]
    reference, name = shlex.quote(plain(line["case"])), shlex.quote(plain(line["list"] or ""))
    if line["list"] is None:
        levels = ", ".join(f"{number:,} {level}" for level, number in line["levels"].items())
        found = line["list_hits"]
        listed = f"{'at least ' if found['more'] else ''}{found['holdings']:,}"
        on_records = f"{count(line['hits'], 'hit')} on records, {line['new_hits']:,} new"
        rows += [
            f"  levels: {levels}; {line['shared']:,} shared",
            f"  {on_records}; holdings that match lists: {listed}",
            f"  all hits: vigil hits --case {reference}",
        ]
    else:
        rows.append(f"  our holdings that match it: vigil lists hits {name} --case {reference}")
        rows += [below(2, f"{_list_words(line)} says: {plain(line['said'])}")] if line["said"] else []
    return "\n".join(rows)
