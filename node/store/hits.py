"""Hits of own holdings on other members' records. How far records were matched is in `node.store.matched`.

Rules this module upholds:

- The evidence of a hit (how near holding and record are) is in the vault, whose rows never move, and is overwritten
  there when the record's body is deleted. The rest of a row says only the pair and what the public log says.
- A hit that has ended has no evidence. It is in listings and counts only if an officer decided about it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Column, Row, Select, bindparam, delete, distinct, func, or_, select, tuple_, update

from node.domain.ids import MemberId, Origin, RecordId
from node.domain.reviews import LISTED, ReviewState
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.stored_hits import HitCounts, HitEvidence, StoredHit
from node.domain.videos import Shares
from node.errors import Damaged, Misuse
from node.store import vault
from node.store.matched import MatchedRows, MatchedWrites
from node.store.statements import chunks, insert_rows
from node.store.tables.hits import crowded, crowded_holdings, hits, unmatched
from node.store.tables.holdings import allowed, cases, holdings
from node.store.tables.logs import logs

_COLUMNS: Final = (
    "holding_id", "log_no", "idx", "leaf", "evidence_id", "first_seen", "last_seen", "shown_at", "ended",
)  # fmt: skip
_HIDDEN: Final = allowed.c.sha256.is_not(None).label("hidden")
_JOINED: Final = (
    hits.join(logs, logs.c.number == hits.c.log_no)
    .join(holdings, holdings.c.id == hits.c.holding_id)
    .outerjoin(allowed, allowed.c.sha256 == holdings.c.sha256)
)
_HITS: Final = select(hits, logs.c.origin, _HIDDEN).select_from(_JOINED)
_IN_LISTS: Final = or_(hits.c.ended == 0, hits.c.state != int(ReviewState.NEW))
"""A hit stands, or somebody decided about it."""
_COUNTED: Final = (_IN_LISTS, allowed.c.sha256.is_(None), hits.c.state.in_([int(each) for each in LISTED]))
"""What `HitCounts.hits` counts."""
_SEEN: Final = update(hits).where(hits.c.id == bindparam("hit")).values(last_seen=bindparam("now"))
_SHOWN: Final = update(hits).where(hits.c.id == bindparam("hit"), hits.c.shown_at == 0)
_AT_PLACES: Final = select(hits.c.id, hits.c.evidence_id).where(
    hits.c.log_no == bindparam("log"), hits.c.idx.in_(bindparam("rows", expanding=True)), hits.c.ended == 0
)


class HitRows(MatchedRows):
    """`HitReader` inside one transaction."""

    def hits(
        self,
        *,
        case: str = "",
        member: str = "",
        record: RecordId | None = None,
        without: Collection[MemberId] = (),
        states: Collection[ReviewState] = LISTED,
        unseen: bool = False,
        hidden: bool = False,
        before: int = 0,
        limit: int = 100,
    ) -> list[StoredHit]:
        wanted = hits.c.state.in_([int(each) for each in states])
        rows = _HITS.where(_IN_LISTS, wanted).order_by(hits.c.id.desc()).limit(limit)
        if member:
            rows = rows.where(hits.c.log_no.in_(self._logs_of({member})))
        if record is not None:
            number = self._numbers([record.origin]).get(record.origin, 0)
            rows = rows.where(hits.c.log_no == number, hits.c.leaf == record.leaf)
        if without:
            rows = rows.where(hits.c.log_no.not_in(self._logs_of(without)))
        if case:
            rows = rows.where(hits.c.holding_id.in_(_of_case(case)))
        if unseen:
            rows = rows.where(hits.c.shown_at == 0)
        if not hidden:
            rows = rows.where(allowed.c.sha256.is_(None))
        if before:
            rows = rows.where(hits.c.id < before)
        return self._stored_hits(rows)

    def hits_of_pairs(self, pairs: Sequence[tuple[int, RecordId]]) -> Mapping[tuple[int, RecordId], StoredHit]:
        found: dict[tuple[int, RecordId], StoredHit] = {}
        numbers = self._numbers(record.origin for _, record in pairs)
        wanted = {(holding, numbers.get(record.origin, 0), record.leaf) for holding, record in pairs}
        for some in chunks(sorted(wanted)):
            here = tuple_(hits.c.holding_id, hits.c.log_no, hits.c.leaf).in_(some)
            found |= {(hit.holding, hit.record): hit for hit in self._stored_hits(_HITS.where(here))}
        return found

    def hits_by_id(self, ids: Sequence[int]) -> Mapping[int, StoredHit]:
        found: dict[int, StoredHit] = {}
        for some in chunks(dict.fromkeys(ids)):
            found |= {hit.id: hit for hit in self._stored_hits(_HITS.where(hits.c.id.in_(some)))}
        return found

    def hits_of_holding(self, holding: int) -> list[StoredHit]:
        mine = (hits.c.holding_id == holding, hits.c.ended == 0)
        return self._stored_hits(_HITS.where(*mine).order_by(hits.c.id))

    def reviewed_at(self, number: int, places: Sequence[int]) -> list[StoredHit]:
        found: list[StoredHit] = []
        for some in chunks(dict.fromkeys(places)):
            here = (hits.c.log_no == number, hits.c.idx.in_(some), hits.c.ended == 0, hits.c.review_id > 0)
            found += self._stored_hits(_HITS.where(*here))
        return found

    def hit_counts(self, case: str = "", without: Collection[MemberId] = ()) -> HitCounts:
        shown = allowed.c.sha256.is_(None)
        counts = select(
            func.count().filter(~shown).label("hidden"),
            func.count(distinct(hits.c.holding_id)).filter(*_COUNTED).label("holdings"),
            func.count().filter(*_COUNTED, hits.c.shown_at == 0).label("unseen"),
            *(func.count().filter(shown, hits.c.state == int(each)).label(each.name.lower()) for each in ReviewState),
        )
        counts = counts.select_from(_JOINED).where(_IN_LISTS)
        if case:
            counts = counts.where(hits.c.holding_id.in_(_of_case(case)))
        if without:
            counts = counts.where(hits.c.log_no.not_in(self._logs_of(without)))
        found = self._connection.execute(counts).mappings().one()
        return HitCounts(hits=sum(found[each.name.lower()] for each in LISTED), **found)

    def hits_by_member(self, case: str = "") -> Mapping[MemberId, int]:
        counts = select(logs.c.origin, func.count()).select_from(_JOINED)
        counts = counts.where(*_COUNTED)
        if case:
            counts = counts.where(hits.c.holding_id.in_(_of_case(case)))
        found: Counter[MemberId] = Counter()
        for origin, count in self._connection.execute(counts.group_by(logs.c.origin)):
            found[Origin.parse(origin).member] += count
        return found

    def holdings_with_hits(self, case: str, without: Collection[MemberId] = ()) -> set[int]:
        rows = select(hits.c.holding_id).distinct().select_from(_JOINED)
        rows = rows.where(*_COUNTED, hits.c.holding_id.in_(_of_case(case)))
        if without:
            rows = rows.where(hits.c.log_no.not_in(self._logs_of(without)))
        return set(self._connection.scalars(rows))

    def hits_at(self, origin: Origin, places: Sequence[int]) -> Mapping[int, int]:
        return self._counted(origin, hits.c.idx, places)

    def hits_in(self, origin: Origin, ids: Sequence[int]) -> Mapping[int, int]:
        return self._counted(origin, hits.c.holding_id, ids)

    def hits_of_holdings(self, ids: Sequence[int]) -> Mapping[int, int]:
        counted: dict[int, int] = {}
        for some in chunks(dict.fromkeys(ids)):
            rows = select(hits.c.holding_id, func.count()).select_from(_JOINED)
            rows = rows.where(*_COUNTED, hits.c.holding_id.in_(some)).group_by(hits.c.holding_id)
            counted.update((holding, count) for holding, count in self._connection.execute(rows))
        return counted

    def _counted(self, origin: Origin, by: Column[Any], values: Sequence[int]) -> dict[int, int]:
        """How many present hits of a log there are for each of these values. An index begins with log and column."""
        number, counted = self._number(origin), dict[int, int]()
        for some in chunks(dict.fromkeys(values)):
            rows = select(by, func.count()).where(hits.c.log_no == number, by.in_(some), hits.c.ended == 0)
            counted.update((value, count) for value, count in self._connection.execute(rows.group_by(by)))
        return counted

    def known_holdings(self, ids: Sequence[int]) -> set[int]:
        found: set[int] = set()
        for some in chunks(dict.fromkeys(ids)):
            found.update(self._connection.scalars(select(holdings.c.id).where(holdings.c.id.in_(some))))
        return found

    def _numbers(self, origins: Iterable[Origin]) -> dict[Origin, int]:
        numbers = {origin: self._number(origin) for origin in set(origins)}
        return {origin: number for origin, number in numbers.items() if number is not None}

    def _stored_hits(self, rows: Select[Any]) -> list[StoredHit]:
        found = self._connection.execute(rows).all()
        ids = [row.evidence_id for row in found if row.evidence_id]
        sealed = dict(zip(ids, vault.get(self._connection, ids), strict=True)) if ids else {}
        return [_stored(row, sealed.get(row.evidence_id, b"")) for row in found]


class HitWrites(HitRows, MatchedWrites):
    """`HitWriter` inside one transaction."""

    def add_hits(self, new: Sequence[StoredHit]) -> None:
        numbers = self._numbers(hit.record.origin for hit in new)
        if any(hit.record.origin not in numbers for hit in new):
            raise Misuse("a hit on a record of a log that is not kept here")
        sealed = vault.put(self._connection, [_packed(hit.evidence) for hit in new])
        rows = [
            (
                hit.holding,
                numbers[hit.record.origin],
                hit.place,
                hit.record.leaf,
                evidence,
                hit.first_seen,
                hit.last_seen,
                hit.shown_at,
                int(hit.ended),
            )
            for hit, evidence in zip(new, sealed, strict=True)
        ]
        insert_rows(self._connection, hits, _COLUMNS, rows)

    def change_hits(self, changed: Sequence[StoredHit]) -> None:
        numbers = self._numbers(hit.record.origin for hit in changed)
        before: list[int] = []
        for some in chunks(hit.id for hit in changed):
            rows = select(hits.c.evidence_id).where(hits.c.id.in_(some), hits.c.evidence_id > 0)
            before += self._connection.scalars(rows)
        vault.forget(self._connection, before)
        sealed = vault.put(self._connection, [_packed(hit.evidence) for hit in changed])
        for hit, evidence in zip(changed, sealed, strict=True):
            values = {
                "log_no": numbers[hit.record.origin],
                "idx": hit.place,
                "leaf": hit.record.leaf,
                "evidence_id": evidence,
                "last_seen": hit.last_seen,
                "ended": int(hit.ended),
            }
            self._connection.execute(update(hits).where(hits.c.id == hit.id).values(**values))

    def see_hits(self, ids: Sequence[int], now: int) -> None:
        if ids:
            self._connection.execute(_SEEN, [{"hit": number, "now": now} for number in ids])

    def show_hits(self, ids: Sequence[int], now: int) -> None:
        if ids:
            self._connection.execute(_SHOWN.values(shown_at=now), [{"hit": number} for number in ids])

    def end_hits(self, number: int, rows: Sequence[int]) -> int:
        """See `HitWriter`. The row keeps the pair and the times; a crash undoes all of it together with the purge."""
        ended: list[Row[Any]] = []
        for some in chunks(dict.fromkeys(rows)):
            ended += self._connection.execute(_AT_PLACES, {"log": number, "rows": some})
            here = (crowded.c.source == number, crowded.c.row.in_(some))
            self._connection.execute(delete(crowded).where(*here))
        self._end_hits([row.id for row in ended], [row.evidence_id for row in ended])
        return len(ended)

    def _end_hits(self, ids: Sequence[int], evidence: Sequence[int]) -> None:
        vault.forget(self._connection, [each for each in evidence if each])
        for some in chunks(ids):
            self._connection.execute(update(hits).where(hits.c.id.in_(some)).values(ended=1, evidence_id=0))

    def forget_hits_of_holding(self, holding: int) -> int:
        mine = hits.c.holding_id == holding
        evidence = select(hits.c.evidence_id).where(mine, hits.c.evidence_id > 0)
        vault.forget(self._connection, list(self._connection.scalars(evidence)))
        waits = (unmatched.c.source == HOLDINGS_SOURCE, unmatched.c.row == holding)
        self._connection.execute(delete(unmatched).where(*waits))
        self._connection.execute(delete(crowded_holdings).where(crowded_holdings.c.holding_id == holding))
        return self._connection.execute(delete(hits).where(mine)).rowcount

    def forget_ended_hits(self, before: int) -> int:
        gone = (hits.c.ended == 1, hits.c.last_seen < before, hits.c.review_id == 0)
        return self._connection.execute(delete(hits).where(*gone)).rowcount


def _of_case(case: str) -> Select[Any]:
    of: Column[Any] = cases.c.holding_id
    return select(of).where(cases.c.reference == case)


def _packed(evidence: HitEvidence | None) -> bytes:
    """Evidence in its sealed form. It is never absent: a hit is added while its record's body is here."""
    if evidence is None:
        raise Misuse("a hit that is written has evidence")
    return json.dumps(asdict(evidence), sort_keys=True, separators=(",", ":")).encode()


def _evidence(sealed: bytes) -> HitEvidence:
    try:
        said = json.loads(sealed)
        shares = said.pop("shares")
        return HitEvidence(**said, shares=Shares(**shares) if shares else None)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Damaged(
            "the evidence of a stored hit cannot be read", remedy="run fsck, then restore the newest backup"
        ) from error


def _stored(row: Row[Any], sealed: bytes) -> StoredHit:
    return StoredHit(
        id=row.id,
        holding=row.holding_id,
        record=RecordId(Origin.parse(row.origin), row.leaf),
        place=row.idx,
        evidence=_evidence(sealed) if sealed else None,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        shown_at=row.shown_at,
        ended=bool(row.ended),
        allowed=bool(row.hidden),
        state=ReviewState(row.state),
        review=row.review_id,
    )
