"""The frames of an animated picture: sampled and hashed as those of a video are.

Rules this module upholds:

- Frames are those of `sampling`, by how long a viewer shows each, as of a video. An animation is often a row of
  pictures that each stand for a fraction of a second, so every frame is hashed, and those that are unlike the one
  before them are kept too: a copy of any frame is near one that is kept.
- The first frame is the picture, and is hashed already; nothing that comes behind it can cost the file that.
- What can be read is kept: of an animation that is damaged, cut short or too long for its time, the frames up to there,
  and a note that says so.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from node.domain.fingerprints import PDQ_QUALITY_FLOOR, PDQ_RADIUS, Animation, VideoFrame
from node.domain.videos import evenly
from node.errors import MediaError
from node.media.pdq import PdqHashes, pdq_hashes
from node.media.sampling import MAX_AT, MAX_FRAMES, Sampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.media.decode import ShownFrame

BASE_SECONDS: Final = 60
"""Processor time of the frames of a small file: some 6,000 of 1280 x 720 pixels, at 9 to 26 ms each."""
SECONDS_A_MEGABYTE: Final = 4
"""Processor time for each million bytes on top: 20 times and more what a megabyte of noisy frames takes to decode."""
UNLIKE: Final = PDQ_RADIUS // 2
"""Bits past which a frame is unlike the last one that was kept for being so. Half of the radius: what is up to 16 bits
from any frame is then within the radius of one that is kept."""
_GRACE_SECONDS: Final = 30
"""Between the end of decoding by our own clock and the end that the kernel would make: for one frame more."""


def fingerprint_animation(
    first: PdqHashes, shown_for: int, rest: Iterator[ShownFrame], size: int, allow: Callable[[int], None]
) -> Animation | None:
    """What `rest` shows after the first frame, itself shown for `shown_for` milliseconds; None where that is nothing.

    `size`: bytes of the file. `allow`: told how many seconds of processor time it may take, before they are taken.
    """
    kept = _Kept(first)
    frames, at = 1, shown_for
    note, stop = "", float("inf")
    try:
        for frame in rest:
            if frames == 1:
                seconds = BASE_SECONDS + SECONDS_A_MEGABYTE * size // 1_000_000
                allow(seconds + _GRACE_SECONDS)
                stop = time.process_time() + seconds
            kept.take(pdq_hashes(frame.pixels.values, frame.pixels.channels).shown_at(at))
            frames += 1
            at = min(at + frame.milliseconds, MAX_AT)
            if time.process_time() > stop:
                note = "decoding all of them takes too long"
                break
    except MediaError as error:
        note = str(error)
    except MemoryError:
        note = "hashing the next one takes more memory than a worker may have"
    if frames == 1 and not note:
        return None
    note = f"only its first {frames} frames were read: {note}" if note else ""
    return Animation(frames=kept.frames(), between=kept.between(), milliseconds=at, note=note)


class _Kept:
    """Takes every frame in order, the first one first, and says at the end which are kept."""

    def __init__(self, first: PdqHashes) -> None:
        self._sampler: Sampler[VideoFrame] = Sampler()
        self._unlike: list[VideoFrame] = []
        self.take(first.shown_at(0))

    def take(self, frame: VideoFrame) -> None:
        if self._sampler.wants(frame.at):
            self._sampler.take(frame.at, frame)
        if frame.quality >= PDQ_QUALITY_FLOOR and (not self._unlike or _apart(frame, self._unlike[-1]) > UNLIKE):
            self._unlike.append(frame)

    def frames(self) -> tuple[VideoFrame, ...]:
        kept = dict(self._sampler.finish().frames)
        others = [frame for frame in self._unlike if frame.at not in kept]
        kept |= {others[place].at: others[place] for place in evenly(len(others), MAX_FRAMES - len(kept))}
        return tuple(kept[at] for at in sorted(kept))

    def between(self) -> tuple[VideoFrame, ...]:
        kept = {frame.at for frame in self.frames()}
        return tuple(frame for at, frame in self._sampler.finish().between if at not in kept)


def _apart(one: VideoFrame, other: VideoFrame) -> int:
    """Bits between two frames."""
    return (int.from_bytes(one.pdq) ^ int.from_bytes(other.pdq)).bit_count()
