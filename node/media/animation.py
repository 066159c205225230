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
from node.media.frames import Sample, insides_of, kept_of, looked_for
from node.media.pdq import pdq_hashes
from node.media.sampling import MAX_AT, MAX_FRAMES, Sampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.media.decode import ShownFrame
    from node.media.pixels import Pixels

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
    first: Sample, shown_for: int, rest: Iterator[ShownFrame], size: int, allow: Callable[[int], None]
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
            kept.take(frame.pixels, at)
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
    shown, between = kept.finish()
    read = "first frame was" if frames == 1 else f"first {frames} frames were"
    return Animation(
        frames=shown, between=between, milliseconds=at, note=f"only its {read} read: {note}" if note else ""
    )


class _Kept:
    """Takes every frame in order, the first one first, and says at the end which are kept."""

    def __init__(self, first: Sample) -> None:
        self._sampler: Sampler[Sample] = Sampler()
        self._last: VideoFrame | None = None
        self._unlike: list[Sample] = []
        self._passed, self._every = 0, 1
        self._keep(first, sampled=self._sampler.wants(first.whole.at))

    def take(self, pixels: Pixels, at: int) -> None:
        frame = pdq_hashes(pixels.values, pixels.channels).shown_at(at)
        sampled = self._sampler.wants(at)
        if sampled or self._is_unlike(frame):
            self._keep(Sample(frame, insides_of(pixels, at)), sampled=sampled)

    def _is_unlike(self, frame: VideoFrame) -> bool:
        """Whether it is unlike the last that was so; what can never match is not."""
        return frame.quality >= PDQ_QUALITY_FLOOR and (self._last is None or _apart(frame, self._last) > UNLIKE)

    def _keep(self, sample: Sample, *, sampled: bool) -> None:
        if sampled:
            self._sampler.take(sample.whole.at, sample)
        if self._is_unlike(sample.whole):
            self._last = sample.whole
            if self._passed % self._every == 0:
                self._unlike.append(sample)
            self._passed += 1
            if len(self._unlike) > 2 * MAX_FRAMES:  # however many there are, memory is bounded, and they stay even
                self._unlike, self._every = self._unlike[::2], 2 * self._every

    def finish(self) -> tuple[tuple[VideoFrame, ...], tuple[VideoFrame, ...]]:
        """(Frames that are kept, further ones that are looked for)."""
        done = self._sampler.finish()
        kept = dict(done.frames)
        others = [sample for sample in self._unlike if sample.whole.at not in kept]
        kept |= {others[place].whole.at: others[place] for place in evenly(len(others), MAX_FRAMES - len(kept))}
        in_order = [kept[at] for at in sorted(kept)]
        return kept_of(in_order), looked_for(in_order, [sample for at, sample in done.between if at not in kept])


def _apart(one: VideoFrame, other: VideoFrame) -> int:
    """Bits between two frames."""
    return (int.from_bytes(one.pdq) ^ int.from_bytes(other.pdq)).bit_count()
