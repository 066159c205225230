"""Filling: what a sender puts into the next package of a log.

Rules this module upholds:

- Every receiver accepts a package filled here: bytes are counted as `replica` counts them, with the overhead of the
  wire.
- The receiver's work for a package is bounded, regardless of the log's content. So no log delays others for longer than
  one package.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from node.domain.batch import FRAMING, RUN_ENTRIES, RUN_WORDS, Package
from node.domain.envelope import VERSION
from node.usecases.waiting import weight_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader, LogState, StoredRun


def next_run(reader: LogReader, origin: Origin, start: int, stop: int, run_bytes: int) -> StoredRun:
    """The entries from `start` on that fit one package, up to `stop`; at least one if there is one."""
    run = reader.run(origin, start, min(stop, start + RUN_ENTRIES), run_bytes, framing=FRAMING)
    weights = accumulate(map(weight, run.entries))
    over = next((at for at, sum_of in enumerate(weights) if sum_of > RUN_WORDS), None)
    if over is None:
        return run
    return replace(
        run,
        entries=run.entries[:over],
        nonces=run.nonces[:over],
        bodies=run.bodies[:over],
        handling_nonces=run.handling_nonces[:over],
        handlings=run.handlings[:over],
        states=run.states[:over],
    )


def package_of(log: LogState, start: int, run: StoredRun, shown: Sequence[bool], proof: Sequence[bytes]) -> Package:
    """The package of a run that begins at `start`, with the disclosures that are `shown`. `proof`: from the end of the
    run to the cosigned size.
    """
    return Package(
        origin=log.origin,
        start=start,
        entries=run.entries,
        nonces=_keep(run.nonces, shown),
        bodies=_keep(run.bodies, shown),
        handling_nonces=_keep(run.handling_nonces, shown),
        handlings=_keep(run.handlings, shown),
        checkpoint=log.cosigned,
        proof=proof,
    )


def _keep(column: Sequence[bytes], shown: Sequence[bool]) -> Sequence[bytes]:
    if all(shown):
        return column
    return [each if is_shown else b"" for each, is_shown in zip(column, shown, strict=True)]


def weight(entry: bytes) -> float:
    """How much of `RUN_WORDS` an entry takes, judged by its first bytes."""
    return weight_of(entry[1]) if len(entry) > 1 and entry[0] == VERSION else 0
