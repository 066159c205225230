"""Limits similar hits of one table to a few of each. It works on whole columns, so a flood of one hash stays cheap.

Rules this module upholds:

- Of the hits with the same probe, source and distance, the lowest rows are kept, for any order and number of hits. So
  tables of different kinds keep the same rows of a source that fills both.
- Dropped hits are counted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from node.domain.search_ports import Alike, Probe
from node.match.found import Found


@dataclass(slots=True, kw_only=True)
class Bounds:
    """Keeps at most `most` similar hits, except for the sources in `unbounded`. `further` counts the dropped ones."""

    most: int
    unbounded: Collection[int]
    further: dict[Alike, int] = field(default_factory=dict)

    def cut(self, found: Found, asked: Sequence[Probe], code: int) -> Found:
        """Returns the hits of the table of `code` that are kept."""
        if len(found) <= self.most:
            return found
        order = np.lexsort((found.row, found.distance, found.source, found.probe))
        keys = found.hits[order][:, [0, 1, 3]]
        begins = np.ones(len(keys), dtype=np.bool_)
        begins[1:] = (keys[1:] != keys[:-1]).any(axis=1)
        starts = np.flatnonzero(begins)
        counts = np.diff(np.append(starts, len(keys)))
        place = np.arange(len(keys)) - np.repeat(starts, counts)
        keep = (place < self.most) | np.isin(keys[:, 1], list(self.unbounded))
        if keep.all():
            return found
        for at, number in zip(starts.tolist(), np.add.reduceat(~keep, starts, dtype=np.int64).tolist(), strict=True):
            if number:
                probe, source, distance = keys[at].tolist()
                alike = Alike(asked[probe].subject, source, code, 0, distance, asked[probe].orientation)
                self.further[alike] = self.further.get(alike, 0) + number
        return Found(found.hits[order[keep]])
