"""Corrects presentation times, so that frames can be sampled by them. Time stamps in a file are hints.

Rules this module upholds:

- Sans-IO: times in, times out. It uses no decoder and no pixels.
- Times start at 0 and never go backwards. Valid stamps are used to the millisecond.
- Stamps that stand still, or are closer together than any camera's frames, are ignored. Frames are counted there, at
  the rate that the file states. So for any number of frames per second, time passes at least one sampling point of
  `sampling`.
- Stamps that jump ahead are used until the sum of the gaps exceeds `MAX_GAPS`: a screen recording may show one frame
  for minutes, a wildlife camera may wait for days. After that, a jump is a fault of the clock, and time continues
  without it.
- `Clock.faults` reports the stamps that were ignored.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from node.media.sampling import LOOKED_FOR, MAX_AT, SECOND

USUAL_RATE: Final = 25.0
"""Frames per second, if the file does not state it."""
LEAST_FRAMES: Final = 25
"""The fewest frames over which the time must advance by `LOOKED_FOR`. A recording of a screen with one frame per second
on average may have 120 frames in one second."""
MOST_FRAMES: Final = 60
"""The most frames over which it must advance. The fastest film that is believed has 300 frames per second."""
LONGEST_STEP: Final = 10.0 * SECOND
"""The most milliseconds between two counted frames."""
GAP: Final = 10.0 * SECOND
"""Milliseconds. A longer time between two frames is a gap."""
MAX_GAPS: Final = 30.0 * 24 * 3_600 * SECOND
"""Milliseconds. The sum of all gaps that is believed: 30 days. `MAX_AT` leaves 19 more days for the frames."""
STANDING: Final = "its time stamps stand still or lie too close together: frames were counted instead"
JUMPING: Final = "its time stamps jump too far: time was counted there"


class Clock:
    """Tells when each frame is shown, in milliseconds. A missing time is the time before plus a step. A time that is
    slightly too early counts as the time before. After a jump back (a spliced stream) the time continues from the last
    frame.
    """

    def __init__(self, rate: float) -> None:
        """`rate`: frames per second as the file states it, or 0."""
        rate = rate if rate > 0 else USUAL_RATE
        self._step = min(SECOND / rate, LONGEST_STEP)
        self._pace = max(self._step, SECOND / MOST_FRAMES)
        self._within = round(min(max(rate, LEAST_FRAMES), MOST_FRAMES))
        self._offset: float | None = None
        self._before: float | None = None
        self._last = 0.0
        self._moved: deque[float] = deque(maxlen=self._within)
        self._counting = False
        self._gaps = 0.0
        self.frames = 0
        self.missing = 0
        self.counted = 0
        self.skipped = 0.0

    @property
    def faults(self) -> tuple[str, ...]:
        """Returns the faults of the time stamps, in plain words for a note."""
        return (*([STANDING] if self.counted else []), *([JUMPING] if self.skipped else []))

    def at(self, time: float | None) -> int:
        """Returns the time of the next frame in the order of presentation. The argument is the stream's own time in
        milliseconds, or None.
        """
        self.frames += 1
        self.missing += time is None
        if self._offset is None:
            self._offset = -time if time is not None else 0.0
            return 0
        told = self._told(time)
        self._moved.append(told - self._last)
        standing = len(self._moved) == self._within and sum(self._moved) < LOOKED_FOR
        if standing:
            caught_up = 1 if self._counting else self._within
            next_one = max(told, self._last + self._pace * caught_up)
            self._offset += next_one - told
            self.counted += caught_up
        else:
            next_one = told
        self._counting = standing
        self._last = min(next_one, float(MAX_AT))
        return round(self._last)

    def _told(self, time: float | None) -> float:
        """Returns the time of the next frame by the time stamps."""
        offset = self._offset or 0.0
        counted = self._last + self._step
        if time is None:
            return counted
        shifted = time + offset
        if self._before is not None and shifted > self._last + SECOND:
            # A few stamps from elsewhere: what comes now goes on from where they broke in.
            again = time + self._before
            if abs(again - self._last) <= SECOND:
                self._offset, self._before = self._before, None
                return max(again, self._last)
        if shifted < self._last - SECOND:
            return self._spliced(shifted, counted)
        if shifted > self._last + GAP:
            self._gaps += shifted - self._last
            if self._gaps > MAX_GAPS:
                self._gaps = MAX_GAPS
                self.skipped += shifted - counted
                return self._spliced(shifted, counted)
        return max(shifted, self._last)

    def _spliced(self, shifted: float, counted: float) -> float:
        """Continues from the time of the last frame, regardless of the stamps."""
        self._before = self._offset
        self._offset = (self._offset or 0.0) + counted - shifted
        return counted
