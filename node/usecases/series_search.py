"""Finds the records of a series: by their bodies, which alone say it.

Rules this module upholds:

- The series of a record is not indexed, so all logs are read, in runs. A body is decoded only if it has the name in it.
- The search is bounded (`MOST_READ`), and says whether it read everything.
- Damaged data ends the reading of its log alone, and the result then says that not everything was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.batch import READ_BYTES, BodyState
from node.domain.ids import RecordId
from node.domain.statements import Contribution
from node.errors import Damaged, Malformed
from node.usecases.purging import leaf_at, root_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.log_ports import LogReader, LogState, StoredRun
    from node.domain.ports import Codec

MOST_READ: Final = 1_000_000
"""Entries that are read: some 500 MB of records of pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFound:
    """`records`: the first versions of the records of a series, in the order of their hashes; `is_whole`: everything
    was read.
    """

    records: list[RecordId]
    is_whole: bool


def find_series(reader: LogReader, codec: Codec, series: str, most: int) -> SeriesFound:
    """The records of every member, at most `most`, whose newest version is of this series."""
    needle, found, left, is_whole = series.encode(), set[RecordId](), MOST_READ, True
    for log in sorted(reader.logs(), key=lambda each: each.origin):
        if log.origin.stream != "log":
            continue
        for run in _runs(reader, log, left):
            if run is None:
                is_whole = False
                break
            left -= len(run.entries)
            for at in _with(run, needle):
                if _is_of(codec, run.entries[at][1], run.bodies[at], series):
                    index = run.start + at
                    found.add(root_of(reader, log.origin, index, leaf_at(reader, log.origin, index))[0])
            if left <= 0 or len(found) >= most:
                ordered = sorted(found, key=lambda each: (each.leaf, each.origin))
                return SeriesFound(records=ordered[:most], is_whole=False)
    return SeriesFound(records=sorted(found, key=lambda each: (each.leaf, each.origin)), is_whole=is_whole)


def _runs(reader: LogReader, log: LogState, most: int) -> Iterator[StoredRun | None]:
    """The runs of a log, the first `most` entries at most; None where damaged data ends it."""
    start, stop = 0, min(log.size, most)
    while start < stop:
        try:
            run = reader.run(log.origin, start, stop, READ_BYTES)
        except Damaged:
            yield None
            return
        yield run
        start += len(run.entries)


def _with(run: StoredRun, needle: bytes) -> Iterator[int]:
    """The positions in a run whose stored bodies have these bytes in them."""
    for at, body in enumerate(run.bodies):
        if run.states[at] == BodyState.HELD and needle in body:
            yield at


def _is_of(codec: Codec, kind: int, body: bytes, series: str) -> bool:
    try:
        said = codec.decode_body(kind, body)
    except Malformed:
        return False  # damaged since it was verified: fsck names it
    return isinstance(said, Contribution) and said.series == series
