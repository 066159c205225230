"""Hashes one sampled frame: the whole frame, and the area inside its plain borders.

Rules this module upholds:

- The hash of the whole frame is stored. The hash of the inside is used in searches and never stored, as for a picture.
- Borders are found for each frame separately, so a dark scene does not decide for the other frames.
- A frame is hashed in one orientation. The others follow from its bits (`domain.orientations`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from node.domain.material import VideoFrame
from node.media.borders import Box, cut, find_inside
from node.media.pdq import PdqHashes, pdq_hashes
from node.media.pixels import Pixels


@dataclass(frozen=True, slots=True)
class Sample:
    """The hash of a frame, and the hashes inside its plain borders, if it has any. All have the same time."""

    whole: VideoFrame
    insides: tuple[VideoFrame, ...] = ()


def sample_of(pixels: Pixels, at: int) -> Sample:
    """Returns the sample of a frame that is shown at `at` milliseconds."""
    return Sample(_hashed(pixels).shown_at(at), insides_of(pixels, at))


def _hashed(pixels: Pixels) -> PdqHashes:
    return pdq_hashes(pixels.values, pixels.channels)


def insides_of(pixels: Pixels, at: int) -> tuple[VideoFrame, ...]:
    """Returns the hashes inside the plain borders of a frame. If all four sides have borders, it also hashes the areas
    inside the horizontal and inside the vertical borders alone, because a film with its own bars may have been put into
    a letterbox.
    """
    return insides_within(pixels, find_inside(pixels), at)


def insides_within(pixels: Pixels, box: Box | None, at: int) -> tuple[VideoFrame, ...]:
    """The same for a known inner box (`find_inside`)."""
    if box is None:
        return ()
    boxes = [box]
    if box.bottom - box.top < pixels.height and box.right - box.left < pixels.width:
        boxes += [replace(box, left=0, right=pixels.width), replace(box, top=0, bottom=pixels.height)]
    return tuple(_hashed(cut(pixels, each)).shown_at(at) for each in boxes)


def kept_of(kept: Iterable[Sample]) -> tuple[VideoFrame, ...]:
    """Returns the hashes that are kept."""
    return tuple(sample.whole for sample in kept)


def looked_for(kept: Iterable[Sample], between: Iterable[Sample]) -> tuple[VideoFrame, ...]:
    """Returns the hashes that are only searched, in order: the frames between the kept ones, and the insides of all
    frames.
    """
    frames = [sample.whole for sample in between]
    frames += [inside for sample in (*kept, *between) for inside in sample.insides]
    return tuple(sorted(frames, key=lambda frame: frame.at))
