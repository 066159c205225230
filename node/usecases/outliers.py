"""Members whose records repeat one hash: a cheap check at the hub for poisoned data.

Rules this module upholds:

- It informs and stops nothing. The operator sees the number beside the member's name, and asks the member.
- Bounded: the newest records of each log are examined, once for each size of it. In version 1 bodies are plain, so the
  hub can read hashes (see the threat model). Once bodies are sealed, this check sees nothing.
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
    from node.domain.log_ports import LogReader, LogState
    from node.domain.ports import Codec

RECENT: Final = 2_000
"""How many of a log's newest entries are examined: some ten milliseconds."""
SAMPLED: Final = 64
"""This many of their hashes, evenly spread, are compared with all the others. The sample includes a hash that makes up
more than this share of consecutive records."""
STRIKING: Final = 0.25
"""The share of a member's newest records near one hash above which the operator is told. A series of one scene has some
tens among thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sameness:
    """Of `recent` records with a PDQ, `alike` are within the radius of one of them."""

    recent: int = 0
    alike: int = 0

    @property
    def striking(self) -> bool:
        """Whether a person should ask the member why."""
        return self.recent >= SAMPLED and self.alike >= STRIKING * self.recent


class Outliers:
    """Blocking; safe from any thread."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._lock = threading.Lock()
        self._known: dict[int, tuple[int, Sameness]] = {}

    def of(self, tx: LogReader, log: LogState) -> Sameness:
        """How similar the newest records of a log are."""
        with self._lock:
            size, known = self._known.get(log.number, (-1, Sameness()))
        if size == log.size:
            return known
        found = self._look(tx, log)
        with self._lock:
            self._known[log.number] = log.size, found
        return found

    def _look(self, tx: LogReader, log: LogState) -> Sameness:
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
    """The largest number of these hashes, uint64 (n, 4), that lie within the radius of one sampled hash."""
    if not len(words):
        return 0
    sampled = words[np.unique(np.linspace(0, len(words) - 1, SAMPLED).astype(np.int64))]
    near = [np.bitwise_count(words ^ one).sum(axis=1, dtype=np.int64) <= PDQ_RADIUS for one in sampled]
    return max(int(each.sum()) for each in near)
