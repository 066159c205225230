"""One picture file, fingerprinted: one read, one decode, every hash.

Rules this module upholds:

- All perceptual hashes are of the same decoded pixels (`pixels`), all digests of the same bytes (`source`).
- An animated picture is its first frame, as a still one would be; its frames are hashed besides (`animation`).
- What lies within plain borders is hashed beside the whole picture, from the same decode.
- A picture of one colour is no error: it is fingerprinted with quality 0, which never matches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from node.domain.fingerprints import PictureFingerprints, TrimmedFingerprints, VideoFrame
from node.media.animation import fingerprint_animation
from node.media.borders import cut, find_inside
from node.media.decode import decode_picture
from node.media.frames import Sample
from node.media.pdq import pdq_hashes
from node.media.phash import phash
from node.media.pixels import Pixels
from node.media.source import read_source

_WARM_WIDTH: Final = 64
"""Pixels: more than half of `phash`'s 32 rows and the picture's own height, so that its kernel is used."""


def fingerprint_picture(path: Path, allow: Callable[[int], None]) -> PictureFingerprints:
    """Every fingerprint of a picture file. Raises `MediaError` with the reason for everything that is wrong with it.

    `allow`: told how many seconds of processor time an animation may take, before they are taken.
    """
    source = read_source(path)
    picture = decode_picture(source.data)
    pixels, shown_for, rest = picture.pixels, picture.milliseconds, picture.rest
    pdq = pdq_hashes(pixels.values, pixels.channels)
    still = PictureFingerprints(
        media_type=picture.media_type,
        size=len(source.data),
        md5=source.md5,
        sha1=source.sha1,
        sha256=source.sha256,
        pdq=pdq.orientations[0],
        pdq_quality=pdq.quality,
        pdq_orientations=pdq.orientations,
        phash=phash(pixels.values, pixels.channels),
        width=pixels.width,
        height=pixels.height,
        trimmed=_trimmed(pixels),
    )
    del picture, pixels  # the next frame wants the room
    animation = fingerprint_animation(_first_frame(still), shown_for, rest, still.size, allow)
    return still if animation is None else replace(still, animation=animation)


def _first_frame(still: PictureFingerprints) -> Sample:
    """The picture as the frame with which it begins."""
    inside = still.trimmed
    return Sample(
        VideoFrame(at=0, pdq=still.pdq, quality=still.pdq_quality),
        (VideoFrame(at=0, pdq=inside.pdq_orientations[0], quality=inside.pdq_quality),) if inside else (),
    )


def _trimmed(pixels: Pixels) -> TrimmedFingerprints | None:
    """The hashes of what lies within plain borders; None where there are none."""
    box = find_inside(pixels)
    if box is None:
        return None
    inside = cut(pixels, box)
    pdq = pdq_hashes(inside.values, inside.channels)
    return TrimmedFingerprints(
        box=(box.left, box.top, box.right, box.bottom),
        pdq_quality=pdq.quality,
        pdq_orientations=pdq.orientations,
        phash=phash(inside.values, inside.channels),
    )


def warm() -> None:
    """Compiles every kernel or loads it from Numba's cache, so that no later call has to write a file.

    The blank picture is wide enough for all of them: `phash` leaves narrow ones to Pillow.
    """
    blank = np.zeros((8, 4 * _WARM_WIDTH), np.uint8)
    blank.flags.writeable = False
    pdq_hashes(blank, 4)
    phash(blank, 4)
