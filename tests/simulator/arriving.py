"""A node that holds material, and logs of others that reach it: what is matched when, step by step.

Rules this module upholds:

- Everything is real but the disk, the wire and the clock. A log is verified and stored as the follower does it.
- A restart is a new node over the same store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from node.domain.holdings import IngestItem, IngestRequest
from node.domain.ids import RecordId
from node.domain.material import MaterialFingerprints, PictureFingerprints, VideoFingerprints, VideoFrame
from node.domain.orientations import turned
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.services import Carrier
from node.domain.statements import Contribution
from node.domain.stored_hits import HitEvidence, StoredHit
from node.domain.stores import NodeStore
from node.match.ranking import rank
from node.usecases.arrivals import Arrivals
from node.usecases.casework import holding_subject
from node.usecases.hit_list import HitList
from node.usecases.intake import IngestResult, Intake
from node.usecases.matching import Matcher
from node.usecases.preview_keeping import PreviewKeeping
from node.usecases.sources import EVERYBODY
from node.usecases.stored_hits import StoredHits
from tests.simulator.federation import Log, Speaker
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC, Node, World

RADIUS = 31


def always() -> bool:
    """The pace of who is in no hurry."""
    return True


class Holder:
    """The node of `speaker`, whose index holds what its store has."""

    def __init__(
        self,
        world: World,
        speaker: Speaker,
        store: NodeStore | None = None,
        previews: PreviewKeeping | None = None,
    ) -> None:
        self.world, self.speaker = world, speaker
        self.store = store or MemoryStore()
        self.node = Node(world, speaker, cast("Carrier", None), cast("MemoryStore", self.store))
        self.radius = RADIUS
        self.aside = EVERYBODY
        self.matcher = Matcher(
            store=self.store,
            index=self.node.index,
            codec=CODEC,
            rank=rank,
            own=lambda: speaker.id,
            standing=lambda _tx: self.aside,
        )
        self.kept = StoredHits(store=self.store, own=speaker.id, clock=world.clock)
        self.list = HitList(
            store=self.store, codec=CODEC, own=speaker.id, clock=world.clock, standing=lambda _tx: self.aside
        )
        self.arrivals = Arrivals(
            store=self.store,
            index=self.node.index,
            codec=CODEC,
            matcher=self.matcher,
            hits=self.kept,
            own=speaker.id,
            radius=lambda: self.radius,
        )
        self.intake = Intake(
            store=self.store,
            catalogue=self.node.catalogue,
            matcher=self.matcher,
            hits=self.kept,
            radius=lambda: self.radius,
            clock=world.clock,
            previews=previews,
        )

    def restarted(self) -> Holder:
        """A new process over the same store."""
        return Holder(self.world, self.speaker, self.store)

    def take(self, *prints: MaterialFingerprints, case: str = "C-1") -> list[IngestResult]:
        """Takes files in, one batch."""
        items = [IngestItem(tag=each.sha256, prints=each) for each in prints]
        return self.intake.take(IngestRequest(case=case), items)

    def receive(self, log: Log, stop: int | None = None) -> None:
        """Stores what is new of a log up to `stop`, cosigned by the hub."""
        copies = self.node.copies
        copies.open()
        with self.store.read() as tx:
            known = tx.log(log.speaker.origin)
        verified = copies.verify([log.package(known.size if known else 0, stop, hub=True)])
        assert not copies.stopped
        copies.commit(verified)

    def match(self, pace: Callable[[], bool] = always) -> None:
        """Matches until nothing is left to do."""
        while self.arrivals.step(pace):
            pass

    def hits(self, **which: object) -> dict[tuple[int, RecordId], StoredHit]:
        """The hits that stand."""
        with self.store.read() as tx:
            found = tx.hits(limit=1_000_000, **which)  # type: ignore[arg-type]
        return {(hit.holding, hit.record): hit for hit in found}

    def expected(self) -> dict[tuple[int, RecordId], HitEvidence]:
        """What a match of every holding finds now on records of others."""
        with self.store.read() as tx:
            holdings = tx.holdings(limit=1_000_000)
        hits = self.matcher.local(
            [holding_subject(each) for each in holdings], self.radius, own_rows=[each.id for each in holdings]
        ).hits
        best: dict[tuple[int, RecordId], HitEvidence] = {}
        for hit in hits:
            for found in self.kept.found([each.id for each in holdings], [hit]):
                best.setdefault((found.holding, found.record), found.evidence)
        return best

    def waiting(self) -> list[tuple[int, int]]:
        with self.store.read() as tx:
            return tx.waiting(1_000)

    def holding_waits(self, holding: int) -> bool:
        return (HOLDINGS_SOURCE, holding) in self.waiting()


def made(word: str, size: int) -> bytes:
    """Bytes that no other word has."""
    return hashlib.shake_256(word.encode()).digest(size)


def flipped(value: bytes, bits: int) -> bytes:
    """`value` with so many bits turned over, spread evenly."""
    number = int.from_bytes(value, "big")
    for at in range(bits):
        number ^= 1 << (at * len(value) * 8 // max(bits, 1))
    return number.to_bytes(len(value), "big")


def still(word: str, *, like: str = "", bits: int = 0, turn: int = 0, quality: int = 90) -> PictureFingerprints:
    """A picture: the file `word`, that looks like the picture `like`, but for so many bits and turned."""
    pdq = flipped(turned(made(f"pdq {like or word}", 32))[turn], bits)
    return PictureFingerprints(
        media_type="image/jpeg",
        size=len(word),
        md5=made(f"md5 {word}", 16),
        sha1=made(f"sha1 {word}", 20),
        sha256=made(f"sha256 {word}", 32),
        pdq=pdq,
        pdq_quality=quality,
        pdq_orientations=turned(pdq),
        phash=made(f"phash {word}", 8),
        width=8,
        height=8,
    )


def film(word: str, *, like: str = "", bits: int = 0, turn: int = 0, count: int = 6) -> VideoFingerprints:
    """A video: the file `word`, that shows what the video `like` shows. Its frame n is the picture "`like` n"."""
    frames = tuple(
        VideoFrame(at=1_000 * n, pdq=still("", like=f"{like or word} {n}", bits=bits, turn=turn).pdq, quality=90)
        for n in range(count)
    )
    return VideoFingerprints(
        media_type="video/mp4",
        size=len(word),
        md5=made(f"md5 {word}", 16),
        sha1=made(f"sha1 {word}", 20),
        sha256=made(f"sha256 {word}", 32),
        frames=frames,
        between=(),
        milliseconds=1_000 * count,
        width=8,
        height=8,
    )


def said_of(prints: MaterialFingerprints, *, codes: Sequence[int] = ()) -> Contribution:
    """What a record about a file says: all its fingerprints, or those of these kinds alone."""
    return Contribution(
        fingerprints=tuple(each for each in prints.fingerprints() if not codes or each.code in codes),
        media_type=prints.media_type,
    )


def with_md5(prints: PictureFingerprints, of: MaterialFingerprints) -> PictureFingerprints:
    """A file that was made to have another's MD5."""
    return replace(prints, md5=of.md5)
