"""`vigil contribute --list NAME`: rows of a list as signed records.

Rules this module upholds:

- What is said of a row is what its list says. No option changes it: only who may read the records can be given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from node.cli.consent import run_agreed
from node.cli.interruption import Interruption
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.statement_words import handling_words, why_words
from node.cli.words import count, record_name
from node.errors import Misuse

if TYPE_CHECKING:
    from node.cli.common import Common

_INTERRUPTED: Final = "finishing the records that are being written (press Ctrl-C again to stop now)"
_WHY: Final = {
    "before": "contributed before",
    "repeated": "say the same hash as an earlier row",
    "withdrawn": "had a record that was retracted; to share one again, name it with --row",
    "nothing": "have no hash that may be shared",
    "category": "have a category that is not shared by default (--all-categories)",
    "restricted": "are restricted by their file to some readers",
    "policy": "have a category that the policy of the federation does not know",
}


def contribute_list(given: Common, arguments: Line, *, other: bool) -> None:
    """Shares rows of a list. `other`: whether holdings or a statement were given too. Raises `Misuse` for that."""
    if other:
        raise Misuse(
            "--list goes with --row, --all-categories and the options for readers alone",
            remedy="contribute holdings with a command of their own; what a row says is what its list says",
        )
    interrupted = False

    def told(line: Line) -> None:
        nonlocal interrupted
        if "row" in line:
            given.output.line(line, _row_words)
        else:
            interrupted = line["interrupted"]
            given.output.line(line, _summary_words)

    with given.session() as session:
        run_agreed(
            session,
            "contribute-list",
            arguments,
            interruption=lambda: Interruption(given.output, _INTERRUPTED),
            told=told,
            question=_question,
        )
    if interrupted:
        given.output.note("Run the same command again to continue.")
        raise typer.Exit(ExitCode.INTERRUPTED)


def _question(line: Line) -> str:
    readers = handling_words(line["handling"])
    share = (
        f"share {count(line['would_contribute'], 'row')} of the list ({readers})" if line["would_contribute"] else ""
    )
    retract = f"retract {count(line['would_retract'], 'record')} whose rows the list changed or withdrew"
    doing = " and ".join(filter(None, [share, retract if line["would_retract"] else ""]))
    return f"This would {doing}. Do it?" if line["would_retract"] else f"This would {share}. Share them?"


def _row_words(line: Line) -> str:
    retracted = "  retracted: the list changed or withdrew the row" if line["retracted"] else ""
    return f"row {line['row']:>9}  {record_name(line['record'])}{retracted}"


def _summary_words(line: Line) -> str:
    if "queued" not in line:
        words = [f"{count(line['would_contribute'], 'row')} would be shared. Nothing was shared."]
    else:
        words = [f"{count(line['contributed'], 'row')} of the list {plain(line['list'])} shared."]
        words += [why_words(line)] if line["contributed"] and line["why"] else []
    if line["interrupted"]:
        words[0] = f"Interrupted: {words[0]}"
    words += _retraction_words(line)
    words += [f"  {number:,} {_WHY.get(why, plain(why))}" for why, number in line["not_shared"].items()]
    return "\n".join(words)


def _retraction_words(line: Line) -> list[str]:
    """Records whose rows left the list."""
    words = []
    if line["would_retract"]:
        records = count(line["would_retract"], "record")
        words.append(f"  {records} would be retracted: the list changed or withdrew the rows")
    if line["retracted"]:
        words.append(f"  {count(line['retracted'], 'record')} retracted: the list changed or withdrew the rows")
    if line["kept"]:
        words.append(f"  {line['kept']:,} kept: the list still says the same, or the record has another ground")
    if line["retract_later"]:
        words.append(f"  {line['retract_later']:,} more to be retracted: run the same command again")
    return words
