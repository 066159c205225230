"""The sections of a report on a case as its officers keep it: the case file, its notes, and its timeline.

Rules this module upholds:

- Every version of a note is in the report. A note that cannot be read is there as damaged, without a text.
- The timeline is the one that `vigil case timeline` shows, without the present state of questions: their answers have a
  section of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.case_events import FIRST_PLACE
from node.domain.case_files import CaseStatus
from node.usecases.case_timeline import timeline
from node.usecases.report_source import PAGE
from node.usecases.report_values import Column, Fact, Form, Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.case_events import CaseEvent
    from node.domain.case_files import CaseFile, CaseNote
    from node.usecases.report_source import ReportSource

_NOTES: Final = (
    Column(name="note", title="Note", form=Form.NUMBER),
    Column(name="version", title="Version", form=Form.NUMBER),
    Column(name="at", title="Written", form=Form.MOMENT),
    Column(name="officer", title="Officer"),
    Column(name="text", title="Text"),
    Column(name="damaged", title="Damaged"),
)
_TIMELINE: Final = (
    Column(name="at", title="From", form=Form.MOMENT),
    Column(name="until", title="Until", form=Form.MOMENT),
    Column(name="event", title="What happened"),
    Column(name="officer", title="Officer"),
    Column(name="count", title="Count", form=Form.NUMBER),
    Column(name="subject", title="About"),
    Column(name="words", title="Outcome"),
)


def case_file(source: ReportSource) -> list[Section]:
    """The case file. A case that was never opened has only its status."""
    found = source.tx.case_file(source.case)
    facts = [Fact(name="status", title="Status", value=found.status.value if found else CaseStatus.OPEN.value)]
    latest = 0
    if found is not None:
        facts += _facts(found)
        latest = found.changed_at
    return [Section(name="case", title="The case", facts=facts, latest=latest)]


def story(source: ReportSource) -> list[Section]:
    """The notes of the case by number, and its timeline, the newest event first."""
    return [_notes(source), _timeline(source)]


def _facts(file: CaseFile) -> Sequence[Fact]:
    words = file.words
    texts = {
        "title": ("Title", words.title),
        "outcome": ("Outcome", words.outcome),
        "lead": ("Lead", file.lead),
        "officers": ("Officers", ", ".join(file.officers)),
        "purpose": ("Purpose", words.purpose),
        "legal_basis": ("Legal basis", words.legal_basis),
        "damaged": ("Words that cannot be read", "yes" if words.damaged else "no"),
    }
    return [
        Fact(name="opened_at", title="Opened (UTC)", value=file.opened_at, form=Form.MOMENT),
        *(Fact(name=name, title=title, value=value or None) for name, (title, value) in texts.items()),
    ]


def _notes(source: ReportSource) -> Section:
    total = latest = 0
    for each in _versions(source):
        total += 1
        latest = max(latest, each.at)
    return source.table(
        "notes",
        "Notes on the case",
        _NOTES,
        lambda: (
            (each.number, each.version, each.at, each.officer or None, each.text, "yes" if each.damaged else "no")
            for each in _versions(source)
        ),
        total=total,
        latest=latest,
    )


def _versions(source: ReportSource) -> Iterator[CaseNote]:
    """Every version of every note, by number and version."""
    numbers: list[int] = []
    before = 0
    while page := source.tx.case_notes(source.case, before=before, limit=PAGE):
        before = page[-1].number
        numbers += [each.number for each in page]
    for number in reversed(numbers):
        yield from source.tx.note_versions(source.case, number)


def _timeline(source: ReportSource) -> Section:
    total = latest = 0
    for each in _events(source):
        total += 1
        latest = max(latest, each.at, each.until)
    return source.table(
        "timeline",
        "Timeline",
        _TIMELINE,
        lambda: (
            (each.at, each.until or None, str(each.kind), each.officer or None, each.count or None,
             each.subject or None, each.words or None)
            for each in _events(source)
        ),
        total=total,
        latest=latest,
    )  # fmt: skip


def _events(source: ReportSource) -> Iterator[CaseEvent]:
    before = FIRST_PLACE
    while page := timeline(source.tx, source.case, before, PAGE):
        before = page[-1].place
        yield from page
