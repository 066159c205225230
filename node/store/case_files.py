"""Case files, their officers and notes.

Rules this module upholds:

- Words and notes are in the vault, and leave it with the version or the case that they belong to.
- A change is made in the `WHERE`: it succeeds only on the version before it.
- A case or a note whose words cannot be read is returned without them, and says so: it does not end the list.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Row, Select, delete, func, insert, select, update

from node.domain.case_files import CaseFile, CaseNote, CaseStatus, CaseWords
from node.errors import Damaged
from node.store import codec, vault
from node.store.case_events import CaseEventRows, CaseEventWrites
from node.store.statements import chunks
from node.store.tables.case_files import case_events, case_files, case_notes, case_officers
from node.store.tables.threads import thread_cases

_as_json: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_WORDS: Final = ("title", "purpose", "legal_basis", "outcome")


class CaseRows(CaseEventRows):
    """`CaseReader` inside one transaction."""

    def case_file(self, reference: str) -> CaseFile | None:
        return self.case_files_of([reference]).get(reference)

    def case_files(
        self, after: str, limit: int, *, status: CaseStatus | None = None, officer: str = ""
    ) -> list[CaseFile]:
        wanted = _chosen(select(case_files).where(case_files.c.reference > after), status, officer)
        return self._files(wanted.order_by(case_files.c.reference).limit(limit))

    def closed_case_files(self, limit: int, *, officer: str = "") -> list[CaseFile]:
        wanted = _chosen(select(case_files), CaseStatus.CLOSED, officer)
        newest = wanted.order_by(case_files.c.changed_at.desc(), case_files.c.reference)
        return self._files(newest.limit(limit))

    def case_files_of(self, references: Sequence[str]) -> Mapping[str, CaseFile]:
        found: dict[str, CaseFile] = {}
        for some in chunks(dict.fromkeys(references)):
            wanted = select(case_files).where(case_files.c.reference.in_(some))
            found |= {each.reference: each for each in self._files(wanted)}
        return found

    def _files(self, wanted: Select[Any]) -> list[CaseFile]:
        rows = self._connection.execute(wanted).all()
        officers: dict[str, list[str]] = {row.reference: [] for row in rows}
        for some in chunks(officers):
            named = select(case_officers).where(case_officers.c.reference.in_(some)).order_by(case_officers.c.officer)
            for row in self._connection.execute(named):
                officers[row.reference].append(row.officer)
        return [
            CaseFile(
                reference=row.reference,
                opened_at=row.opened_at,
                changed_at=row.changed_at,
                version=row.version,
                status=CaseStatus(row.status),
                lead=row.lead,
                officers=tuple(officers[row.reference]),
                words=self._words(row.vault_id),
            )
            for row in rows
        ]

    def _words(self, number: int) -> CaseWords:
        try:
            kept = json.loads(codec.open_bytes(vault.get(self._connection, [number])[0]))
            return CaseWords(
                title=kept["title"],
                purpose=kept["purpose"],
                legal_basis=kept["legal_basis"],
                outcome=kept["outcome"],
            )
        except (Damaged, KeyError, TypeError, ValueError):
            return CaseWords(damaged=True)

    def case_notes(self, reference: str, *, before: int = 0, limit: int = 100) -> list[CaseNote]:
        note = case_notes.c
        newest = select(func.max(note.id)).where(note.reference == reference).group_by(note.number)
        wanted = select(case_notes).where(note.id.in_(newest))
        if before:
            wanted = wanted.where(note.number < before)
        rows = self._connection.execute(wanted.order_by(note.number.desc()).limit(limit)).all()
        return [self._note(row) for row in rows]

    def note_versions(self, reference: str, number: int) -> list[CaseNote]:
        note = case_notes.c
        wanted = select(case_notes).where(note.reference == reference, note.number == number).order_by(note.version)
        return [self._note(row) for row in self._connection.execute(wanted)]

    def count_notes(self, reference: str) -> int:
        wanted = select(func.count(case_notes.c.number.distinct())).where(case_notes.c.reference == reference)
        return self._connection.scalars(wanted).one()

    def _note(self, row: Row[Any]) -> CaseNote:
        text, damaged = "", True
        with suppress(Damaged):
            (sealed,) = vault.get(self._connection, [row.vault_id])
            text, damaged = codec.open_bytes(sealed).decode("utf-8", "replace"), False
        return CaseNote(
            reference=row.reference,
            number=row.number,
            version=row.version,
            at=row.at,
            officer=row.officer,
            text=text,
            damaged=damaged,
        )


def _chosen(wanted: Select[Any], status: CaseStatus | None, officer: str) -> Select[Any]:
    """The case files with this status and of this officer, as far as given."""
    if status is not None:
        wanted = wanted.where(case_files.c.status == str(status))
    if officer:
        of = select(case_officers.c.reference).where(case_officers.c.officer == officer)
        wanted = wanted.where(case_files.c.reference.in_(of))
    return wanted


class CaseWrites(CaseRows, CaseEventWrites):
    """`CaseWriter` inside one transaction."""

    def put_case_file(self, case: CaseFile) -> bool:
        before = (case_files.c.reference == case.reference, case_files.c.version == case.version - 1)
        former = self._connection.scalar(select(case_files.c.vault_id).where(*before))
        known = former is not None or self._connection.scalar(
            select(case_files.c.version).where(case_files.c.reference == case.reference)
        )
        if (known and former is None) or (not known and case.version != 1):
            return False
        said = _as_json({name: getattr(case.words, name) for name in _WORDS}).encode()
        (words,) = vault.put(self._connection, [codec.seal_bytes(said)])
        values = {
            "status": str(case.status),
            "version": case.version,
            "changed_at": case.changed_at,
            "lead": case.lead,
            "vault_id": words,
        }
        if former is None:
            new = {"reference": case.reference, "opened_at": case.opened_at, **values}
            self._connection.execute(insert(case_files).values(**new))
        else:
            self._connection.execute(update(case_files).where(*before).values(**values))
            vault.forget(self._connection, [former])
        self._put_officers(case)
        return True

    def _put_officers(self, case: CaseFile) -> None:
        self._connection.execute(delete(case_officers).where(case_officers.c.reference == case.reference))
        if case.officers:
            rows = [{"reference": case.reference, "officer": officer} for officer in case.officers]
            self._connection.execute(insert(case_officers), rows)

    def put_case_note(self, note: CaseNote) -> bool:
        same = (
            case_notes.c.reference == note.reference,
            case_notes.c.number == note.number,
            case_notes.c.version == note.version,
        )
        if self._connection.scalar(select(case_notes.c.id).where(*same)) is not None:
            return False
        (text,) = vault.put(self._connection, [codec.seal_bytes(note.text.encode())])
        values = {
            "reference": note.reference,
            "number": note.number,
            "version": note.version,
            "at": note.at,
            "officer": note.officer,
            "vault_id": text,
        }
        self._connection.execute(insert(case_notes).values(**values))
        return True

    def forget_case(self, reference: str) -> int:
        gone: list[int] = []
        notes = self.count_notes(reference)
        for table in (case_files, case_notes, case_events):
            ended = delete(table).where(table.c.reference == reference).returning(table.c.vault_id)
            gone += [number for number in self._connection.scalars(ended) if number]
        for other in (case_officers, thread_cases):
            self._connection.execute(delete(other).where(other.c.reference == reference))
        vault.forget(self._connection, gone)
        return notes
