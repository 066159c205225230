"""A node with lists: store, index and use cases, without a hub. What tests of lists share."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from node.domain.fingerprint_kinds import KIND_BY_CODE
from node.domain.fingerprints import Fingerprint
from node.domain.ids import Origin, member_id
from node.domain.lists import ReferenceList
from node.domain.material import PictureFingerprints
from node.domain.orientations import turned
from node.domain.queries import Hit, Level, MatchRule, Subject
from node.domain.references import At, ListHead, Reference
from node.domain.stores import NodeStore
from node.match.folder import IndexFolder
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.usecases.audit import AuditLog
from node.usecases.catalogue import Catalogue
from node.usecases.intake import columns_of
from node.usecases.list_comparing import ListComparing
from node.usecases.list_hits import ListHits
from node.usecases.list_taking import Taking
from node.usecases.lists import Lists, ListTerms
from node.usecases.matching import Found, Matcher
from node.usecases.search_terms import matchable
from tests.simulator import federation as sim
from tests.simulator.world import CODEC
from tests.stores import fresh_store

FR, JP = member_id("FR"), member_id("JP")
HEAD = ListHead(format="vics", version="2.0", scheme="us-vics", scheme_version="1", kind="media")
NOW = 1_700_000_000
RADIUS = 31


def value(number: int, size: int) -> bytes:
    """A hash of `size` bytes that is of no other number. Half of its bits are set, as those of a picture."""
    half = hashlib.shake_256(f"list {number}".encode()).digest(size // 2)
    return half + bytes(255 - each for each in half)


def prints(number: int) -> PictureFingerprints:
    """The fingerprints of a made-up picture."""
    pdq = value(number, 32)
    return PictureFingerprints(
        media_type="image/jpeg",
        size=number,
        md5=value(number, 16),
        sha1=value(number, 20),
        sha256=value(number + 10_000, 32),
        pdq=pdq,
        pdq_quality=90,
        pdq_orientations=turned(pdq),
        phash=value(number, 8),
        width=10,
        height=10,
    )


def row(number: int, **said: Any) -> Reference:
    """A row of a list with the MD5 of a picture, and what else is said."""
    given = Reference(at=At(record=number), md5=value(number, 16), code="1", said=f'{{"n":{number}}}')
    return given._replace(**said)


def of_kind(code: int, given: bytes) -> Subject:
    """A bare hash as a subject."""
    rated = KIND_BY_CODE[code].has_quality
    return Subject(fingerprints=(Fingerprint(code=code, value=given, quality=90 if rated else None),))


@dataclass
class Shelf:
    """One life of a node over a store. `folder`: where its index is kept, None for an index in memory. Close it."""

    store: NodeStore
    folder: Path | None = None
    disagreements: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.index = LocalIndex(workers=1)
        self.files = None if self.folder is None else IndexFolder(self.folder, self.index)
        self.catalogue = Catalogue(store=self.store, index=self.index, codec=CODEC, files=self.files)
        self.catalogue.start()
        origin = Origin(sim.FEDERATION, FR, 1, "audit")
        self.now = NOW
        self.audit = AuditLog(store=self.store, origin=origin, clock=lambda: self.now, random=os.urandom)
        self.matcher = Matcher(
            store=self.store,
            index=self.index,
            codec=CODEC,
            rank=rank,
            own=lambda: FR,
            disagreed=self.disagreements.append,
        )
        self.hits = ListHits(store=self.store, index=self.index, matcher=self.matcher, radius=lambda: RADIUS)
        self.lists = Lists(
            store=self.store,
            catalogue=self.catalogue,
            audit=self.audit,
            clock=lambda: self.now,
            comparing=ListComparing(store=self.store, index=self.index, hits=self.hits),
        )

    def close(self) -> None:
        self.audit.close()
        self.index.close()

    def begin(self, name: str, rows: Sequence[Reference], level: Level = Level.NATIONAL) -> Taking:
        """A list whose file is on its way."""
        taking = self.lists.begin(name, ListTerms(level=level), b"f" * 32, "officer")
        taking.take(rows)
        return taking

    def take(self, name: str, rows: Sequence[Reference], level: Level = Level.NATIONAL, **head: Any) -> ReferenceList:
        """A list that is here."""
        return self.begin(name, rows, level).finish(ListHead(**{**_fields(HEAD), **head}))

    def hold(self, *numbers: int, case: str = "C") -> list[int]:
        """Takes pictures in; the ids of their holdings."""
        with self.catalogue.change() as change:
            rows = [
                change.writer.put_holding(prints(number), level=Level.NATIONAL, case=case, tag=b"", now=1)[0]
                for number in numbers
            ]
            change.hold(columns_of(rows, list(map(prints, numbers))))
        return rows

    def found(self, *subjects: Subject, rule: MatchRule = MatchRule.POLICY, show_all: bool = False) -> Found:
        """A local search."""
        return self.matcher.local(subjects, RADIUS, rule, show_all=show_all)

    def abroad(self, *subjects: Subject) -> tuple[Hit, ...]:
        """What another member is told."""
        matching = matchable(subjects, self.matcher.floor)
        return self.matcher.for_member(subjects, RADIUS, MatchRule.POLICY, JP, "victim-id", matching=matching).hits


def _fields(head: ListHead) -> dict[str, Any]:
    return {name: getattr(head, name) for name in ListHead.__dataclass_fields__}


@contextmanager
def opened(path: Path) -> Iterator[Shelf]:
    """A shelf over a new store in this file."""
    store = fresh_store(path)
    made = Shelf(store)
    try:
        yield made
    finally:
        made.close()
        store.close()
