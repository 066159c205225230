"""Fingerprints one picture file: decodes it once for all hashes.

Rules this module upholds:

- All perceptual hashes come from the same decoded pixels (`pixels`). The digests are of the whole file, and `examine`
  has computed them before.
- The picture of an animated file is its first frame. All its frames are hashed too (`animation`).
- The area inside plain borders is hashed in addition to the whole picture, from the same pixels.
- A picture of one colour is not an error: its fingerprint has quality 0, which never matches.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from node.domain.material import DigestFingerprints, PictureFingerprints, TrimmedFingerprints
from node.media.allowance import MAX_COST, PIXELS_A_SECOND, Allow, Wish
from node.media.animation import fingerprint_animation, processor_seconds
from node.media.borders import Box, cut, find_inside
from node.media.decode import decode_picture
from node.media.frames import Sample, insides_within
from node.media.pdq import pdq_hashes
from node.media.phash import phash
from node.media.pixels import Pixels
from node.media.previewing import preview_of
from node.media.region import Region
from node.media.shortage import MEMORY, Shortage
from node.media.transparency import composed, composed_looks

MAX_PICTURE_BYTES: Final = 512 * 1024 * 1024
"""The most bytes of a picture file that is decoded. A 200-megapixel photograph with 8 bits per channel takes 600 MB
uncompressed. In the formats of cameras it takes less than 200 MB."""
_WARM_WIDTH: Final = 64
"""Pixels: more than half of `phash`'s 32 rows and the picture's own height, so that its kernel is used."""


def fingerprint_picture(
    region: Region, digests: DigestFingerprints, allow: Allow, *, previews: bool = False
) -> PictureFingerprints:
    """Returns all fingerprints of a picture. `region`: its location; `digests`: of the whole file or part; `previews`:
    also make its preview, of the first frame. Raises `MediaError` with the reason if it cannot be decoded, and
    `Shortage`, with the partial result, if a resource of ours ran out.
    """
    picture = decode_picture(region.all(MAX_PICTURE_BYTES))
    pixels, rest, shown_for, frames = picture.pixels, picture.rest, picture.milliseconds, picture.frames
    pdq = pdq_hashes(pixels.values, pixels.channels)
    box = find_inside(pixels)
    still = PictureFingerprints(
        media_type=picture.media_type,
        size=digests.size,
        md5=digests.md5,
        sha1=digests.sha1,
        sha256=digests.sha256,
        pdq=pdq.orientations[0],
        pdq_quality=pdq.quality,
        pdq_orientations=pdq.orientations,
        phash=phash(pixels.values, pixels.channels),
        width=pixels.width,
        height=pixels.height,
        trimmed=None if box is None else _trimmed(pixels, box),
        composed=composed_looks(pixels, picture.alpha, pdq),
        note=picture.note,
        previews=(preview_of(pixels),) if previews else (),
    )
    if rest is None:
        return still
    first = Sample(pdq.shown_at(0), insides_within(pixels, box, 0))
    del picture, pixels  # the next frame wants the room
    cost = min(frames * still.width * still.height // PIXELS_A_SECOND, MAX_COST)
    given = allow(Wish(size=still.size, seconds=processor_seconds(still.size), cost=cost), still)
    try:
        animation, note, lacking = fingerprint_animation(first, shown_for, rest, given)
    except MemoryError:
        animation, note, lacking = None, f"only its first frame was read: putting the others together {MEMORY}", True
    found = replace(still, animation=animation, note="; ".join(said for said in (still.note, note) if said))
    if lacking:
        raise Shortage(note, left=found)
    return found


def _trimmed(pixels: Pixels, box: Box) -> TrimmedFingerprints:
    """Returns the hashes of the area inside plain borders."""
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
    composed(Pixels(values=blank, channels=4), blank[:, ::4], 0)
