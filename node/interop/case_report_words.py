"""The words of a case report for people, shared by the formats that people read.

Rules this module upholds:

- Moments are in UTC, so the words do not depend on the machine that writes them.
- Text from outside goes through `shown`, line by line: no control or bidirectional character reaches a page.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from node.domain.calendar import LAST_SECOND
from node.domain.texts import shown
from node.usecases.report_values import Form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.usecases.report_values import CaseReport, Cell, Section

NOTHING: Final = "\N{EN DASH}"
"""A value that is not known, or does not apply."""
_LOCAL_ONLY: Final = (
    "This report was made by one node, from what that node stores. It has no picture. A hit is a lead: that two files"
    " show the same is for an officer to confirm."
)


def cell_words(value: Cell, form: Form) -> str:
    """A value as people read it, of one line or more."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return "\n".join(map(shown, value.split("\n")))
    if form is Form.MOMENT:
        return moment_words(value)
    return f"{value:,}"


def moment_words(seconds: int) -> str:
    """Unix seconds as UTC, to the second; outside the calendar, their number."""
    if not 0 <= seconds <= LAST_SECOND:
        return f"second {seconds:,}"
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def title_words(report: CaseReport) -> str:
    """The title of a report."""
    return f"Report of case {shown(report.content.case)}"


def head_words(report: CaseReport) -> list[tuple[str, str, Form]]:
    """(Name, value, form) of what stands above the sections."""
    content, as_of = report.content, report.as_of
    return [
        ("Case", shown(content.case), Form.TEXT),
        ("Member", f"{content.member}, federation {content.federation}", Form.TEXT),
        ("Last event (UTC)", moment_words(content.latest) if content.latest else NOTHING, Form.MOMENT),
        ("File paths", "shown" if content.choices.paths else "left out", Form.TEXT),
        ("As of audit log", f"{as_of.origin}, {as_of.size:,} entries", Form.TEXT),
        ("Its root", as_of.root.hex(), Form.DIGEST),
        ("SHA-256 of the content", report.digest.hex(), Form.DIGEST),
    ]


def intro_words() -> str:
    """What a report is, in two sentences."""
    return _LOCAL_ONLY


def left_out_words(section: Section) -> str:
    """How many rows are not listed; "" if all are."""
    if not section.left_out:
        return ""
    return f"Listed are the first {section.listed:,} of {section.total:,} rows. {section.left_out:,} are only counted."


def fact_words(section: Section) -> Sequence[tuple[str, str]]:
    """(Title, value) of the facts of a section."""
    return [(shown(each.title), cell_words(each.value, each.form)) for each in section.facts]
