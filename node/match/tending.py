"""When the hashes that wait in a table's tail are merged into its segment, and the thread that does it.

Rules this module upholds:

- Merging is worth it or not by what it costs and saves (`worth_merging`): said once, here.
- One thread a table, started when there is first something to do; it ends with `close`, in the middle of a merge too.
- A merge that fails is told in the log without a word of what is in the table, and tried again; until then everything
  is found as before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from node.match.crew import Crew
from node.match.flat import Found
from node.match.merging import MergingTable
from node.match.mih_layout import ROW_COST

LOG: Final = logging.getLogger(__name__)

FEWEST_MERGED: Final = 32_768
"""Waiting hashes below which a scan of them costs a search less than looking chunks up does."""
MOST_WAITING: Final = 0.5
"""Waiting hashes a hash of the segment, past which they are merged whether anybody searches or not. Filling a table
from nothing so builds each hash three times over, in the background."""
BUILD_COST: Final = 600.0
"""Nanoseconds a hash that building a segment takes, of one core (bench/match.py)."""
FEWEST_COMPARED: Final = int(FEWEST_MERGED * BUILD_COST / ROW_COST)
"""Pairs compared below which no search makes a merge worth it."""
STALE_SECONDS: Final = 3_600.0
"""For how long a segment's tables may still tell where a removed hash was."""
RETRY_SECONDS: Final = 60.0
"""Between a merge that failed and the next."""


def worth_merging(*, waiting: int, settled: int, compared: int) -> bool:
    """Whether `waiting` hashes should be merged with the `settled` ones of the segment.

    `compared` pairs of a probe and a waiting hash were compared since the last merge: once that has cost as much as a
    merge does, the merge is due. So at no time was more than twice the work done that hindsight would have done.
    """
    if waiting < FEWEST_MERGED:
        return False
    return waiting >= settled * MOST_WAITING or compared * ROW_COST >= (waiting + settled) * BUILD_COST


class _Stopped(Exception):
    """The table is closed: the merge that is under way ends."""


class TendedTable(MergingTable):
    """A `MergingTable` that merges by itself, in a thread of its own. `clock` gives seconds that only go forward."""

    def __init__(self, radius: int, crew: Crew | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(radius, crew)
        self._clock = clock
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._stale_since: float | None = None

    def add(
        self, source: int, rows: NDArray[np.int64], values: NDArray[np.uint8], qualities: NDArray[np.int16]
    ) -> None:
        """As `MergingTable.add`."""
        super().add(source, rows, values, qualities)
        if self._worth():
            self._call()

    def remove(self, source: int, rows: NDArray[np.int64]) -> int:
        """As `MergingTable.remove`; what the segment's tables still tell of it is gone within `STALE_SECONDS`."""
        erased = super().remove(source, rows)
        if self.stale and self._stale_since is None:
            self._stale_since = self._clock()
            self._call()
        return erased

    def search(self, probes: NDArray[np.uint8], radius: int) -> Found:
        """As `MergingTable.search`."""
        found = super().search(probes, radius)
        if self.compared > FEWEST_COMPARED and self._worth():
            self._call()
        return found

    def close(self) -> None:
        """Ends the thread, and waits for it. The table can still be searched and changed, and merges no more."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _worth(self) -> bool:
        return worth_merging(waiting=self.waiting, settled=self.settled, compared=self.compared)

    def _call(self) -> None:
        """Makes sure that a thread looks at what there is to do."""
        with self._wake:
            if self._thread is None and not self._closed:
                # A daemon: who forgets to close the table is not kept from ending.
                self._thread = threading.Thread(target=self._tend, name="vigil-merge", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def _tend(self) -> None:
        pause = False
        while True:
            with self._wake:
                if pause and not self._closed:
                    self._wake.wait_for(lambda: self._closed, RETRY_SECONDS)
                while not self._closed and not self._worth() and self._patience() > 0:
                    self._wake.wait(min(self._patience(), threading.TIMEOUT_MAX))
                if self._closed:
                    return
            pause = not self._merged()
            # What was removed while it was built is in it, and all of it is where that failed.
            self._stale_since = self._clock() if self.stale else None

    def _patience(self) -> float:
        """Seconds for which nothing has to be done on account of what was removed."""
        if self._stale_since is None:
            return float("inf")
        return self._stale_since + STALE_SECONDS - self._clock()

    def _merged(self) -> bool:
        """Merges; whether it went well."""
        try:
            self.merge(self._proceed)
        except _Stopped:
            return True
        except Exception as error:  # noqa: BLE001  (whatever it is: the table goes on as it was)
            LOG.warning("the search index could not be merged (%s): tried again in a minute", type(error).__name__)
            return False
        return True

    def _proceed(self, _done: int, _all: int) -> None:
        if self._closed:
            raise _Stopped
