"""What became of a file of a list, as the line that `--json` prints.

Rules this module upholds:

- A key that does not apply is null or empty, never absent.
- A line has counts, places, codes and names of categories. It has no name, path, comment or hash of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.cli.output import Line
from node.control.list_lines import category_line, place_line
from node.usecases.list_report import SHARED, TEXTS, ListReport

if TYPE_CHECKING:
    from node.domain.references import ListHead
    from node.interop.reading import Broken, Unwelcome
    from node.usecases.list_standing import Standing

ACCEPTED: Final = "accepted"
INCOMPLETE: Final = "incomplete"
REJECTED: Final = "rejected"
REFUSED: Final = "refused"
TRUNCATED: Final = "truncated"
_COUNTS: Final = ("added", "changed", "unchanged", "withdrawn", "repeated", "conflicting", "withdrawn_unknown", "stale")


def imported_line(report: ListReport, head: ListHead, stored: Line, *, new: bool) -> Line:
    """A file that is in a list now. `stored`: the answer of `list-import`; `new`: whether the list is new with it."""
    counts = {name: stored[name] for name in _COUNTS}
    # A new list has the rows of this file only. A known one has others too.
    records = stored["rows"] if new else counts["added"] + counts["changed"] + counts["unchanged"]
    how = ACCEPTED if report.ends_early is None else INCOMPLETE
    return {
        **_file(report, head, how),
        **_shared(report, records),
        **counts,
        "list": stored["list"],
        "list_state": stored["state"],
        "list_rows": stored["rows"],
        "own_holdings": stored["own_holdings"],
        "awaiting_retraction": stored["awaiting_retraction"],
        "same_cases": stored["same_cases"],
        "sha256_of_file": stored["sha256_of_file"],
    }


def examined_line(report: ListReport, head: ListHead, standing: Standing, digest: bytes) -> Line:
    """A file of a dry run. Of a file that ends early nothing would become a whole list: no record counts."""
    is_whole = report.ends_early is None
    exact = standing.is_exact
    counts: Line = dict.fromkeys(_COUNTS)
    counts |= {
        "withdrawn": standing.withdrawn,
        "repeated": standing.repeated if exact else None,
        "conflicting": standing.conflicting if exact else None,
        "withdrawn_unknown": standing.unknown if exact else None,
        "stale": standing.stale if exact else None,
    }
    return {
        **_file(report, head, ACCEPTED if is_whole else REJECTED),
        **_shared(report, (standing.rows if exact else None) if is_whole else 0),
        **counts,
        "list": None,
        "list_state": None,
        "list_rows": None,
        "own_holdings": None,
        "awaiting_retraction": None,
        "same_cases": None,
        "sha256_of_file": digest.hex(),
    }


def failed_line(form: str, how: str, error: Broken | Unwelcome) -> Line:
    """A file that is not taken in: `how` is rejected or refused."""
    empty = ListReport()
    return {
        **dict.fromkeys(("format", "version", "region", "kind", "scheme", "scheme_version", "child_abuse")),
        "format": form or None,
        "file": how,
        **_shared(empty, 0),
        "seen": None,
        **dict.fromkeys(_COUNTS, 0),
        "list": None,
        "list_state": None,
        "list_rows": None,
        "own_holdings": None,
        "awaiting_retraction": None,
        "same_cases": None,
        "sha256_of_file": None,
        "error": place_line(error.at) | {"reason": error.reason, "message": str(error), "remedy": error.remedy or None},
    }


def _file(report: ListReport, head: ListHead, how: str) -> Line:
    return {
        "format": head.format,
        "version": head.version or None,
        "region": head.region or None,
        "kind": head.kind or None,
        "scheme": head.scheme or None,
        "scheme_version": head.scheme_version or None,
        "child_abuse": head.is_abuse,
        "file": how,
        "categories": [
            {"code": code or None, "rows": rows, "category": category_line(code or None, head)}
            for code, rows in sorted(report.codes.counts.items())
        ],
    }


def _shared(report: ListReport, records: int | None) -> Line:
    warned = report.warned.counts
    return {
        "seen": report.seen,
        "records": records,
        "cases": report.cases,
        "references": report.references,
        "retractions_total": report.withdrawals,
        "retractions": [each.id or place_line(each.at) for each in report.taken_back],
        "rejected_total": report.faults.counts.total(),
        "rejected": [place_line(each.at) | {"reason": each.reason} for each in report.fault_places],
        "faults": [
            {"reason": reason, "rows": rows, "first": place_line(report.first_faults[reason])}
            for reason, rows in report.faults.counts.items()
            if reason in report.first_faults
        ],
        "warnings": sorted({*report.notices, *warned, *([SHARED] if report.contradicting else [])}),
        "notices": [
            {
                "code": each.code,
                "text": each.text,
                "first": place_line(each.at) if each.at else None,
                "rows": warned.get(each.code) or None,
            }
            for each in report.notices.values()
        ]
        + _contradicting(report),
        "ignored": dict(report.ignored.counts),
        "flags": {name: {"yes": yes, "no": no} for name, (yes, no) in report.flags.items()},
        "whole_records_before": report.references if report.ends_early is not None else None,
        "error": None
        if report.ends_early is None
        else place_line(report.ends_early)
        | {"reason": TRUNCATED, "message": "the file ends early", "remedy": "get the whole file, and import it again"},
    }


def _contradicting(report: ListReport) -> list[Line]:
    """The notice of rows that contradict others, beside that of a row that contradicts itself, which has its code."""
    if not report.contradicting:
        return []
    at = report.contradicting_at
    first = place_line(at) if at is not None else None
    return [{"code": SHARED, "text": TEXTS[SHARED], "first": first, "rows": report.contradicting}]
