"""Material with previews, and a node that keeps them in files of its own."""

from __future__ import annotations

import hashlib
import io
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from node.domain.material import PictureFingerprints
from node.domain.previews import COVERED_SIZE, KeptPreview, Preview
from node.domain.stores import NodeStore
from node.store.preview_files import SegmentFiles
from node.store.store import open_node_store
from node.usecases.preview_keeping import PreviewKeeping
from tests.simulator.arriving import Holder, still
from tests.simulator.federation import Speaker
from tests.simulator.world import World

SEGMENT_BYTES = 8_000


@lru_cache(maxsize=64)
def preview(word: str, number: int = 0) -> Preview:
    """A picture of noise, which nobody else has."""
    seed = int.from_bytes(hashlib.sha256(f"{word} {number}".encode()).digest()[:8])
    values = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    to = io.BytesIO()
    Image.fromarray(values).save(to, "JPEG")
    return Preview(clear=to.getvalue(), covered=values.tobytes()[:COVERED_SIZE])


def seen(word: str, stills: int = 1) -> PictureFingerprints:
    """A picture with previews."""
    return replace(still(word), previews=tuple(preview(word, number) for number in range(stills)))


@dataclass
class Keeper:
    """A node over `store`, and its previews in `folder`."""

    store: NodeStore
    folder: Path
    wanted: bool = True

    def __post_init__(self) -> None:
        self.files = SegmentFiles(self.folder, segment_bytes=SEGMENT_BYTES)
        self.keeping = PreviewKeeping(store=self.store, files=self.files, wanted=self.wanted, scrub=self.store.scrub)
        fr = Speaker.named("FR")
        self.holder = Holder(World([fr]), fr, self.store, self.keeping)

    def take(self, *words: str, stills: int = 1) -> list[int]:
        """Takes pictures in with previews, in one batch. Their holdings."""
        return [each.holding for each in self.holder.take(*(seen(word, stills) for word in words))]

    def kept(self) -> dict[int, tuple[KeptPreview, ...]]:
        """All stills by holding."""
        with self.store.read() as tx:
            return dict(tx.previews([each.holding for each in tx.preview_page(0, 10_000)]))

    def loose(self) -> int:
        """Bytes of the files that are no preview's, and not zero."""
        found = 0
        with self.store.read() as tx:
            for number in self.files.segments():
                found += self.files.waste(number, tx.preview_places(number))
        return found

    def check(self) -> None:
        """Every still can be read, and nothing else is in the files."""
        with self.store.read() as tx:
            words = {each.id: each.sha256 for each in tx.holdings(limit=1_000)}
        for holding, stills in self.kept().items():
            assert holding in words
            for each in stills:
                assert self.files.clear(each) is not None
                assert self.files.covered(each) is not None
        assert self.loose() == 0

    def delete(self, holding: int) -> None:
        """Deletes a holding, as a disposal does, without tidying."""
        with self.holder.node.catalogue.change() as change:
            change.delete_holding(holding)


def say(what: str) -> None:
    """Says what is durable now."""
    sys.stdout.write(what + "\n")
    sys.stdout.flush()


def main() -> None:
    """Takes pictures in, deletes one and tidies, in the home `argv[1]`; says each step when it is done."""
    home = Path(sys.argv[1])
    keeper = Keeper(open_node_store(home / "node.db", create=False), home / "previews")
    keeper.keeping.start()
    for number in range(4):
        keeper.take(*(f"{number} {each}" for each in range(3)))
        say(f"taken {number}")
    with keeper.store.read() as tx:
        first = next(iter(each.id for each in tx.holdings(limit=1)))
    keeper.delete(first)
    say(f"deleted {first}")
    keeper.keeping.tidy()
    say("tidied")


if __name__ == "__main__":
    from tests.unit.usecases.killing import kill_at

    kill_at(int(sys.argv[2]))
    main()
