"""The parts of the store in memory that only a node has: holdings, the allow-list and queries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.batch import FingerprintColumn, FingerprintColumns, column
from node.domain.categorising import Categorisation
from node.domain.fingerprint_kinds import KIND_BY_CODE
from node.domain.held_questions import RefusedAnswer
from node.domain.holdings import MAX_REFERENCES, Deletion, FileReference, Holding, withdrawn
from node.domain.ids import MemberId, RecordId
from node.domain.index_ports import RowChange
from node.domain.material import MaterialFingerprints
from node.domain.parts import Place as PlaceOfPart
from node.domain.queries import Level, SignedAnswer
from node.domain.query_ports import AskedQuery, GivenAnswer
from node.domain.questions import KeptQuestion, Part, PartBody, PlannedPart, Terms
from node.domain.search_ports import HOLDINGS_SOURCE
from node.errors import Misuse, NotFound
from tests.simulator.memory_common import Common, MemoryCommon

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.simulator.memory_watches import WatchTables


@dataclass(slots=True)
class Place:
    """Holdings and queries."""

    holdings: dict[int, Holding] = field(default_factory=dict)
    last_holding: int = 0
    tags: dict[bytes, int] = field(default_factory=dict)
    files: dict[int, tuple[FileReference, ...]] = field(default_factory=dict)
    places: dict[int, tuple[PlaceOfPart, ...]] = field(default_factory=dict)
    deletions: dict[int, Deletion] = field(default_factory=dict)
    last_deletion: int = 0
    asked: dict[bytes, AskedQuery] = field(default_factory=dict)
    outcomes: list[tuple[bytes, MemberId, str, SignedAnswer | None, bool]] = field(default_factory=list)
    reasons: dict[tuple[bytes, MemberId], str] = field(default_factory=dict)
    refused: dict[tuple[bytes, MemberId], RefusedAnswer] = field(default_factory=dict)
    questions: dict[bytes, KeptQuestion] = field(default_factory=dict)
    bodies: dict[bytes, PartBody] = field(default_factory=dict)
    answered: dict[tuple[MemberId, bytes], tuple[SignedAnswer, int]] = field(default_factory=dict)
    allowed: dict[bytes, int] = field(default_factory=dict)
    changes: list[RowChange] = field(default_factory=list)
    said: dict[int, tuple[Categorisation, ...]] = field(default_factory=dict)


class MemoryPlace(MemoryCommon):
    """`HoldingWriter`, `CategorisationWriter`, `AllowWriter`, `QueryWriter` and `IndexingWriter`, with what they read,
    over a `Place`.
    """

    def __init__(self, place: Place, common: Common, watching: WatchTables) -> None:
        super().__init__(common)
        self._place = place
        self._watched_beside = watching

    def changes(self) -> list[RowChange]:
        return list(self._place.changes)

    def last_holding(self) -> int:
        return self._place.last_holding

    def note_changes(self, rows: Sequence[tuple[int, int, bool]]) -> int:
        for source, row, filled in rows:
            number = self._common.line.changes + 1
            self._common.line = replace(self._common.line, changes=number)
            self._place.changes.append(RowChange(number, source, row, filled))
        return self._common.line.changes

    def forget_changes(self, through: int) -> None:
        self._place.changes = [each for each in self._place.changes if each.number > through]
        self._common.line = replace(self._common.line, forgotten=max(through, self._common.line.forgotten))

    def holding(self, holding_id: int) -> Holding | None:
        return self._place.holdings.get(holding_id)

    def holdings_by_id(self, ids: Sequence[int], *, bare: bool = False) -> Mapping[int, Holding]:
        found = {number: self._place.holdings[number] for number in ids if number in self._place.holdings}
        return {n: replace(each, fingerprints=(), composed=()) for n, each in found.items()} if bare else found

    def allowed(self, values: Sequence[bytes]) -> set[bytes]:
        return set(values) & self._place.allowed.keys()

    def count_allowed(self) -> int:
        return len(self._place.allowed)

    def list_allowed(self, after: bytes, limit: int) -> list[tuple[bytes, int]]:
        return sorted(item for item in self._place.allowed.items() if item[0] > after)[:limit]

    def allow(self, values: Sequence[bytes], now: int) -> int:
        fresh = set(values) - self._place.allowed.keys()
        self._place.allowed |= dict.fromkeys(fresh, now)
        return len(fresh)

    def disallow(self, values: Sequence[bytes]) -> int:
        known = self.allowed(values)
        for value in known:
            del self._place.allowed[value]
        return len(known)

    def clear_allowed(self) -> int:
        number = len(self._place.allowed)
        self._place.allowed.clear()
        return number

    def holding_by_sha256(self, sha256: bytes) -> Holding | None:
        return next((each for each in self._place.holdings.values() if each.sha256 == sha256), None)

    def holdings(
        self,
        *,
        case: str = "",
        after: int = 0,
        limit: int = 1_000,
        level: Level | None = None,
        bare: bool = False,
        before: int | None = None,
        category: str | None = None,
    ) -> list[Holding]:
        rows = [each for number, each in sorted(self._place.holdings.items()) if number > after]
        if before is not None:
            rows = [each for each in reversed(rows) if each.id < before]
        rows = [each for each in rows if not case or case in each.cases]
        rows = [each for each in rows if level is None or each.level is level]
        rows = [each for each in rows if category is None or self._category(each.id) == category][:limit]
        return [replace(each, fingerprints=(), composed=()) for each in rows] if bare else rows

    def _category(self, holding: int) -> str:
        said = self.categorisations([holding]).get(holding)
        return str(said.wording.category or "") if said else ""

    def categorisations(self, holdings: Sequence[int]) -> Mapping[int, Categorisation]:
        return {number: self._place.said[number][-1] for number in holdings if number in self._place.said}

    def categorisation_history(self, holding: int, limit: int) -> list[Categorisation]:
        return list(reversed(self._place.said.get(holding, ())))[:limit]

    def put_categorisations(self, said: Sequence[Categorisation]) -> None:
        for each in said:
            former = self._place.said.get(each.holding, ())
            self._place.said[each.holding] = (*former, replace(each, version=len(former) + 1))

    def holdings_of_record(self, record: RecordId) -> list[Holding]:
        return [each for _, each in sorted(self._place.holdings.items()) if each.record == record]

    def holding_levels(self) -> Mapping[Level, int]:
        counts = dict.fromkeys(Level, 0)
        for each in self._place.holdings.values():
            counts[each.level] += 1
        return counts

    def known_tags(self, tags: Sequence[bytes]) -> set[bytes]:
        return self._place.tags.keys() & set(tags)

    def holding_columns(self, after: int, limit: int) -> FingerprintColumns | None:
        rows = self.holdings(after=after, limit=limit)
        columns: list[FingerprintColumn] = []
        for code, kind in KIND_BY_CODE.items():
            prints = [(row.id, each) for row in rows for each in row.kept if each.code == code and each.value]
            if prints:
                quality = [-1 if each.quality is None else each.quality for _, each in prints]
                columns.append(
                    column(code, [row for row, _ in prints], [each.value for _, each in prints], quality, kind.size)
                )
        return FingerprintColumns(columns=columns) if rows else None

    def put_holding(
        self, prints: MaterialFingerprints, *, level: Level, case: str, tag: bytes, now: int
    ) -> tuple[int, bool]:
        known = self.holding_by_sha256(prints.sha256)
        if tag:
            self._place.tags.setdefault(tag, known.id if known else self._place.last_holding + 1)
        if known is None:
            number = self._place.last_holding = self._place.last_holding + 1
            self._place.holdings[number] = Holding(
                id=number,
                sha256=prints.sha256,
                media_type=prints.media_type,
                size=prints.size,
                level=level,
                added_at=now,
                fingerprints=prints.fingerprints(),
                cases=(case,) if case else (),
                composed=tuple(replace(each, pdq_orientations=each.pdq_orientations[:1]) for each in prints.composed),
                note=prints.note,
            )
            if level is not Level.NATIONAL:
                self._watched_beside.note(HOLDINGS_SOURCE, number)
            return number, True
        cases = tuple(sorted({*known.cases, case} - {""}))
        self._place.holdings[known.id] = replace(known, cases=cases)
        if level > known.level:
            self.set_level(known.id, level)
        return known.id, False

    def set_level(self, holding_id: int, level: Level) -> None:
        before = self._held(holding_id)
        self._place.holdings[holding_id] = replace(before, level=level)
        if level > before.level:
            self._watched_beside.note(HOLDINGS_SOURCE, holding_id)

    def set_record(self, holding_id: int, record: RecordId | None) -> None:
        self._place.holdings[holding_id] = replace(self._held(holding_id), record=record)

    def cases(self, after: str, limit: int) -> list[tuple[str, int]]:
        counts = Counter(case for each in self._place.holdings.values() for case in each.cases)
        return sorted((case, number) for case, number in counts.items() if case > after)[:limit]

    def case_holdings(self, references: Sequence[str]) -> Mapping[str, int]:
        counts = Counter(case for each in self._place.holdings.values() for case in each.cases)
        return {each: counts[each] for each in references if each in counts}

    def known_cases(self, references: Sequence[str]) -> set[str]:
        return {case for each in self._place.holdings.values() for case in each.cases} & set(references)

    def file_references(self, holding_id: int) -> list[FileReference]:
        return sorted(self._place.files.get(holding_id, ()), key=lambda each: each.case)

    def put_file_reference(self, holding_id: int, reference: FileReference) -> None:
        kept = self._place.files.get(holding_id, ())
        if reference not in kept and sum(each.case == reference.case for each in kept) < MAX_REFERENCES:
            self._place.files[holding_id] = (*kept, reference)

    def places(self, holding_id: int, limit: int) -> list[PlaceOfPart]:
        return list(self._place.places.get(holding_id, ())[:limit])

    def put_place(self, holding_id: int, place: PlaceOfPart) -> None:
        kept = self._place.places.get(holding_id, ())
        if all((each.parent, each.path) != (place.parent, place.path) for each in kept):
            self._place.places[holding_id] = (*kept, place)

    def parents(self, holding_ids: Sequence[int]) -> Mapping[int, set[bytes]]:
        places = self._place.places
        return {each: {place.parent for place in places[each]} for each in holding_ids if places.get(each)}

    def parts(self, sha256: bytes) -> list[int]:
        places = self._place.places
        return sorted(each for each in places if any(place.parent == sha256 for place in places[each]))

    def taken_in(self, holding_ids: Sequence[int]) -> set[int]:
        own = {each for each, files in self._place.files.items() if any(file.inside is None for file in files)}
        return set(holding_ids) & (own | set(self._place.tags.values()))

    def leave_case(self, holding_id: int, case: str) -> None:
        held = self._held(holding_id)
        cases = tuple(each for each in held.cases if each != case)
        self._place.holdings[holding_id] = replace(held, cases=cases)
        self._forget_tags(holding_id)
        files = self._place.files.get(holding_id, ())
        self._place.files[holding_id] = tuple(each for each in files if each.case != case)

    def delete_holding(self, holding_id: int) -> None:
        gone = self._held(holding_id).sha256
        del self._place.holdings[holding_id]
        self._place.places.pop(holding_id, None)
        self._place.places = {
            each: tuple(place for place in places if place.parent != gone)
            for each, places in self._place.places.items()
        }
        self._place.files.pop(holding_id, None)
        self._place.said.pop(holding_id, None)
        self._common.settings.pop(withdrawn(holding_id), None)
        self._forget_tags(holding_id)

    def _forget_tags(self, holding_id: int) -> None:
        self._place.tags = {tag: number for tag, number in self._place.tags.items() if number != holding_id}

    def deletions(self, after: int, limit: int) -> list[Deletion]:
        return [each for number, each in sorted(self._place.deletions.items()) if number > after][:limit]

    def put_deletions(self, deletions: Sequence[Deletion]) -> None:
        for each in deletions:
            number = self._place.last_deletion = self._place.last_deletion + 1
            self._place.deletions[number] = replace(each, id=number)

    def end_deletions(self, ids: Sequence[int]) -> None:
        for number in ids:
            self._place.deletions.pop(number, None)

    def _held(self, holding_id: int) -> Holding:
        found = self._place.holdings.get(holding_id)
        if found is None:
            raise NotFound(f"there is no holding {holding_id}")
        return found

    def asked(self, query_id: bytes) -> AskedQuery | None:
        return self._place.asked.get(query_id)

    def question(self, number: bytes) -> KeptQuestion | None:
        for each in self._place.questions.values():
            if each.id == number or any(part.query_id == number for part in each.parts):
                return self._timed(each)
        return None

    def recent_questions(self, limit: int) -> list[KeptQuestion]:
        newest = sorted(self._place.questions.values(), key=lambda each: (-each.created_at, each.id))
        return [self._timed(each) for each in newest[:limit]]

    def _timed(self, kept: KeptQuestion) -> KeptQuestion:
        return replace(kept, parts=tuple(self._part(part) for part in kept.parts))

    def _part(self, part: Part) -> Part:
        asked = self._place.asked.get(part.query_id)
        return replace(part, asked_at=asked.created_at, closed_at=asked.closed_at) if asked else part

    def part_body(self, query_id: bytes) -> PartBody | None:
        kept, asked = self._place.bodies.get(query_id), self._place.asked.get(query_id)
        if kept is None:
            return None
        return replace(kept, payload=asked.query.payload) if asked else kept

    def outcome_reasons(self, query_id: bytes) -> dict[MemberId, str]:
        return {member: reason for (query, member), reason in self._place.reasons.items() if query == query_id}

    def outcomes(self, query_id: bytes) -> list[tuple[MemberId, str, SignedAnswer | None, bool]]:
        return [row[1:] for row in self._place.outcomes if row[0] == query_id]

    def answered(self, asker: MemberId, query_id: bytes) -> SignedAnswer | None:
        found = self._place.answered.get((asker, query_id))
        return found[0] if found else None

    def answered_lately(self, limit: int) -> list[tuple[MemberId, bytes, int]]:
        newest = sorted(((at, key) for key, (_, at) in self._place.answered.items()), reverse=True)
        return [(asker, query_id, at) for at, (asker, query_id) in newest[:limit]]

    def put_asked(self, asked: AskedQuery) -> None:
        if asked.header.query_id in self._place.asked:
            raise Misuse("this query was asked before")
        number = asked.header.query_id
        if self.question(number) is None:
            alone = Part(number=1, query_id=number, cost=asked.header.cost)
            self._place.questions[number] = KeptQuestion(id=number, created_at=asked.created_at, parts=(alone,))
            self._place.bodies[number] = PartBody(payload=asked.query.payload)
        self._place.asked[number] = asked

    def put_question(self, number: bytes, terms: Terms, parts: Sequence[PlannedPart], now: int) -> None:
        if number in self._place.questions:
            raise Misuse("this question is kept already")
        kept = tuple(planned.part for planned in parts)
        self._place.questions[number] = KeptQuestion(id=number, created_at=now, parts=kept, terms=terms)
        self._place.bodies |= {planned.part.query_id: planned.body for planned in parts}

    def renew_part(self, old: bytes, new: bytes) -> None:
        kept, body = self.question(old), self.part_body(old)
        if kept is None or body is None or old not in self._place.asked:
            raise NotFound("there is no such part that was asked")
        parts = [
            replace(part, query_id=new, asked_at=0, closed_at=0) if part.query_id == old else part
            for part in kept.parts
        ]
        self._place.questions[kept.id] = replace(kept, parts=tuple(parts))
        del self._place.bodies[old]
        self._place.bodies[new] = body

    def put_outcome(
        self,
        query_id: bytes,
        member: MemberId,
        outcome: str,
        answer: SignedAnswer | None,
        *,
        late: bool,
        reason: str = "",
    ) -> None:
        known = any(row[0] == query_id and row[1] == member and not row[4] for row in self._place.outcomes)
        if late or not known:
            self._place.outcomes.append((query_id, member, str(outcome), answer, late))
            if reason and not late:
                self._place.reasons[query_id, member] = reason

    def close_query(self, query_id: bytes, now: int) -> None:
        found = self._place.asked.get(query_id)
        if found is None:
            raise NotFound("no such query is kept here")
        if not found.closed_at:
            self._place.asked[query_id] = replace(found, closed_at=now)

    def put_answered(self, given: Sequence[GivenAnswer]) -> None:
        for each in given:
            self._place.answered.setdefault((each.asker, each.query_id), (each.answer, each.at))

    def forget_queries(self, before: int) -> int:
        asked = {key for key, each in self._place.asked.items() if each.created_at < before}
        answered = {key for key, (_, at) in self._place.answered.items() if at < before}
        self._place.asked = {key: each for key, each in self._place.asked.items() if key not in asked}
        self._place.answered = {key: each for key, each in self._place.answered.items() if key not in answered}
        self._place.outcomes = [row for row in self._place.outcomes if row[0] not in asked]
        self._place.refused = {key: each for key, each in self._place.refused.items() if key[0] not in asked}
        self._place.reasons = {key: why for key, why in self._place.reasons.items() if key[0] not in asked}
        old = {key: each for key, each in self._place.questions.items() if each.created_at < before}
        gone = {part.query_id for each in old.values() for part in each.parts}
        unasked = [each for each in old.values() if not any(part.query_id in asked for part in each.parts)]
        self._place.questions = {key: each for key, each in self._place.questions.items() if key not in old}
        self._place.bodies = {key: body for key, body in self._place.bodies.items() if key not in gone}
        return len(asked) + len(answered) + len(unasked)
