"""The messages of a worker about one file, and the processor time that it sets for each step.

Rules this module upholds:

- Three lines may come before a result: the previews, a request for more processor time (for moving pictures), which the
  worker then sets itself, and a line that says that the file needs more time than it got.
- A worker that ran out of a resource, or whose memory has grown, asks for its replacement, sends one more line and then
  nothing. Another worker continues from there.
"""

from __future__ import annotations

import gc
import os
import time
from typing import Final

from node.domain.material import DigestFingerprints, MaterialFingerprints, PictureFingerprints
from node.errors import MediaError
from node.media import confine, replies
from node.media.allowance import Allow, Time, Wish, grace
from node.media.budget import Limits, limits_of_part
from node.media.orders import Orders
from node.media.shortage import Shortage, Usage, usage
from node.media.subject_replies import Begun, Done

GROWTH_BYTES: Final = confine.MEMORY_BYTES // 3
"""Address space by which a worker may grow between files. The allocator keeps up to half of it on purpose (`pool`)."""
GROWTH_THREADS: Final = 8
"""Threads by which a worker may grow. Libraries may keep a few, and no file needs more than one or two."""
_MOST_UNCOLLECTED: Final = 64
"""Subjects without pictures after which garbage is collected. An archive may have 100,000 small ones."""


class Replaced(Exception):
    """This worker has asked for its replacement, so it reports no more of its file."""


class Speaker:
    """Reports the findings (`inside.Talk`). `ends`: this worker is replaced after the file in any case."""

    def __init__(self, replies_to: int, told: Orders, at_first: Usage, *, ends: bool) -> None:
        self._replies_to = replies_to
        self._told = told
        self._at_first = at_first
        self._ends = ends
        self._open = len(told.at)
        self._allowance: Allowance | None = None
        self._decoded = False
        self._subjects = 0

    def begun(self, begun: Begun) -> None:
        """See `Talk`."""
        self._open += 1
        self._say(begun)

    def found(self, result: MaterialFingerprints) -> None:
        """See `Talk`. It also reports that the file itself wants more time. A part has no second turn."""
        if self._allowance:
            self._allowance.show(result)
        costly = self._allowance.unmet() if self._allowance and self._open == 1 else None
        if costly:
            self._say(costly)
        self._decoded = self._decoded or not isinstance(result, DigestFingerprints)
        self._say(result)

    def lacked(self, result: MaterialFingerprints) -> None:
        """See `Talk`."""
        if self._allowance:
            self._allowance.show(result)
        self._say(replies.Spent(short=True))
        self._say(result)
        raise Replaced

    def done(self, note: str) -> None:
        """See `Talk`."""
        self._open -= 1
        self._subjects += 1
        if self._decoded or not self._open or not self._subjects % _MOST_UNCOLLECTED:
            gc.collect()
            self._decoded = False
        worn = (self._ends and not self._open) or _has_grown(self._at_first)
        if worn:
            self._say(replies.Spent(short=False))
        self._say(Done(note=note))
        if worn:
            raise Replaced

    def cannot(self, error: MediaError) -> None:
        """Reports that the file cannot be read, or not further."""
        if isinstance(error, Shortage):
            self._say(replies.Spent(short=True))
        self._say(error)

    def time_to_look(self, size: int, left: float | None = None) -> Allow:
        """See `Talk`."""
        told = self._told
        limits = told.limits if left is None else limits_of_part(told.floor, size, left)
        self._allowance = Allowance(limits, self._replies_to)
        return self._allowance

    def time_to_read(self, size: int, seconds: float = 0.0) -> None:
        """See `Talk`."""
        confine.renew_processor_time(int(seconds) + grace(size))

    def _say(self, said: replies.Said) -> None:
        send(self._replies_to, replies.write_reply(said))


class Allowance:
    """The time of one subject (`Allow`), and whether it wanted more."""

    def __init__(self, limits: Limits, replies_to: int) -> None:
        self._limits = limits
        self._replies_to = replies_to
        self._wish: Wish | None = None
        self._given: Time | None = None
        self._seconds = 0
        self._has_shown = False
        confine.renew_processor_time(limits.first)

    def __call__(self, wish: Wish, so_far: PictureFingerprints | None = None) -> Time:
        """See `Allow`. It tells the pool, which waits for this time."""
        if so_far is not None:
            self.show(so_far)
        at_most = self._limits.moving if wish.cost <= self._limits.moving else self._limits.costly
        self._wish, self._seconds = wish, min(wish.seconds, at_most)
        confine.renew_processor_time(self._seconds + grace(wish.size))
        asked = replies.MoreTime(seconds=self._seconds + grace(wish.size), so_far=so_far)
        send(self._replies_to, replies.write_reply(asked))
        self._given = Time(until=time.process_time() + self._seconds)
        return self._given

    def show(self, result: MaterialFingerprints) -> None:
        """Sends the previews of the subject, if there are any, once. They come before all that depends on the rest of
        it, so that they are kept with a partial result.
        """
        if result.previews and not self._has_shown:
            self._has_shown = True
            send(self._replies_to, replies.write_reply(replies.Previewed(previews=result.previews)))

    def unmet(self) -> replies.Costly | None:
        """Returns the message for a file that was cut short, though it may have more time by its size;
        otherwise None.
        """
        if self._wish is None or self._given is None or not self._given.was_up or self._seconds >= self._wish.seconds:
            return None
        return replies.Costly(cost=self._wish.cost, most=self._wish.seconds)


def _has_grown(at_first: Usage) -> bool:
    """Tells whether this worker uses much more memory than at first, or cannot determine it."""
    try:
        now = usage()
    except (OSError, MemoryError):
        return True
    return now.now_bytes > at_first.now_bytes + GROWTH_BYTES or now.threads > at_first.threads + GROWTH_THREADS


def send(descriptor: int, line: bytes) -> None:
    """Writes a complete line."""
    while line:
        line = line[os.write(descriptor, line) :]
