"""Holdings: a node's own material, with cases and the tags that let an interrupted ingest continue.

Rules this module upholds:

- A holding is one row by SHA-256. Storing it again can raise its level and never lowers it.
- Fingerprints have their own columns, so that a scan rebuilds an index without decoding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter, itemgetter
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, func, insert, select, update

from node.domain.batch import FingerprintColumn, FingerprintColumns, column
from node.domain.fingerprints import Fingerprint
from node.domain.holdings import Holding
from node.domain.ids import Origin, RecordId
from node.domain.material import ComposedFingerprints, MaterialFingerprints
from node.domain.queries import Level
from node.domain.search_ports import HOLDINGS_SOURCE
from node.errors import NotFound
from node.store.categorisations import categorised
from node.store.frames import as_many, frame_column, frames_of, put_frames
from node.store.kept_kinds import COLUMNS
from node.store.looks import looks_between, looks_of, put_looks
from node.store.statements import Repository, chunks
from node.store.tables.holdings import cases, holding_frames, holding_levels, holding_looks, holdings
from node.store.tables.holdings import tags as tag_rows
from node.store.watched_rows import WatchedRowWrites

_FRAMED: Final = holding_frames.c.holding_id.label("framed")
_LOOKED: Final = holding_looks.c.holding_id.label("looked")
"""Whether a holding has frames or looks, read in the same statement: most have none, and need no further statement."""
_LEVELS: Final = select(holding_levels.c.level, holding_levels.c.holdings)
_COUNT_LEVEL: Final = (
    update(holding_levels)
    .where(holding_levels.c.level == bindparam("of"))
    .values(holdings=holding_levels.c.holdings + bindparam("more"))
)


class HoldingRows(Repository):
    """`HoldingReader` inside one transaction."""

    def holding(self, holding_id: int) -> Holding | None:
        return next(iter(self._holdings(select(holdings).where(holdings.c.id == holding_id))), None)

    def holdings_by_id(self, ids: Sequence[int], *, bare: bool = False) -> Mapping[int, Holding]:
        found: dict[int, Holding] = {}
        for some in chunks(dict.fromkeys(ids)):
            rows = select(holdings).where(holdings.c.id.in_(some))
            found |= {each.id: each for each in self._holdings(rows, bare=bare)}
        return found

    def holding_by_sha256(self, sha256: bytes) -> Holding | None:
        return next(iter(self._holdings(select(holdings).where(holdings.c.sha256 == sha256))), None)

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
        rows = select(holdings).where(holdings.c.id > after).limit(limit)
        if before is None:
            rows = rows.order_by(holdings.c.id)
        else:
            rows = rows.where(holdings.c.id < before).order_by(holdings.c.id.desc())
        if case:
            rows = rows.join(cases, cases.c.holding_id == holdings.c.id).where(cases.c.reference == case)
        if level is not None:
            rows = rows.where(holdings.c.level == int(level))
        if category is not None:
            rows = categorised(rows, category)
        return self._holdings(rows, bare=bare)

    def holdings_of_record(self, record: RecordId) -> list[Holding]:
        about = (
            holdings.c.record_leaf == record.leaf,
            func.length(holdings.c.record_leaf) > 0,  # lets SQLite use the partial index
            holdings.c.record_origin == str(record.origin),
        )
        return self._holdings(select(holdings).where(*about).order_by(holdings.c.id))

    def holding_levels(self) -> Mapping[Level, int]:
        counts = dict.fromkeys(Level, 0)
        counts.update((Level(level), count) for level, count in self._connection.execute(_LEVELS))
        return counts

    def known_tags(self, tags: Sequence[bytes]) -> set[bytes]:
        found: set[bytes] = set()
        for some in chunks(tags):
            found.update(self._connection.scalars(select(tag_rows.c.tag).where(tag_rows.c.tag.in_(some))))
        return found

    def holding_columns(self, after: int, limit: int) -> FingerprintColumns | None:
        page = select(holdings).where(holdings.c.id > after).order_by(holdings.c.id).limit(limit)
        rows = self._connection.execute(page).all()
        if not rows:
            return None
        rows = rows[: as_many(self._connection, [row.id for row in rows])]
        columns: list[FingerprintColumn] = []
        further = _by_kind(looks_between(self._connection, rows[0].id, rows[-1].id))
        for kind, kept in COLUMNS.items():
            rated = (lambda _row: -1) if kept.quality is None else attrgetter(kept.quality.name)
            given = [(row.id, value, rated(row)) for row in rows if (value := getattr(row, kept.value.name))]
            if more := further.get(kind.code):
                given = sorted([*given, *more], key=itemgetter(0))
            if given:
                ids, values, qualities = zip(*given, strict=True)
                quality = qualities if kind.has_quality else (-1,) * len(ids)
                columns.append(column(kind.code, ids, values, quality, kind.size))
        frames = frame_column(self._connection, rows[0].id, rows[-1].id)
        return FingerprintColumns(columns=[*columns, frames] if frames else columns)

    def _holdings(self, rows: Select[Any], *, bare: bool = False) -> list[Holding]:
        whole = rows.add_columns(_FRAMED, _LOOKED)
        whole = whole.outerjoin(holding_frames, holding_frames.c.holding_id == holdings.c.id)
        whole = whole.outerjoin(holding_looks, holding_looks.c.holding_id == holdings.c.id)
        found = self._connection.execute(whole).all()
        references: dict[int, list[str]] = {row.id: [] for row in found}
        for some in chunks(references):
            named = select(cases.c.holding_id, cases.c.reference).where(cases.c.holding_id.in_(some))
            for row in self._connection.execute(named.order_by(cases.c.reference)):
                references[row.holding_id].append(row.reference)
        if bare:
            return [replace(_holding(row, references[row.id], (), ()), fingerprints=()) for row in found]
        frames = frames_of(self._connection, [row.id for row in found if row.framed is not None])
        looks = looks_of(self._connection, [row.id for row in found if row.looked is not None])
        return [_holding(row, references[row.id], frames.get(row.id, ()), looks.get(row.id, ())) for row in found]


class HoldingWrites(HoldingRows, WatchedRowWrites):
    """`HoldingWriter` inside one transaction."""

    def put_holding(
        self, prints: MaterialFingerprints, *, level: Level, case: str, tag: bytes, now: int
    ) -> tuple[int, bool]:
        """See `HoldingWriter`. An empty case or tag is not stored. A crash loses the whole transaction with its tag, so
        a resumed ingest takes the file again.
        """
        known = select(holdings.c.id, holdings.c.level).where(holdings.c.sha256 == prints.sha256)
        row = self._connection.execute(known).one_or_none()
        if row is None:
            number = self._insert(prints, level, now)
        else:
            number = row.id
            if level > row.level:
                self.set_level(number, level)
        if case:
            self._add_case(number, case)
        if tag and tag not in self.known_tags([tag]):
            self._connection.execute(insert(tag_rows).values(tag=tag, holding_id=number))
        return number, row is None

    def _add_case(self, holding_id: int, case: str) -> None:
        values = {"reference": case, "holding_id": holding_id}
        here = (cases.c.reference == case, cases.c.holding_id == holding_id)
        if self._connection.scalar(select(cases.c.holding_id).where(*here)) is None:
            self._connection.execute(insert(cases).values(**values))

    def _insert(self, prints: MaterialFingerprints, level: Level, now: int) -> int:
        values: dict[str, object] = _kept_values(prints) | {
            "media_type": prints.media_type,
            "note": prints.note,
            "size": prints.size,
            "level": int(level),
            "added_at": now,
            "record_origin": "",
            "record_leaf": b"",
        }
        number: int = self._connection.scalars(insert(holdings).returning(holdings.c.id), values).one()
        self._count_level(level, 1)
        if level is not Level.NATIONAL:
            self._note_watched(HOLDINGS_SOURCE, [number])
        put_frames(self._connection, number, prints.frames)
        put_looks(self._connection, number, prints.composed)
        return number

    def set_level(self, holding_id: int, level: Level) -> None:
        """See `HoldingWriter`. Raises `NotFound`."""
        before = self._connection.scalar(select(holdings.c.level).where(holdings.c.id == holding_id))
        self._change(holding_id, level=int(level))
        if before is not None and before != level:
            self._count_level(Level(before), -1)
            self._count_level(level, 1)
            if level > before:
                self._note_watched(HOLDINGS_SOURCE, [holding_id])

    def _count_level(self, level: Level, more: int) -> None:
        counted = self._connection.execute(_COUNT_LEVEL, {"of": int(level), "more": more})
        if not counted.rowcount:
            self._connection.execute(insert(holding_levels).values(level=int(level), holdings=more))

    def set_record(self, holding_id: int, record: RecordId | None) -> None:
        """See `HoldingWriter`. Raises `NotFound`."""
        origin, leaf = (str(record.origin), record.leaf) if record else ("", b"")
        self._change(holding_id, record_origin=origin, record_leaf=leaf)

    def _change(self, holding_id: int, **values: object) -> None:
        changed = self._connection.execute(update(holdings).where(holdings.c.id == holding_id).values(**values))
        if not changed.rowcount:
            raise NotFound(f"there is no holding {holding_id}")


def _kept_values(prints: MaterialFingerprints) -> dict[str, object]:
    """The values of the kinds' columns for this material, by their names."""
    given = {each.code: each for each in prints.fingerprints()}
    values: dict[str, object] = {}
    for kind, kept in COLUMNS.items():
        one = given.get(kind.code)
        values[kept.value.name] = one.value if one else b""
        if kept.quality is not None:
            values[kept.quality.name] = (one.quality or 0) if one else 0
    return values


def _by_kind(looks: Mapping[int, Sequence[ComposedFingerprints]]) -> dict[int, list[tuple[int, bytes, int]]]:
    """The hashes of further looks by their kind: (holding, value, PDQ quality)."""
    found: dict[int, list[tuple[int, bytes, int]]] = {}
    for row, some in looks.items():
        for look in some:
            for each in look.fingerprints():
                found.setdefault(each.code, []).append((row, each.value, look.pdq_quality))
    return found


def _holding(
    row: Row[Any], references: Sequence[str], frames: Sequence[Fingerprint], looks: Sequence[ComposedFingerprints]
) -> Holding:
    prints = tuple(
        Fingerprint(
            code=kind.code,
            value=value,
            quality=None if kept.quality is None else getattr(row, kept.quality.name),
        )
        for kind, kept in COLUMNS.items()
        if (value := getattr(row, kept.value.name))
    )
    return Holding(
        id=row.id,
        sha256=row.sha256,
        media_type=row.media_type,
        size=row.size,
        level=Level(row.level),
        added_at=row.added_at,
        fingerprints=(*prints, *frames),
        cases=tuple(references),
        record=RecordId(Origin.parse(row.record_origin), row.record_leaf) if row.record_leaf else None,
        composed=tuple(looks),
        note=row.note,
    )
