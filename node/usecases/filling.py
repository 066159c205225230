"""Filling: what a sender puts into the next package of a log.

Rules this module upholds:

- What is filled here, every receiver takes: bytes are counted as `replica` counts them, with what the wire adds.
- A package is a piece of work of a bounded size for whoever takes it, whatever its log consists of. So no log keeps
  others waiting for longer than one package.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from node.domain.batch import FRAMING, RUN_ENTRIES, RUN_WORDS
from node.domain.envelope import TARGETING, VERSION

if TYPE_CHECKING:
    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader, StoredRun


def next_run(reader: LogReader, origin: Origin, start: int, stop: int, run_bytes: int) -> StoredRun:
    """The entries from `start` on that fit one package, at most to `stop`; at least one where there is one."""
    run = reader.run(origin, start, min(stop, start + RUN_ENTRIES), run_bytes, framing=FRAMING)
    words = (at for at, entry in enumerate(run.entries) if is_word(entry))
    over = next(islice(words, RUN_WORDS, None), None)
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


def is_word(entry: bytes) -> bool:
    """Whether an entry points at another, as far as its first bytes tell."""
    return len(entry) > 1 and entry[0] == VERSION and entry[1] in TARGETING
