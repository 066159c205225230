"""The lines of an ingest for people.

Rules this module upholds:

- A file shows its nearest hits, and the number of further hits. Names are escaped (`output.plain`).
"""

from __future__ import annotations

from typing import Final

from node.cli.examined import files_words
from node.cli.output import Line, plain
from node.cli.search_words import aside_words, grouped_words, hit_words, same_name_words, stored_hit_words, subject_name
from node.cli.words import count, not_matched_words, record_name, speaker

_HITS_SHOWN: Final = 5
"""Number of hits of a file that people see, nearest first; `--json` has more, and `vigil match` all."""


def file_words(line: Line) -> str:
    """The result for a file or a part, with its nearest hits."""
    name = subject_name({"subject": line["path"], "part": line["part"]})
    words = f"{'new' if line['new'] else 'held':<5} {line['holding']:>7} {name}"
    words += f"\n{'':<13} {plain(line['note'])}" if line["note"] else ""
    leading = [hit for hit in line["hits"] if hit.get("leads", True)][:_HITS_SHOWN]
    hits = [hit_words(hit) for hit in leading]
    more = line["hits_total"] - sum(hit.get("alike", 1) for hit in leading)
    if more > 0:
        hits.append(f"  and {count(more, 'more hit')}: vigil match PATH")
    return "\n".join([words, *hits])


def earlier_words(line: Line) -> str:
    """A hit of the case from an earlier or later time: the files of this run are listed above."""
    what = f"{speaker(line['origin'])} {record_name(line['record'])}: {stored_hit_words(line)}"
    what += "" if line["new"] else f"; reviewed before: {plain(line['state'])}"
    return f"{'hit':<5} {line['holding']:>7} {what}"


def summary_words(line: Line) -> str:
    """The end of an ingest."""
    words = f"{files_words(line)}."
    words += f" {count(line['skipped'], 'file')} skipped: done before." if line["skipped"] else ""
    words += f"\n{line['new']:,} new, {line['already_held']:,} held already."
    words += f" {count(line['files_with_hits'], 'holding')} with hits."
    if line.get("case_hits"):
        case = plain(line["case"])
        words += f"\nThe whole case has {count(line['case_hits'], 'hit')} on records of other members: "
        words += f"vigil hits --case {case}"
    words += "".join(f"\n{each}" for each in same_name_words(line))
    if line.get("not_matched_yet"):
        words += f"\n{not_matched_words(line)}"
    words += "".join(f"\n{each}" for each in (*grouped_words(line), *aside_words(line, "vigil match PATH")))
    if line.get("hidden"):
        words += (
            f"\n{count(line['hidden'], 'hit')} hidden: known to be harmless. To see them: vigil match --show-all PATH"
        )
    return words
