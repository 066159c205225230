"""Selects the frames of a video or an animated picture by the time at which they are shown.

Rules this module upholds:

- Sans-IO: times in, decisions out. It uses no decoder and no pixels.
- Only the times of decoded frames decide. The length, rate and number of frames that the file states are ignored, so
  false values have no effect.
- One frame per second is kept: the first that is shown at or after each whole second. If there are fewer than `FEW`
  such seconds, frames a quarter of a second apart are kept instead.
- At most `MAX_FRAMES` are kept, for a video of any length: if there are more, every second one is dropped, and the
  distance doubles from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

MAX_FRAMES: Final = 3_600
"""The most frames that are kept of a video: an hour with one per second; three hours with one every four seconds. A
body can hold them all (`statements.MAX_FINGERPRINTS`)."""
SECOND: Final = 1_000
"""Milliseconds."""
LOOKED_FOR: Final = 200
"""Milliseconds between the frames that are searched. Measured on a hand-held clip with fast motion, with copies that
begin a fraction of a second later: a search once per second finds 31 % of the kept frames, four times per second 60 %,
five times 74 %."""
FEW: Final = 4
"""Seconds. A shorter video is short."""
SHORT_STEP: Final = 250
"""Milliseconds between the kept frames of a short video."""
MAX_INSIDES: Final = 3
"""The most hashes of insides of one frame, in addition to the hash of the whole: `videos.LOOK` together."""
MAX_AT: Final = 2**32 - 1
"""Milliseconds: the latest time that a record can state, 49 days."""

_SampleT = TypeVar("_SampleT")


@dataclass(frozen=True, slots=True)
class Sampled(Generic[_SampleT]):
    """The samples of a video: `frames` are kept, `between` are only searched. Both are (milliseconds, sample)
    in order.
    """

    frames: list[tuple[int, _SampleT]]
    between: list[tuple[int, _SampleT]]


class Sampler(Generic[_SampleT]):
    """Selects frames: `wants` asks for a frame, `take` takes it, and `finish` returns which are kept."""

    def __init__(self) -> None:
        self._step = SECOND
        self._frames: list[tuple[int, _SampleT]] = []
        self._between: list[tuple[int, _SampleT]] = []
        self._next_frame = 0
        self._next_between = 0
        self._next_short = 0
        self._short: list[tuple[int, _SampleT]] = []

    def wants(self, at: int) -> bool:
        """Tells whether the frame at `at` (milliseconds, never decreasing) must be hashed."""
        return at >= self._next_frame or at >= self._next_between or self._is_short(at)

    def _is_short(self, at: int) -> bool:
        return self._next_short <= at < FEW * SECOND

    def take(self, at: int, sample: _SampleT) -> None:
        """Takes the requested frame."""
        if self._is_short(at):
            self._short.append((at, sample))
            self._next_short = at - at % SHORT_STEP + SHORT_STEP
        if at >= self._next_frame:
            self._frames.append((at, sample))
            self._next_frame = at - at % self._step + self._step
        elif at >= self._next_between:
            self._between.append((at, sample))
        else:
            return
        apart = LOOKED_FOR * self._step // SECOND
        self._next_between = at - at % apart + apart
        if len(self._frames) > MAX_FRAMES:
            self._thin()

    def _thin(self) -> None:
        """Drops every second frame, also of those between."""
        self._step *= 2
        self._frames = self._frames[::2]
        self._between = self._between[::2]
        last = self._frames[-1][0]
        self._next_frame = last - last % self._step + self._step

    def finish(self) -> Sampled[_SampleT]:
        """Returns the samples of the whole video."""
        if self._frames and self._frames[-1][0] >= (FEW - 1) * SECOND:
            return Sampled(self._frames, self._between)
        kept = {at for at, _ in self._short}
        return Sampled(self._short, [each for each in self._between if each[0] not in kept])
