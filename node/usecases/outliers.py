"""Members whose records say one thing over and over: what the hub can see of poison, cheaply.

Rules this module upholds:

- A look, never a judgement: it stops nothing. The operator sees the number beside the member's name, and asks.
- Bounded: the newest records of each log are looked at, once for each size of it. In version 1 bodies are plain, so the
  hub can read hashes (see the threat model); once they are sealed this sees nothing.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import numpy as np

from node.domain.fingerprint_kinds import PDQ, PDQ_RADIUS
from node.usecases.index_sync import READ_BYTES

if TYPE_CHECKING:
    from node.domain.log_ports import LogState
    from node.domain.ports import Codec, StoreReader

RECENT: Final = 2_000
"""The newest entries of a log that are looked at: some ten milliseconds."""
SAMPLED: Final = 64
"""Of their hashes so many, evenly spread, are held against all the others. A hash that more than one in so many have is
among them where they came one after another."""
STRIKING: Final = 0.25
"""The part of a member's newest records that is near to one hash, above which a person is told. A series of one scene
has some tens among thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sameness:
    """Of `recent` records with a PDQ so many are `alike`: within the radius of one of them."""

    recent: int = 0
    alike: int = 0

    @property
    def striking(self) -> bool:
        """Whether a person should ask why."""
        return self.recent >= SAMPLED and self.alike >= STRIKING * self.recent


class Outliers:
    """Blocking; safe from any thread."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._lock = threading.Lock()
        self._known: dict[int, tuple[int, Sameness]] = {}

    def of(self, tx: StoreReader, log: LogState) -> Sameness:
        """How much the newest records of a log are alike."""
        with self._lock:
            size, known = self._known.get(log.number, (-1, Sameness()))
        if size == log.size:
            return known
        found = self._look(tx, log)
        with self._lock:
            self._known[log.number] = log.size, found
        return found

    def _look(self, tx: StoreReader, log: LogState) -> Sameness:
        at = max(log.size - RECENT, 0)
        values: list[np.ndarray] = [np.empty((0, PDQ.size), dtype=np.uint8)]
        while at < log.size:
            run = tx.run(log.origin, at, log.size, READ_BYTES)
            kinds = bytes(map(itemgetter(1), run.entries))
            columns = self._codec.decode_bodies(range(at, at + len(kinds)), kinds, run.bodies).fingerprints.columns
            values += [each.values for each in columns if each.code == PDQ.code]
            at += len(kinds)
        words = np.ascontiguousarray(np.concatenate(values)).view(np.uint64)
        return Sameness(recent=len(words), alike=_most_alike(words))


def _most_alike(words: np.ndarray) -> int:
    """The largest number of these hashes, uint64 (n, 4), that lie within the radius of one that is sampled."""
    if not len(words):
        return 0
    sampled = words[np.unique(np.linspace(0, len(words) - 1, SAMPLED).astype(np.int64))]
    near = [np.bitwise_count(words ^ one).sum(axis=1, dtype=np.int64) <= PDQ_RADIUS for one in sampled]
    return max(int(each.sum()) for each in near)
