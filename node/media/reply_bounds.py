"""Checks the fingerprints in a worker's reply against the limits of the decoders of this version.

Rules this module upholds:

- As in `replies`: a hostile file may control a worker. A value that no decoder here returns is refused.
- Frames are sent packed, 37 bytes each in hex (`domain.fingerprint_json`). An hour of video has 3,600 of them, and four
  times as many between them. With plain borders on all sides the number is four times larger again.
"""

from __future__ import annotations

from typing import Final

from node.domain.material import (
    Animation,
    DigestFingerprints,
    MaterialFingerprints,
    PictureFingerprints,
    VideoFingerprints,
)
from node.errors import Malformed
from node.media.containers import CONTAINERS
from node.media.region import MAX_FILE_BYTES
from node.media.sampling import FEW, LOOKED_FOR, MAX_AT, MAX_FRAMES, MAX_INSIDES, SECOND, SHORT_STEP
from node.media.sniff import FORMATS
from node.media.tracks import MAX_FRAME_PIXELS

_MAX_SAMPLES: Final = (SECOND // LOOKED_FOR) * (MAX_FRAMES + 1) + 2 * MAX_FRAMES
MAX_BETWEEN: Final = _MAX_SAMPLES + MAX_INSIDES * (MAX_FRAMES + _MAX_SAMPLES)
"""The most frames: the kept ones, those of an animation that had no room, and the insides of all of them."""
_MOST: Final = max(MAX_FRAMES, FEW * SECOND // SHORT_STEP)
_FRAME_BYTES: Final = 37
_MEDIA_TYPES: Final = {
    PictureFingerprints: frozenset(known.media_type for known in FORMATS),
    VideoFingerprints: frozenset(known.media_type for known in CONTAINERS),
}
MAX_BYTES: Final = 2 * _FRAME_BYTES * (_MOST + MAX_BETWEEN) + 4_096
"""The most bytes of a reply about a video with its newline."""


def bounded(prints: MaterialFingerprints) -> MaterialFingerprints:
    """Returns the argument. Raises `Malformed` if no decoder of this version can produce it."""
    if prints.size > MAX_FILE_BYTES and not isinstance(prints, PictureFingerprints):  # which have a limit of their own
        raise Malformed("a worker's reply is about a file that is too large")
    if isinstance(prints, DigestFingerprints):
        return prints
    if prints.media_type not in _MEDIA_TYPES[type(prints)]:
        raise Malformed("a worker's reply states an unknown media type")
    moving = prints if isinstance(prints, VideoFingerprints) else prints.animation
    if moving is not None:
        _check_moving(moving)
    if isinstance(prints, VideoFingerprints) and max(prints.width, prints.height) > MAX_FRAME_PIXELS:
        raise Malformed("a worker's reply is about a video that is too large")
    return prints


def _check_moving(moving: VideoFingerprints | Animation) -> None:
    if len(moving.frames) > _MOST or len(moving.between) > MAX_BETWEEN or moving.milliseconds > MAX_AT:
        raise Malformed("a worker's reply has more frames than any has")
