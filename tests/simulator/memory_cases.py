"""Case files, notes and events of the store in memory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.calendar import SECONDS_A_DAY
from node.domain.case_events import CaseEvent, HitDay
from node.domain.case_files import CaseStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.case_files import CaseFile, CaseNote
    from node.domain.ids import RecordId
    from tests.simulator.memory_hits import HitTables
    from tests.simulator.memory_tables import Place


@dataclass(slots=True)
class CaseTables:
    """Files by reference, notes by reference, number and version, and events by id."""

    files: dict[str, CaseFile] = field(default_factory=dict)
    notes: dict[tuple[str, int, int], CaseNote] = field(default_factory=dict)
    events: dict[int, CaseEvent] = field(default_factory=dict)
    last: int = 0
    threads: dict[tuple[RecordId, str], None] = field(default_factory=dict)


class MemoryCases:
    """`CaseWriter` over `CaseTables`, beside the hits and the holdings."""

    def __init__(self, tables: CaseTables, hits: HitTables, place: Place) -> None:
        self._cases = tables
        self._hits_of = hits
        self._holdings_of = place

    def case_file(self, reference: str) -> CaseFile | None:
        return self._cases.files.get(reference)

    def case_files(
        self, after: str, limit: int, *, status: CaseStatus | None = None, officer: str = ""
    ) -> list[CaseFile]:
        found = [each for reference, each in sorted(self._cases.files.items()) if reference > after]
        found = [each for each in found if status is None or each.status is status]
        return [each for each in found if not officer or officer in each.officers][:limit]

    def closed_case_files(self, limit: int, *, officer: str = "") -> list[CaseFile]:
        closed = self.case_files("", len(self._cases.files), status=CaseStatus.CLOSED, officer=officer)
        return sorted(closed, key=lambda each: -each.changed_at)[:limit]

    def case_files_of(self, references: Sequence[str]) -> Mapping[str, CaseFile]:
        return {each: self._cases.files[each] for each in references if each in self._cases.files}

    def put_case_file(self, case: CaseFile) -> bool:
        former = self._cases.files.get(case.reference)
        if case.version != (former.version + 1 if former else 1):
            return False
        opened = former.opened_at if former else case.opened_at
        self._cases.files[case.reference] = replace(case, opened_at=opened)
        return True

    def case_notes(self, reference: str, *, before: int = 0, limit: int = 100) -> list[CaseNote]:
        newest = {number: note for (of, number, _), note in sorted(self._cases.notes.items()) if of == reference}
        return [note for number, note in sorted(newest.items(), reverse=True) if not before or number < before][:limit]

    def note_versions(self, reference: str, number: int) -> list[CaseNote]:
        return [note for key, note in sorted(self._cases.notes.items()) if key[:2] == (reference, number)]

    def count_notes(self, reference: str) -> int:
        return len({number for of, number, _ in self._cases.notes if of == reference})

    def put_case_note(self, note: CaseNote) -> bool:
        key = (note.reference, note.number, note.version)
        return self._cases.notes.setdefault(key, note) is note

    def forget_case(self, reference: str) -> int:
        notes = self.count_notes(reference)
        self._cases.files.pop(reference, None)
        self._cases.notes = {key: note for key, note in self._cases.notes.items() if key[0] != reference}
        self._cases.events = {key: each for key, each in self._cases.events.items() if each.case != reference}
        self._cases.threads = {key: None for key in self._cases.threads if key[1] != reference}
        return notes

    def cases_of_thread(self, thread: RecordId) -> list[str]:
        return sorted(reference for root, reference in self._cases.threads if root == thread)

    def put_thread_case(self, thread: RecordId, reference: str) -> None:
        self._cases.threads[thread, reference] = None

    def case_events(self, reference: str, before: tuple[int, int], limit: int) -> list[CaseEvent]:
        found = [each for each in self._cases.events.values() if each.case == reference and each.place < before]
        return sorted(found, key=lambda each: each.place, reverse=True)[:limit]

    def case_changes(self, reference: str, after: int) -> list[CaseEvent]:
        events = sorted(self._cases.events.items())
        return [each for _, each in events if each.case == reference and each.version > after]

    def newest_case_events(self, references: Sequence[str]) -> dict[str, CaseEvent]:
        return {each.case: each for _, each in sorted(self._cases.events.items()) if each.case in references}

    def hit_days(self, reference: str) -> list[HitDay]:
        days: dict[int, list[int]] = defaultdict(list)
        for hit in self._hits_of.hits.values():
            holding = self._holdings_of.holdings.get(hit.holding)
            if holding is not None and reference in holding.cases:
                days[hit.first_seen // SECONDS_A_DAY].append(hit.first_seen)
        found = [HitDay(at=min(times), until=max(times), hits=len(times)) for times in days.values()]
        return sorted(found, key=lambda each: each.at, reverse=True)

    def put_case_event(self, event: CaseEvent) -> None:
        number = self._cases.last = self._cases.last + 1
        self._cases.events[number] = replace(event, id=number, until=event.until or event.at)

    def forget_stray_events(self, before: int) -> int:
        known = {case for each in self._holdings_of.holdings.values() for case in each.cases} | self._cases.files.keys()
        gone = [key for key, each in self._cases.events.items() if each.until < before and each.case not in known]
        for key in gone:
            del self._cases.events[key]
        return len(gone)

    def extend_case_event(self, number: int, more: int, until: int) -> None:
        found = self._cases.events[number]
        self._cases.events[number] = replace(found, count=found.count + more, until=until)
