"""Notes of cases.

Rules this module upholds:

- A note gets the next free number inside the transaction that writes it, so two officers never write the same note.
- An edit adds a version. If two officers edit one note, both versions are kept, each with its author.
- An edit can name the version that its officer saw. If another officer edited the note since, the edit is refused.
- The audit log records that there was a note, and its number; never its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.case_events import CaseEvent, CaseEventKind
from node.domain.case_files import CaseNote
from node.errors import Misuse, NotFound, Refused
from node.usecases.access import record_access
from node.usecases.acting import caller
from node.usecases.acts import perform
from node.usecases.case_terms import opened_case
from node.usecases.stating import check_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.case_files import CaseReader, CaseWriter
    from node.domain.ports import Clock
    from node.domain.stores import NodeStore
    from node.usecases.audit import AuditLog


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePage:
    """Notes, the newest first. `next`: the number before which the next page begins, 0 if there is none."""

    notes: Sequence[CaseNote]
    next: int


class CaseNotes:
    """Blocking: never on the event loop."""

    def __init__(self, *, store: NodeStore, audit: AuditLog, clock: Clock) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock

    def write(self, reference: str, text: str) -> CaseNote:
        """A new note. Raises `Misuse` for an empty or invalid text, `NotFound` if the case was not opened."""
        check_note(text)

        def work() -> CaseNote:
            with self._store.write() as tx:
                opened_case(tx, reference)
                return add_note(tx, reference, text, int(self._clock()))

        return perform(self._audit, "case note", work, case=reference)

    def edit(self, reference: str, number: int, text: str, seen: int | None = None) -> CaseNote:
        """The next version of a note; the former ones stay. `seen`: the version that the officer saw; None: whichever
        is present. Raises as `write`, `NotFound` for an unknown note, and `Refused` if it was edited since.
        """
        check_note(text)

        def work() -> CaseNote:
            with self._store.write() as tx:
                opened_case(tx, reference)
                versions = _versions(tx, reference, number)
                _check_seen(versions[-1], seen)
                return _put(tx, reference, (number, versions[-1].version + 1), text, int(self._clock()))

        return perform(self._audit, "case note edit", work, case=reference, note_number=number)

    def page(self, reference: str, before: int, limit: int) -> NotePage:
        """The newest version of each note, the newest note first. Raises `NotFound` if the case was not opened."""
        record_access(self._audit, "case notes", case=reference, limit=limit)
        with self._store.read() as tx:
            opened_case(tx, reference)
            found = tx.case_notes(reference, before=before, limit=limit + 1)
        shown = found[:limit]
        return NotePage(notes=shown, next=shown[-1].number if len(found) > limit else 0)

    def versions(self, reference: str, number: int) -> Sequence[CaseNote]:
        """All versions of one note, the first one first. Raises `NotFound`."""
        record_access(self._audit, "case notes", case=reference, note_number=number)
        with self._store.read() as tx:
            opened_case(tx, reference)
            return _versions(tx, reference, number)


def _check_seen(newest: CaseNote, seen: int | None) -> None:
    if seen is not None and newest.version != seen:
        who = newest.officer or "another officer"
        raise Refused(
            f"{who} has edited note {newest.number} since you saw it (version {seen}, now {newest.version})",
            remedy="read the new version, then save your text again",
        )


def check_note(text: str) -> None:
    """Raises `Misuse` for the text of a note that is empty, too long, or cannot be shown."""
    if not text.strip():
        raise Misuse("the note is empty", remedy="give its text")
    check_text(text, "the note")


def add_note(tx: CaseWriter, reference: str, text: str, now: int) -> CaseNote:
    """A new note, with the next number of its case. Raises `Misuse`."""
    check_note(text)
    newest = tx.case_notes(reference, limit=1)
    return _put(tx, reference, (newest[0].number + 1 if newest else 1, 1), text, now)


def _put(tx: CaseWriter, reference: str, at: tuple[int, int], text: str, now: int) -> CaseNote:
    number, version = at
    note = CaseNote(
        reference=reference, number=number, version=version, at=now, officer=caller().name, text=text.strip()
    )
    tx.put_case_note(note)
    kind = CaseEventKind.NOTED if version == 1 else CaseEventKind.EDITED
    tx.put_case_event(CaseEvent(case=reference, kind=kind, at=now, officer=note.officer, subject=str(number)))
    return note


def _versions(tx: CaseReader, reference: str, number: int) -> Sequence[CaseNote]:
    versions = tx.note_versions(reference, number)
    if not versions:
        raise NotFound(f"this case has no note {number}", remedy="`vigil case notes` shows the notes of a case")
    return versions
