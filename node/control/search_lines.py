"""The results of an ingest and of a search as the lines that `--json` prints.

Rules this module upholds:

- As in `node.control.lines`: a key that does not apply is null, never absent, and nothing here decides anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.control.hit_lines import same_name_lines, tally_line
from node.control.lines import hit_line

if TYPE_CHECKING:
    from node.usecases.ingesting import FileTaken, IngestEnded
    from node.usecases.searching import CaseSearched, SearchEnded

Line = dict[str, Any]


def file_line(taken: FileTaken) -> Line:
    """A file that was taken in, with its nearest hits."""
    result = taken.result
    return {
        "path": result.label,
        "holding": result.holding,
        "new": result.new,
        "hits": [hit_line(result.label, hit) for hit in taken.hits],
        "hits_total": taken.hits_total,
        "hidden": result.hidden,
    }


def ingest_ended_line(ended: IngestEnded) -> Line:
    """The summary of an ingest."""
    return {
        "files": ended.files,
        "new": ended.new,
        "already_held": ended.files - ended.new,
        "files_with_hits": ended.with_hits,
        "hidden": ended.hidden,
        **tally_line(ended.tally),
        "case": ended.case,
        "case_hits": ended.case_hits,
        "same_name": same_name_lines(ended.same_name),
        "not_matched_yet": ended.behind,
    }


def search_ended_line(ended: SearchEnded) -> Line:
    """The summary of a search."""
    return {
        "searched": dict(ended.searched),
        "hits": ended.hits,
        "hidden": ended.hidden,
        **tally_line(ended.tally),
        "not_compared": dict(ended.tally.not_compared),
        "subjects": ended.subjects,
        "files": ended.files,
        "seconds": round(ended.seconds, 3),
        "files_per_second": round(ended.files / ended.seconds, 2),
        "seconds_in_search": round(ended.seconds_in_search, 3),
        "search_share": round(ended.seconds_in_search / ended.seconds, 4),
    }


def case_searched_line(found: CaseSearched) -> Line:
    """The same of a case. No file was opened, and its subjects are holdings or rows of a list."""
    subjects = found.ended.subjects
    return search_ended_line(found.ended) | {
        "holdings": 0 if found.of else subjects,
        "references": subjects if found.of else 0,
        "files": 0,
        "list": found.of.name if found.of else None,
        "same_name": same_name_lines(found.same_name),
    }
