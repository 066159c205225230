"""Decides when the tails of an index justify a new generation. The costs and savings are defined only here.

Rules this module upholds:

- It uses only numbers: `node.match.segmented` counts them, and `node.match.folder` acts on them.
"""

from __future__ import annotations

from typing import Final

MERGE_AT_LEAST: Final = 65_536
"""New fingerprints of a kind for which a new generation is made: to scan them costs a search 0.1 ms."""
MERGE_SHARE: Final = 16
"""And a sixteenth of what there is: so each fingerprint is written about sixteen times in all while an index grows."""
FEWEST_COMPARED: Final = 32_768
"""Waiting hashes below which a scan of them costs a search less than looking chunks up does: they may wait however much
is searched."""
BUILD_COST: Final = 600.0
"""Nanoseconds a fingerprint that a rebuild takes, of one core: a hash of PDQ (`match.build`), or any in its file
(a fifth of `match.keep`, which is of five kinds together)."""


def worth_merging(*, waiting: int, settled: int, spent: float, whole: int) -> bool:
    """Whether a table makes a new generation worth it, of whose fingerprints `waiting` wait and `settled` do not.

    `spent`: nanoseconds that searches have spent on comparing those that wait since the last generation, 0 for a kind
    whose searches a generation does not spare that. `whole`: fingerprints of all kinds, which a generation rebuilds.
    Once comparing has cost as much as that does, it is due: so at no time was more than twice the work done that
    hindsight would have done.
    """
    if waiting > max(MERGE_AT_LEAST, settled // MERGE_SHARE):
        return True
    return waiting >= FEWEST_COMPARED and spent >= whole * BUILD_COST
