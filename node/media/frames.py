"""One frame that was sampled, hashed: the whole of it, and what lies within its plain borders.

Rules this module upholds:

- The whole frame is what is kept; the inside is looked for besides and never kept, as of a picture.
- Each frame has the borders that it has: what a dark scene shows of them must not decide for the others.
- A frame has one orientation, as it is: its bits tell the others (`domain.orientations`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from node.domain.fingerprints import VideoFrame
from node.media.borders import cut, find_inside
from node.media.pdq import pdq_hashes
from node.media.pixels import Pixels


@dataclass(frozen=True, slots=True)
class Sample:
    """A frame's hash and that of its inside, both at the same time; None where it has no plain borders."""

    whole: VideoFrame
    inside: VideoFrame | None = None


def sample_of(pixels: Pixels, at: int) -> Sample:
    """The sample of a frame that is shown at `at` milliseconds."""
    return Sample(pdq_hashes(pixels.values, pixels.channels).shown_at(at), inside_of(pixels, at))


def inside_of(pixels: Pixels, at: int) -> VideoFrame | None:
    """What lies within the plain borders of a frame; None where it has none."""
    box = find_inside(pixels)
    if box is None:
        return None
    inside = cut(pixels, box)
    return pdq_hashes(inside.values, inside.channels).shown_at(at)


def kept_of(kept: Iterable[Sample]) -> tuple[VideoFrame, ...]:
    """What is kept of these."""
    return tuple(sample.whole for sample in kept)


def looked_for(kept: Iterable[Sample], between: Iterable[Sample]) -> tuple[VideoFrame, ...]:
    """What is looked for besides, in order: the frames between those kept, and the insides of all."""
    frames = [sample.whole for sample in between]
    frames += [sample.inside for sample in (*kept, *between) if sample.inside is not None]
    return tuple(sorted(frames, key=lambda frame: frame.at))
