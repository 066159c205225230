"""Hits of own holdings on other members' records, and how far records were matched.

Rules this module upholds:

- The evidence of a hit (how near holding and record are) is in the vault, whose rows never move, and is overwritten
  there when the record's body is deleted. The rest of a row says only the pair and what the public log says.
- A hit that has ended has no evidence, and is in no listing and in no count.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Column, Row, Select, bindparam, delete, distinct, func, insert, select, tuple_, update

from node.domain.ids import MemberId, Origin, RecordId
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.stored_hits import HitCounts, HitEvidence, StoredHit
from node.domain.videos import Shares
from node.errors import Damaged, Misuse
from node.store import vault
from node.store.statements import Repository, chunks, insert_rows
from node.store.tables.hits import crowded, crowded_holdings, hits, matched, unmatched
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
_SEEN: Final = update(hits).where(hits.c.id == bindparam("hit")).values(last_seen=bindparam("now"))
_SHOWN: Final = update(hits).where(hits.c.id == bindparam("hit"), hits.c.shown_at == 0)
_AT_PLACES: Final = select(hits.c.id, hits.c.evidence_id).where(
    hits.c.log_no == bindparam("log"), hits.c.idx.in_(bindparam("rows", expanding=True)), hits.c.ended == 0
)


class HitRows(Repository):
    """`HitReader` inside one transaction."""

    def hits(
        self,
        *,
        case: str = "",
        member: str = "",
        without: Collection[MemberId] = (),
        new: bool = False,
        hidden: bool = False,
        before: int = 0,
        limit: int = 100,
    ) -> list[StoredHit]:
        rows = _HITS.where(hits.c.ended == 0).order_by(hits.c.id.desc()).limit(limit)
        if member:
            rows = rows.where(hits.c.log_no.in_(self._logs_of({member})))
        if without:
            rows = rows.where(hits.c.log_no.not_in(self._logs_of(without)))
        if case:
            rows = rows.where(hits.c.holding_id.in_(_of_case(case)))
        if new:
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

    def hit_counts(self, case: str = "", without: Collection[MemberId] = ()) -> HitCounts:
        shown = allowed.c.sha256.is_(None)
        counts = select(
            func.count().filter(shown),
            func.count().filter(shown, hits.c.shown_at == 0),
            func.count().filter(~shown),
            func.count(distinct(hits.c.holding_id)).filter(shown),
        )
        counts = counts.select_from(_JOINED).where(hits.c.ended == 0)
        if case:
            counts = counts.where(hits.c.holding_id.in_(_of_case(case)))
        if without:
            counts = counts.where(hits.c.log_no.not_in(self._logs_of(without)))
        standing, new, hidden, of = self._connection.execute(counts).one()
        return HitCounts(hits=standing, new=new, hidden=hidden, holdings=of)

    def hits_by_member(self, case: str = "") -> Mapping[MemberId, int]:
        counts = select(logs.c.origin, func.count()).select_from(_JOINED)
        counts = counts.where(hits.c.ended == 0, allowed.c.sha256.is_(None))
        if case:
            counts = counts.where(hits.c.holding_id.in_(_of_case(case)))
        found: Counter[MemberId] = Counter()
        for origin, count in self._connection.execute(counts.group_by(logs.c.origin)):
            found[Origin.parse(origin).member] += count
        return found

    def holdings_with_hits(self, case: str, without: Collection[MemberId] = ()) -> set[int]:
        rows = select(hits.c.holding_id).distinct().select_from(_JOINED)
        rows = rows.where(hits.c.ended == 0, allowed.c.sha256.is_(None), hits.c.holding_id.in_(_of_case(case)))
        if without:
            rows = rows.where(hits.c.log_no.not_in(self._logs_of(without)))
        return set(self._connection.scalars(rows))

    def hits_at(self, origin: Origin, places: Sequence[int]) -> Mapping[int, int]:
        return self._counted(origin, hits.c.idx, places)

    def hits_in(self, origin: Origin, ids: Sequence[int]) -> Mapping[int, int]:
        return self._counted(origin, hits.c.holding_id, ids)

    def hits_of_holdings(self, ids: Sequence[int]) -> Mapping[int, int]:
        counted: dict[int, int] = {}
        shown = (hits.c.ended == 0, allowed.c.sha256.is_(None))
        for some in chunks(dict.fromkeys(ids)):
            rows = select(hits.c.holding_id, func.count()).select_from(_JOINED)
            rows = rows.where(*shown, hits.c.holding_id.in_(some)).group_by(hits.c.holding_id)
            counted.update((holding, count) for holding, count in self._connection.execute(rows))
        return counted

    def _counted(self, origin: Origin, by: Column[Any], values: Sequence[int]) -> dict[int, int]:
        """How many present hits of a log there are for each of these values of a column. An index begins with log and
        column.
        """
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

    def crowded(self) -> Mapping[tuple[int, int], int]:
        return {(row.source, row.row): row.left_out for row in self._connection.execute(select(crowded))}

    def crowded_holdings(self) -> Mapping[tuple[int, str], int]:
        rows = self._connection.execute(select(crowded_holdings))
        return {(row.holding_id, row.member): row.left_out for row in rows}

    def waiting(self, limit: int) -> list[tuple[int, int]]:
        rows = select(unmatched).order_by(unmatched.c.source, unmatched.c.row).limit(limit)
        return [(row.source, row.row) for row in self._connection.execute(rows)]

    def matched(self) -> Mapping[int, int]:
        return {row.log_no: row.size for row in self._connection.execute(select(matched))}

    def _numbers(self, origins: Iterable[Origin]) -> dict[Origin, int]:
        numbers = {origin: self._number(origin) for origin in set(origins)}
        return {origin: number for origin, number in numbers.items() if number is not None}

    def _stored_hits(self, rows: Select[Any]) -> list[StoredHit]:
        found = self._connection.execute(rows).all()
        ids = [row.evidence_id for row in found if row.evidence_id]
        sealed = dict(zip(ids, vault.get(self._connection, ids), strict=True)) if ids else {}
        return [_stored(row, sealed.get(row.evidence_id, b"")) for row in found]


class HitWrites(HitRows):
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
        return self._connection.execute(delete(hits).where(hits.c.ended == 1, hits.c.last_seen < before)).rowcount

    def crowd(self, source: int, row: int, left_out: int) -> None:
        here = (crowded.c.source == source, crowded.c.row == row)
        known = self._connection.scalar(select(crowded.c.left_out).where(*here))
        if known is None:
            self._connection.execute(insert(crowded).values(source=source, row=row, left_out=left_out))
        elif known < left_out:
            self._connection.execute(update(crowded).where(*here).values(left_out=left_out))

    def crowd_holding(self, holding: int, member: MemberId, left_out: int, *, further: bool) -> None:
        table = crowded_holdings
        here = (table.c.holding_id == holding, table.c.member == member)
        known = self._connection.scalar(select(table.c.left_out).where(*here))
        if known is None:
            row = {"holding_id": holding, "member": member, "left_out": left_out}
            self._connection.execute(insert(table).values(**row))
        else:
            number = known + left_out if further else max(known, left_out)
            self._connection.execute(update(table).where(*here).values(left_out=number))

    def wait_for_match(self, source: int, rows: Sequence[int]) -> None:
        known: set[int] = set()
        for some in chunks(rows):
            here = (unmatched.c.source == source, unmatched.c.row.in_(some))
            known.update(self._connection.scalars(select(unmatched.c.row).where(*here)))
        fresh = [(source, row) for row in sorted(set(rows) - known)]
        insert_rows(self._connection, unmatched, ("source", "row"), fresh)

    def stop_waiting(self, rows: Sequence[tuple[int, int]]) -> None:
        by_source: dict[int, list[int]] = {}
        for source, row in rows:
            by_source.setdefault(source, []).append(row)
        for source, some_rows in by_source.items():
            for some in chunks(some_rows):
                here = (unmatched.c.source == source, unmatched.c.row.in_(some))
                self._connection.execute(delete(unmatched).where(*here))

    def set_matched(self, number: int, size: int) -> None:
        changed = self._connection.execute(update(matched).where(matched.c.log_no == number).values(size=size))
        if not changed.rowcount:
            self._connection.execute(insert(matched).values(log_no=number, size=size))

    def forget_matched(self) -> None:
        self._connection.execute(delete(matched))


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
    )
