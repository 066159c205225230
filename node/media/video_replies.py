"""The part of a worker's reply that is about a video, or about the frames of an animated picture.

Rules this module upholds:

- As `replies`: untrusted, each value checked for kind, length and range before it becomes a domain value.
- Frames travel packed, 37 bytes each in hex: an hour of video has 3,600 of them, and four times as many in between;
  with plain borders on all sides four times as many again.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from node.domain.fingerprints import MD5, SHA1, SHA256, Animation, VideoFingerprints, VideoFrame
from node.errors import Malformed
from node.media.containers import CONTAINERS
from node.media.frames import MAX_INSIDES
from node.media.region import MAX_FILE_BYTES
from node.media.reply_values import as_bytes, as_number, as_words
from node.media.sampling import FEW, LOOKED_FOR, MAX_AT, MAX_FRAMES, SECOND, SHORT_STEP
from node.media.video import MAX_FRAME_PIXELS

_MAX_SAMPLES: Final = (SECOND // LOOKED_FOR) * (MAX_FRAMES + 1) + 2 * MAX_FRAMES
MAX_BETWEEN: Final = _MAX_SAMPLES + MAX_INSIDES * (MAX_FRAMES + _MAX_SAMPLES)
"""Frames between those that are kept, those of an animation for which there was no room, and what lies within the
borders of all of them."""
_MOST: Final = max(MAX_FRAMES, FEW * SECOND // SHORT_STEP)
_FRAME: Final = struct.Struct(">IB32s")
_MEDIA_TYPES: Final = frozenset(known.media_type for known in CONTAINERS)
_BEST: Final = 100
_MOVING: Final = frozenset({"frames", "between", "milliseconds"})
KEYS: Final = _MOVING | {"media_type", "size", "md5", "sha1", "sha256", "width", "height", "note"}
MAX_BYTES: Final = 2 * _FRAME.size * (_MOST + MAX_BETWEEN) + 4_096
"""The longest reply about a video, its newline included."""


def video_reply(prints: VideoFingerprints) -> dict[str, Any]:
    """What a reply says of a video."""
    return {
        "media_type": prints.media_type,
        "size": prints.size,
        "md5": prints.md5.hex(),
        "sha1": prints.sha1.hex(),
        "sha256": prints.sha256.hex(),
        "width": prints.width,
        "height": prints.height,
        "note": prints.note,
        **_moving(prints),
    }


def read_video(said: dict[str, Any]) -> VideoFingerprints:
    """The other way, of an object with exactly the keys of `KEYS`. Raises `Malformed`."""
    if not isinstance(said["media_type"], str) or said["media_type"] not in _MEDIA_TYPES:
        raise Malformed("a worker's reply states an unknown media type")
    return VideoFingerprints(
        media_type=said["media_type"],
        size=as_number(said["size"], MAX_FILE_BYTES),
        md5=as_bytes(said["md5"], MD5.size),
        sha1=as_bytes(said["sha1"], SHA1.size),
        sha256=as_bytes(said["sha256"], SHA256.size),
        width=as_number(said["width"], MAX_FRAME_PIXELS),
        height=as_number(said["height"], MAX_FRAME_PIXELS),
        note=as_words(said["note"]),
        **_read_moving(said),
    )


def animation_reply(animation: Animation | None) -> dict[str, Any] | None:
    """What a reply says of an animated picture's frames; null of a still one."""
    return None if animation is None else _moving(animation)


def read_animation(said: object) -> Animation | None:
    """The other way. Raises `Malformed`."""
    if said is None:
        return None
    if not isinstance(said, dict) or said.keys() != _MOVING:
        raise Malformed("a worker's reply has an animation that has a missing or an extra value")
    return Animation(**_read_moving(said))


def _moving(prints: VideoFingerprints | Animation) -> dict[str, Any]:
    return {
        "frames": _packed(prints.frames),
        "between": _packed(prints.between),
        "milliseconds": prints.milliseconds,
    }


def _read_moving(said: dict[str, Any]) -> dict[str, Any]:
    frames = _unpacked(said["frames"], _MOST)
    if not frames:
        raise Malformed("a worker's reply has a video without a frame")
    return {
        "frames": frames,
        "between": _unpacked(said["between"], MAX_BETWEEN),
        "milliseconds": as_number(said["milliseconds"], MAX_AT),
    }


def _packed(frames: tuple[VideoFrame, ...]) -> str:
    return b"".join(_FRAME.pack(frame.at, frame.quality, frame.pdq) for frame in frames).hex()


def _unpacked(value: object, most: int) -> tuple[VideoFrame, ...]:
    if not isinstance(value, str) or len(value) % (2 * _FRAME.size) or len(value) > 2 * _FRAME.size * most:
        raise Malformed("a worker's reply has frames that are not packed as they should be")
    frames = tuple(
        VideoFrame(at=at, quality=quality, pdq=pdq)
        for at, quality, pdq in _FRAME.iter_unpack(as_bytes(value, len(value) // 2))
    )
    times = [frame.at for frame in frames]
    if times != sorted(times) or any(frame.quality > _BEST for frame in frames):
        raise Malformed("a worker's reply has frames out of order or out of range")
    return frames
