"""Matching an arriving record against watched fingerprints, beside a search for it in an index of that size.

Rules this module upholds:

- Both sides are the program's own: the index of watches as a node fills it, and the index of records with as many
  fingerprints, in which the same picture is searched for in its eight orientations.
- Each watch is about one hash of a picture. What arrives is a picture that nothing is near, as nearly all are.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bench import Figure, figure, in_turns
from node.domain.batch import FingerprintColumns, column
from node.domain.fingerprint_kinds import PDQ
from node.domain.fingerprints import Fingerprint
from node.domain.matchable import matchable_columns
from node.domain.orientations import turned
from node.domain.queries import MatchRule, Subject
from node.domain.roster import Policy
from node.domain.search_ports import Probe
from node.match.index import LocalIndex
from node.usecases.watched_index import WatchedIndex

FINGERPRINTS: Final = 100_000
_SIZE: Final = 32
_ARRIVING: Final = 50
"""Pictures that arrive in one round."""


def measured(fingerprints: int) -> Figure:
    """Seconds for one arriving picture."""
    values = np.random.default_rng(7).integers(0, 256, (fingerprints + _ARRIVING, _SIZE), dtype=np.uint8)
    held, arriving = values[:fingerprints], [each.tobytes() for each in values[fingerprints:]]
    records, watches = LocalIndex(workers=1), LocalIndex(workers=1)
    try:
        records.add(1, _columns(range(fingerprints), [each.tobytes() for each in held]))
        records.merge()
        watched = _watched(watches, held)
        radius = Policy().radius
        arrived = [matchable_columns(_columns([number], [value])) for number, value in enumerate(arriving)]
        probes = [[Probe(0, PDQ.code, each, 90, turn) for turn, each in enumerate(turned(value))] for value in arriving]
        ours, theirs = in_turns(
            lambda: [watched.near(each, radius) for each in arrived],
            lambda: [records.search(each, radius) for each in probes],
        )
    finally:
        records.close()
        watches.close()
    return figure(
        "watch.match",
        ours / _ARRIVING,
        "s",
        reference="a search for it among as many fingerprints of records",
        reference_value=theirs / _ARRIVING,
    )


def _columns(rows: range | list[int], values: list[bytes]) -> FingerprintColumns:
    return FingerprintColumns(columns=[column(PDQ.code, list(rows), values, [90] * len(values), _SIZE)])


def _watched(index: LocalIndex, values: np.ndarray) -> WatchedIndex:
    """A watch on each of these hashes."""
    watched = WatchedIndex(index, index.merge)
    for number, value in enumerate(values, 1):
        hashed = Fingerprint(code=PDQ.code, value=value.tobytes(), quality=90)
        watched.put(number, [Subject(fingerprints=(hashed,))], MatchRule.POLICY)
    index.merge()
    return watched
