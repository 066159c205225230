"""Entries that came from a file: which of their bodies the hub is still to be asked for.

Rules this module upholds:

- A file does not disclose everything that this node may read: its writer may not hold it, or may not hand it on. So an
  entry without a body, which the hub would never send without it if it were for us, may be for us after all.
- The entries of each log that came from files are noted as one range, before the first of them is stored. A note may
  cover too much, and never too little.
- Each entry of a range is asked for once. The answer and the progress are stored together.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from node.domain.batch import RUN_BYTES, BodyState
from node.domain.ids import Origin

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from node.domain.log_ports import LogReader
    from node.domain.setting_ports import SettingReader, SettingWriter
    from node.domain.stores import LogStore

NOTES: Final = "entries-from-files"
LOOK_AT: Final = 4_096
"""How many entries are looked at for one request."""
Ranges = dict[Origin, tuple[int, int]]
"""For each log: (first, one past the last) of the entries that came from files."""


def read_ranges(tx: SettingReader) -> Ranges:
    """As they were noted."""
    kept = json.loads(tx.setting(NOTES) or b"{}")
    return {Origin.parse(name): (start, stop) for name, (start, stop) in kept.items()}


def note_entries(store: LogStore, origin: Origin, start: int, stop: int) -> None:
    """Notes entries that are about to come from a file. Durable when it returns."""
    with store.read() as tx:
        known = read_ranges(tx).get(origin)
    if known is not None and known[0] <= start and stop <= known[1]:
        return
    with store.write() as tx:
        ranges = read_ranges(tx)
        first, last = ranges.get(origin, (start, stop))
        _put(tx, {**ranges, origin: (min(first, start), max(last, stop))})


def advance(tx: SettingWriter, origin: Origin, start: int) -> None:
    """The entries before `start` were asked for. Call it in the transaction that stores the answer."""
    ranges = read_ranges(tx)
    if origin in ranges:
        stop = ranges.pop(origin)[1]
        _put(tx, ranges if start >= stop else {**ranges, origin: (start, stop)})


def _put(tx: SettingWriter, ranges: Mapping[Origin, tuple[int, int]]) -> None:
    tx.set_setting(NOTES, json.dumps({str(origin): each for origin, each in ranges.items()}).encode("ascii"))


def closed(tx: LogReader, origin: Origin, start: int, stop: int, limit: int) -> tuple[list[int], int]:
    """(At most `limit` entries from `start` on that were taken for not for us, where to look on)."""
    found: list[int] = []
    end = min(stop, start + LOOK_AT)
    while start < end:
        run = tx.run(origin, start, end, RUN_BYTES)
        for at, state in enumerate(run.states):
            if state == BodyState.NOT_FOR_US:
                found.append(start + at)
                if len(found) == limit:
                    return found, start + at + 1
        start += len(run.entries)
    return found, end


def answered(asked: Collection[int], given: Collection[int], following: int) -> int:
    """Where to look on after the hub answered. It leaves out what we may not read, and the last ones of an answer that
    would be too long: so what comes after the last one given is asked for again.
    """
    last = max(given, default=-1)
    return last + 1 if given and any(each > last for each in asked) else following
