"""The rate of an ingest whose hits were reviewed, beside that of an ingest whose hits nobody reviewed.

Rules this module upholds:

- Both are one node, one store on the disk and one index, with the program's own intake, matcher and store.
- Files are fingerprints from a seed: reading and decoding files, which costs most of a real ingest, is left out, so the
  ratio is the worst that there is. Each file is the same as one record of another member.
- Both sets of files are taken in again and again, in turns, each time into a new case: so that each time every hit is
  found again. Of the one set every hit was rejected before, and of the other none.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np

from bench import Figure, figure, in_turns
from bench.federation import batch
from node.domain.fingerprint_kinds import PDQ_QUALITY_FLOOR
from node.domain.holdings import IngestItem, IngestRequest
from node.domain.ids import NONCE_SIZE, Origin, federation_id, member_id
from node.domain.material import PictureFingerprints
from node.domain.orientations import turned
from node.domain.reviews import Decision, FileDigests, ReviewState
from node.domain.roster import Policy
from node.domain.statements import Contribution
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.store.store import open_node_store
from node.usecases.catalogue import Catalogue
from node.usecases.hit_reviews import pair_of
from node.usecases.intake import Intake
from node.usecases.matching import Matcher
from node.usecases.stored_hits import StoredHits
from node.wire.convert import ProtoCodec

FILES: Final = 1_000
"""Files of each set."""
BATCH: Final = 64
"""Files that one transaction takes in."""
ROUNDS: Final = 5
_FEDERATION: Final = federation_id("bench.example")
_OWN, _OTHER = member_id("FR"), member_id("JP")


class Unit:
    """A node with an empty store in `folder`, and the log of another member. Close it."""

    def __init__(self, folder: Path, files: Sequence[PictureFingerprints]) -> None:
        self._store = open_node_store(folder / "vigil.db", create=True)
        codec, self._index = ProtoCodec(), LocalIndex()
        self._share(codec, files)
        catalogue = Catalogue(store=self._store, index=self._index, codec=codec)
        catalogue.start()
        matcher = Matcher(store=self._store, index=self._index, codec=codec, rank=rank, own=lambda: _OWN)
        self._intake = Intake(
            store=self._store,
            catalogue=catalogue,
            matcher=matcher,
            hits=StoredHits(store=self._store, own=_OWN, clock=time.time),
            radius=lambda: Policy().radius,
            clock=time.time,
        )
        self._cases = count(1)

    def _share(self, codec: ProtoCodec, files: Sequence[PictureFingerprints]) -> None:
        """The other member's records about these files."""
        bodies = [
            codec.encode_body(Contribution(fingerprints=each.fingerprints(), media_type=each.media_type))
            for each in files
        ]
        nonces = [number.to_bytes(NONCE_SIZE, "big") for number in range(len(files))]
        with self._store.write() as writer:
            state = writer.open_log(Origin(_FEDERATION, _OTHER))
            writer.append(batch(writer, state, bodies, nonces, nonces))

    def take(self, files: Sequence[PictureFingerprints]) -> None:
        """Takes files into a new case. Raises `RuntimeError` if one of them is no hit."""
        case = f"case {next(self._cases)}"
        for start in range(0, len(files), BATCH):
            some = files[start : start + BATCH]
            items = [IngestItem(tag=f"{case} {number}".encode(), prints=each) for number, each in enumerate(some)]
            if not all(each.hits for each in self._intake.take(IngestRequest(case=case), items)):
                raise RuntimeError("a file that another member shared is no hit")

    def reject(self, files: Sequence[PictureFingerprints]) -> None:
        """An officer rejects every hit of these files. Raises `RuntimeError` if one has none."""
        decision = Decision(state=ReviewState.REJECTED, officer="bench", at=int(time.time()))
        with self._store.write() as writer:
            for each in files:
                holding = writer.holding_by_sha256(each.sha256)
                hits = writer.hits_of_holding(holding.id) if holding else []
                if not hits:
                    raise RuntimeError("a file has no hit to review")
                for hit in hits:
                    file = FileDigests(sha256=each.sha256, sha1=each.sha1, md5=each.md5)
                    review = writer.add_review(pair_of(writer, hit), file, hit.id)
                    writer.add_decision(review.id, decision)

    def close(self) -> None:
        """Ends it."""
        self._index.close()
        self._store.close()


def measured(records: int) -> Figure:
    """Both rates with `records` files of each set."""
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as folder:
        files = _files(2 * records)
        unit = Unit(Path(folder), files)
        try:
            reviewed, plain = files[:records], files[records:]
            unit.take(files)
            unit.reject(reviewed)
            with_reviews, without = in_turns(lambda: unit.take(reviewed), lambda: unit.take(plain), rounds=ROUNDS)
        finally:
            unit.close()
    return figure(
        "ingest.reviewed",
        records / with_reviews,
        "files a second",
        reference="the same without a review; must stay above 0.8",
        reference_value=records / without,
        more_is_better=True,
    )


def _files(count: int) -> list[PictureFingerprints]:
    """Pictures with random hashes from a seed; half of the bits of a PDQ are set."""
    random = np.random.default_rng(13)
    files = []
    for _ in range(count):
        half = random.bytes(16)
        pdq = half + bytes(255 - each for each in half)
        files.append(
            PictureFingerprints(
                media_type="image/jpeg",
                size=100_000,
                md5=random.bytes(16),
                sha1=random.bytes(20),
                sha256=random.bytes(32),
                pdq=pdq,
                pdq_quality=2 * PDQ_QUALITY_FLOOR,
                pdq_orientations=turned(pdq),
                phash=random.bytes(8),
                width=640,
                height=480,
            )
        )
    return files
