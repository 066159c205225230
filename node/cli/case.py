"""`vigil case list`, `show`, `level` and `delete`: the cases of this node and of lists, and their holdings.

Rules this module upholds:

- A case is the reference that was given at the ingest, with exactly the same spelling; or it came with a list, and then
  it is another case than one of this node with the same reference. Each line says where its case is from.
- What a list says of a case is shown only with --words, and under the name of the list.
- Deleting asks first. Without a terminal it needs --yes.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final

import typer

from node.cli import case_notes, case_work
from node.cli.case_report import report
from node.cli.case_work import CaseArgument
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

group = new_group("The cases of this node: open and close them, show them, write notes, delete their holdings.")


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    case_work.add_to(group)
    case_notes.add_to(group)
    app.add_typer(group, name="case")


group.command("report", cls=Command)(report)


class Status(StrEnum):
    """Whether a case is worked on."""

    OPEN = "open"
    DORMANT = "dormant"
    CLOSED = "closed"


@group.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1_000_000, help="Show at most N.")] = _LISTED,
    after: Annotated[str, typer.Option("--after", metavar="REF", help="List the cases after this one.")] = "",
    status: Annotated[Status | None, typer.Option("--status", help="Only cases of this node with this status.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only cases of this node that you lead or work on.")] = False,
) -> None:
    """List the cases, and how many holdings each has; of cases that came with lists, how many rows.

    A case that was never opened has no title, and counts as open.
    """
    given = common(ctx)
    end: Line = {}
    arguments: Line = {"limit": limit, "after": after} | ({"status": status.value} if status else {})
    arguments |= {"mine": True} if mine else {}
    with given.session() as session:
        for line in session.run("cases", arguments):
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
        int, typer.Option("--limit", metavar="N", min=0, max=10_000, help="Show at most N rows of a list's case.")
    ] = _ROWS,
    after: Annotated[int, typer.Option("--after", metavar="ROW", min=0, help="Show the rows after this one.")] = 0,
    words: Annotated[
        bool,
        typer.Option("--words", help="Also show what the list says of the case and of each row: names and comments."),
    ] = False,
) -> None:
    """Show a case: its title, officers and newest notes, its holdings and newest hits, and lists that have a case with
    this reference.

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
    """Delete the holdings of a case, the references to their files, and the copies of their originals.

    What officers wrote about the case stays, until `vigil case purge` deletes it.

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
        title = f"; {plain(line['title'])}" if line.get("title") else ""
        status = f"; {line['status']}" if line.get("status", "open") != "open" else ""
        lead = f"; lead {plain(line['lead'])}" if line.get("lead") else ""
        return f"{plain(line['case'])}: {count(line['holdings'], 'holding')}{title}{status}{lead}"
    also = "; another case than those above or below with this reference" if line["same_name"] else ""
    return f"{plain(line['case'])}: {count(line['references'], 'row')} of {_list_words(line)}{also}"


def _list_words(line: Line) -> str:
    return f"the list {plain(line['list'])}" + (f" ({plain(line['provider'])})" if line["provider"] else "")


def _words_of(line: Line) -> Callable[[Line], str | None]:
    """How a line of `show` is told: a row of a list, a hit on a record, a holding that matches lists, or a case."""
    if "row" in line:
        return row_words
    if "note" in line:
        return case_notes.note_words
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
        if line.get("opened"):
            rows += case_work.file_rows(line)
        else:
            rows.append(f"  not opened yet: vigil case open {reference} --title TITLE")
        rows += [
            f"  levels: {levels or 'none'}; {line['shared']:,} shared",
            f"  {on_records}; holdings that match lists: {listed}",
            f"  all hits: vigil hits --case {reference}",
        ]
        if line.get("notes"):
            rows.append(f"  {count(line['notes'], 'note')}; all of them: vigil case notes {reference}")
    else:
        rows.append(f"  our holdings that match it: vigil lists hits {name} --case {reference}")
        rows += [below(2, f"{_list_words(line)} says: {plain(line['said'])}")] if line["said"] else []
    return "\n".join(rows)
