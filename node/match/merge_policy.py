"""Decides when the tails of an index justify a new generation. The costs and savings are defined only here.

Rules this module upholds:

- It uses only numbers: `node.match.segmented` counts them, and `node.match.folder` acts on them.
"""

from __future__ import annotations

from typing import Final

MERGE_AT_LEAST: Final = 65_536
"""New fingerprints of a kind from which on a new generation is written. Scanning them costs a search 0.1 ms."""
MERGE_SHARE: Final = 16
"""The number must also exceed this share of all fingerprints. So each fingerprint is written about sixteen times in all
while an index grows."""
FEWEST_COMPARED: Final = 32_768
"""Fewer waiting hashes cost a search less than looking chunks up. They may wait, however many searches there are."""
BUILD_COST: Final = 600.0
"""Nanoseconds of one core that a rebuild needs per fingerprint: a hash of PDQ (`match.build`), or any in its file (a
fifth of `match.keep`, which covers five kinds)."""


def worth_merging(*, waiting: int, settled: int, spent: float, whole: int) -> bool:
    """Tells whether a table justifies a new generation. `waiting` and `settled`: its fingerprints outside and inside
    the present one. `spent`: nanoseconds that searches have spent on comparing the waiting ones, 0 for a kind whose
    searches a generation does not speed up. `whole`: fingerprints of all kinds, which a generation rebuilds.

    A generation is due when the comparisons have cost as much as it would. So the total work is never more than twice
    the optimum.
    """
    if waiting > max(MERGE_AT_LEAST, settled // MERGE_SHARE):
        return True
    return waiting >= FEWEST_COMPARED and spent >= whole * BUILD_COST
