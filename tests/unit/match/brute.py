"""The search index as plainly as it can be written: what the quick ones are held against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from node.domain.batch import FingerprintColumns
from node.domain.fingerprint_kinds import (
    FRAME,
    KIND_BY_CODE,
    MD5,
    PDQ,
    PDQ_QUALITY_FLOOR,
    PHASH,
    PHASH_RADIUS,
    PHOTODNA,
    SHA1,
    SHA256,
    FingerprintKind,
)
from node.domain.fingerprints import UNSTATED_QUALITY, Fingerprint
from node.domain.orientations import turned
from node.domain.roster import PDQ_RADIUS_CAP
from node.domain.search_ports import Alike, Concerned, Probe, Proposed, RawHit
from node.errors import Misuse

SEARCHED = (MD5, SHA1, SHA256, PDQ, PHASH, PHOTODNA, FRAME)
FRAMED = {(FRAME, FRAME), (FRAME, PDQ), (PDQ, FRAME)}
"""(asked, found): of these there is one hit a subject and row, the nearest."""


def distance(left: bytes, right: bytes) -> int:
    """Bits that differ."""
    return (int.from_bytes(left) ^ int.from_bytes(right)).bit_count()


def _counts(one: Fingerprint) -> bool:
    """Whether the index takes it: of the hashes that tell nothing its filler takes care."""
    has_quality = one.kind is not None and one.kind.has_quality
    return not has_quality or one.quality in (None, UNSTATED_QUALITY) or (one.quality or 0) >= PDQ_QUALITY_FLOOR


class BruteIndex:
    """`SearchIndex` as a list. Frames of videos within the radius alone: what lies further is another test's matter."""

    def __init__(self) -> None:
        self.stored: list[tuple[int, int, Fingerprint]] = []

    def add(self, source: int, columns: FingerprintColumns) -> None:
        for column in columns.columns:
            kind = KIND_BY_CODE.get(column.code)
            if kind not in SEARCHED:
                continue
            for row, value, quality in zip(column.rows, column.values, column.quality, strict=True):
                print_ = Fingerprint(
                    code=column.code, value=value.tobytes(), quality=int(quality) if kind.has_quality else None
                )
                if _counts(print_):
                    self.stored.append((source, int(row), print_))

    def remove(self, source: int, rows: Sequence[int]) -> None:
        gone = {(source, int(row)) for row in rows}
        self.stored = [entry for entry in self.stored if entry[:2] not in gone]

    def search(self, probes: Sequence[Probe], radius: int) -> list[RawHit]:
        if not 0 <= radius <= PDQ_RADIUS_CAP:
            raise Misuse("radius")
        hits: list[RawHit] = []
        framed: dict[tuple[int, int, int, int, int], RawHit] = {}
        for probe in probes:
            kind = KIND_BY_CODE.get(probe.code)
            if kind is None or kind not in SEARCHED:
                continue
            if len(probe.value) != kind.size:
                raise Misuse("length")
            if not _counts(Fingerprint(code=probe.code, value=probe.value, quality=probe.quality)):
                continue
            limit = 0 if kind.exact else PHASH_RADIUS if kind is PHASH else radius
            # Of a frame its bits tell the other orientations; all are tried where there are few, and not for `exact`.
            values = turned(probe.value) if kind is FRAME and radius else (probe.value,)
            for turn, value in enumerate(values, probe.orientation):
                for source, row, stored in self.stored:
                    if not self._comparable(kind, stored) or distance(value, stored.value) > limit:
                        continue
                    hit = RawHit(
                        subject=probe.subject,
                        source=source,
                        row=row,
                        code=stored.code,
                        distance=distance(value, stored.value),
                        quality=-1 if stored.quality is None else stored.quality,
                        orientation=turn,
                        by=0 if stored.code == probe.code else probe.code,
                        turns=1 << turn if (kind, stored.kind) == (FRAME, FRAME) else 0,
                    )
                    if (kind, stored.kind) not in FRAMED:
                        hits.append(hit)
                        continue
                    place = (probe.subject, source, row, hit.code, hit.by)
                    other = framed.get(place, hit)
                    nearest = min(other, hit, key=lambda h: (h.distance, -h.quality, h.orientation))
                    framed[place] = nearest._replace(turns=hit.turns | other.turns)
        return hits + list(framed.values())

    def propose(self, probes: Sequence[Probe], radius: int, most: int, unbounded: Collection[int]) -> Proposed:
        kept: list[RawHit] = []
        number: Counter[Alike] = Counter()
        for hit in sorted(self.search(probes, radius), key=lambda hit: hit.row):
            alike = Alike(hit.subject, hit.source, hit.code, hit.by, hit.distance, hit.orientation)
            number[alike] += 1
            if number[alike] <= most or hit.source in unbounded or hit.by or hit.code == FRAME.code:
                kept.append(hit)
        given = Counter(Alike(h.subject, h.source, h.code, h.by, h.distance, h.orientation) for h in kept)
        return Proposed(hits=kept, further=number - given)

    def first_equal(self, columns: FingerprintColumns, source: int) -> NDArray[np.int64]:
        found = [
            (column.code, int(row), min(rows))
            for column in columns.columns
            if KIND_BY_CODE[column.code].exact
            for row, value in zip(column.rows, column.values, strict=True)
            if (
                rows := [
                    at
                    for of, at, stored in self.stored
                    if of == source and (stored.code, stored.value) == (column.code, value.tobytes())
                ]
            )
        ]
        return np.asarray(found, dtype=np.int64).reshape(-1, 3)

    def concerned(self, columns: FingerprintColumns, radius: int, source: int, most: int) -> Concerned:
        """By searching the source's rows one by one for what arrived, as `vigil match` of each would find it."""
        if not 0 <= radius <= PDQ_RADIUS_CAP:
            raise Misuse("radius")
        arrived = BruteIndex()
        arrived.add(1, columns)
        near: dict[tuple[int, int], int] = {}
        for at, row, stored in self.stored:
            turns = turned(stored.value) if stored.kind is PDQ else (stored.value,)
            probes = [
                Probe(0, stored.code, value, -1 if stored.quality is None else stored.quality, turn)
                for turn, value in enumerate(turns)
            ]
            for hit in arrived.search(probes, radius) if at == source else ():
                bits = -1 if stored.kind is SHA256 else hit.distance
                near[hit.row, row] = min(bits, near.get((hit.row, row), bits))
        kept: list[tuple[int, int]] = []
        left_out: dict[int, int] = {}
        for one in sorted({row for row, _ in near}):
            pairs = sorted((bits, pair) for pair, bits in near.items() if pair[0] == one)
            chosen = [pair for place, (bits, pair) in enumerate(pairs) if place < most or bits < 0]
            kept += chosen
            left_out |= {one: len(pairs) - len(chosen)} if len(pairs) > len(chosen) else {}
        return Concerned(pairs=np.asarray(kept, dtype=np.int64).reshape(-1, 2), left_out=left_out)

    def beside(self) -> BruteIndex:
        return BruteIndex()

    @staticmethod
    def _comparable(kind: FingerprintKind, stored: Fingerprint) -> bool:
        return stored.kind is kind or (kind, stored.kind) in FRAMED

    def sizes(self) -> Mapping[int, int]:
        rows = {entry[:2] for entry in self.stored}
        return {source: sum(1 for s, _ in rows if s == source) for source, _ in rows}

    def versions(self) -> Mapping[str, int]:
        return {kind.name: 1 for kind in SEARCHED}

    def clear(self) -> None:
        self.stored.clear()
