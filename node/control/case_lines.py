"""Case files, notes and timelines as lines.

Rules this module upholds:

- A value that is not there is null. A case that was not opened is shown as open, without a title.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.case_events import FIRST_PLACE
from node.domain.case_files import CaseStatus
from node.errors import Misuse

if TYPE_CHECKING:
    from node.control.runner import Line
    from node.domain.case_files import CaseFile, CaseNote
    from node.usecases.case_timeline import TimelineEntry


def read_status(text: str) -> CaseStatus:
    """The status of a case. Raises `Misuse`."""
    try:
        return CaseStatus(text)
    except ValueError:
        raise Misuse(f"no status {text[:20]!r}", remedy="one of: " + ", ".join(CaseStatus)) from None


def standing_line(case: CaseFile | None) -> Line:
    """What a list shows of a case: None if it was not opened."""
    return {
        "status": str(case.status if case else CaseStatus.OPEN),
        "title": (case.words.title or None) if case else None,
        "lead": (case.lead or None) if case else None,
        "opened": case is not None,
    }


def case_line(case: CaseFile) -> Line:
    """A case file. `damaged`: its words cannot be read."""
    words = case.words
    return {
        "case": case.reference,
        "version": case.version,
        **standing_line(case),
        "officers": list(case.officers),
        "purpose": words.purpose or None,
        "legal_basis": words.legal_basis or None,
        "outcome": words.outcome or None,
        "opened_at": case.opened_at,
        "changed_at": case.changed_at,
        "damaged": words.damaged,
    }


def note_line(note: CaseNote) -> Line:
    """One version of a note."""
    return {
        "note": note.number,
        "version": note.version,
        "at": note.at,
        "officer": note.officer or None,
        "text": note.text,
        "damaged": note.damaged,
    }


def timeline_line(entry: TimelineEntry) -> Line:
    """One entry of a timeline. `about`: the id of a question, or the number of a note."""
    event, question = entry.event, entry.question
    asked = None
    if question is not None:
        outcomes = {str(outcome): members for outcome, members in question.outcomes.items()}
        asked = {"outcomes": outcomes, "closed": question.closed}
    return {
        "event": str(event.kind),
        "at": event.at,
        "until": event.until,
        "officer": event.officer or None,
        "count": event.count,
        "about": event.subject or None,
        "version": event.version or None,
        "outcome": event.words or None,
        "question": asked,
    }


def place_text(place: tuple[int, int] | None) -> str | None:
    """Where the next page of a timeline begins, as a person copies it."""
    return None if place is None else f"{place[0]}.{place[1]}"


def read_place(text: str) -> tuple[int, int]:
    """The inverse; "" for the newest event. Raises `Misuse`."""
    if not text:
        return FIRST_PLACE
    at, dot, number = text.partition(".")
    if not (dot and at.isascii() and at.isdecimal() and number.isascii() and number.isdecimal()):
        raise Misuse("this is no place in a timeline", remedy="copy it from the end of the page before")
    place = int(at), int(number)
    if max(place) > FIRST_PLACE[0]:
        raise Misuse("this place in a timeline is too large", remedy="copy it from the end of the page before")
    return place
