"""The frames of an animated picture, sampled and hashed like the frames of a video.

Rules this module upholds:

- `sampling` selects frames by the time for which a viewer shows each one, as for a video. An animation often shows each
  picture for a fraction of a second. So every frame is hashed, and frames that differ from all earlier ones are kept
  too, up to the number that a record holds. A copy of any frame is near one that is kept.
- The first frame is the picture, and its hash exists already. A failure in a later frame does not affect it.
- If an animation is damaged, cut short or too slow to decode, the frames up to that point are kept, with a note.
- If a resource of this machine ran out, the error says so (`shortage`), and the file is tried again in a new worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from node.domain.fingerprint_kinds import PDQ_QUALITY_FLOOR, PDQ_RADIUS
from node.domain.material import Animation, VideoFrame
from node.domain.videos import evenly
from node.errors import MediaError
from node.media.frames import Sample, insides_of, kept_of, looked_for
from node.media.pdq import pdq_hashes
from node.media.sampling import MAX_AT, MAX_FRAMES, Sampler
from node.media.shortage import MEMORY, Shortage

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from node.media.allowance import Time
    from node.media.pixels import Pixels
    from node.media.still_frames import ShownFrame

BASE_SECONDS: Final = 60
"""Processor time of the frames of a small file: some 6,000 of 1280 x 720 pixels, at 9 to 26 ms each."""
SECONDS_A_MEGABYTE: Final = 4
"""Processor time for each million bytes on top: 20 times and more what a megabyte of noisy frames takes to decode."""
UNLIKE: Final = PDQ_RADIUS // 2
"""A frame is unlike another if more bits differ. This is half of the radius, so a frame within 16 bits of any frame is
within the radius of a frame that is kept."""
_WORDS: Final = 4
"""Words of 64 bits in a PDQ hash."""


def processor_seconds(size: int) -> int:
    """Returns the processor time (seconds) that the frames of a file of `size` bytes may take."""
    return BASE_SECONDS + SECONDS_A_MEGABYTE * size // 1_000_000


def fingerprint_animation(
    first: Sample, shown_for: int, rest: Iterator[ShownFrame], given: Time
) -> tuple[Animation | None, str, bool]:
    """Fingerprints the frames after the first one, within the given time. `shown_for`: how long the first frame is
    shown, in milliseconds. Returns three values: the fingerprints, or None if no frame follows; the reason why not all
    frames were read, or ""; whether a lack of our resources is the reason. Raises `MemoryError` if even the frames that
    were read do not fit in memory.
    """
    kept = _Kept(first)
    frames, at = 1, min(shown_for, MAX_AT)
    note, lacking = "", False
    try:
        for frame in rest:
            kept.take(frame.pixels, at)
            frames += 1
            at = min(at + frame.milliseconds, MAX_AT)
            del frame  # the next one wants the room
            if given.is_up():
                note = "decoding all of them takes too long"
                break
    except MediaError as error:
        note, lacking = str(error), isinstance(error, Shortage)
    except MemoryError:
        note, lacking = f"hashing the next one {MEMORY}", True
    read = "first frame was" if frames == 1 else f"first {frames} frames were"
    note = note and f"only its {read} read: {note}"
    return (None if frames == 1 else kept.finish(at)), note, lacking


class _Kept:
    """Takes every frame in order, and selects the frames that are kept."""

    def __init__(self, first: Sample) -> None:
        self._sampler: Sampler[Sample] = Sampler()
        self._unlike: list[Sample] = []
        self._words = np.empty((MAX_FRAMES, _WORDS), dtype=np.uint64)
        self._keep(first, sampled=self._sampler.wants(first.whole.at), unlike=self._is_unlike(first.whole))

    def take(self, pixels: Pixels, at: int) -> None:
        frame = pdq_hashes(pixels.values, pixels.channels).shown_at(at)
        sampled, unlike = self._sampler.wants(at), self._is_unlike(frame)
        if sampled or unlike:
            self._keep(Sample(frame, insides_of(pixels, at)), sampled=sampled, unlike=unlike)

    def _is_unlike(self, frame: VideoFrame) -> bool:
        """Tells whether a frame is unlike all earlier frames that were unlike. A frame that can never match is not."""
        count = len(self._unlike)
        if frame.quality < PDQ_QUALITY_FLOOR or count == len(self._words):
            return False
        apart = np.bitwise_count(self._words[:count] ^ _words(frame)).sum(axis=1)
        return not (apart <= UNLIKE).any()

    def _keep(self, sample: Sample, *, sampled: bool, unlike: bool) -> None:
        if sampled:
            self._sampler.take(sample.whole.at, sample)
        if unlike:
            self._words[len(self._unlike)] = _words(sample.whole)
            self._unlike.append(sample)

    def finish(self, milliseconds: int) -> Animation:
        """Returns the sampled frames and the unlike frames. If both are many, each gets half of the room. The other
        frames are searched, but not kept.
        """
        done = self._sampler.finish()
        unlike = {id(sample) for sample in self._unlike}
        others = [sample for _, sample in done.frames if id(sample) not in unlike]
        sampled = evenly(len(others), max(MAX_FRAMES - len(self._unlike), MAX_FRAMES // 2))
        chosen = evenly(len(self._unlike), MAX_FRAMES - len(sampled))
        kept = _in_order([others[place] for place in sampled] + [self._unlike[place] for place in chosen])
        ids = {id(sample) for sample in kept}
        rest = {id(sample): sample for sample in (*self._unlike, *others, *(sample for _, sample in done.between))}
        between = _in_order([sample for number, sample in rest.items() if number not in ids])
        return Animation(frames=kept_of(kept), between=looked_for(kept, between), milliseconds=milliseconds)


def _in_order(samples: list[Sample]) -> list[Sample]:
    return sorted(samples, key=lambda sample: sample.whole.at)


def _words(frame: VideoFrame) -> npt.NDArray[np.uint64]:
    return np.frombuffer(frame.pdq, dtype=np.uint64)
