"""The fingerprints of a file as a JSON object, and back. This is the only codec, for local socket and worker replies.

Rules this module upholds:

- A reader accepts exactly what its writer emits: the same keys, lower-case hex of the right length, whole numbers in
  range, frames ordered by time. Everything else is `Malformed`, and the error never contains the value.
- `kind` says which of the three kinds of material it is. No other value decides that.
- Frames are packed, 37 bytes each in hex: an hour of video has 3,600 of them, and four times as many in between.
"""

from __future__ import annotations

import re
import struct
from typing import Any, Final

from node.domain.fingerprint_kinds import MD5, PDQ, PHASH, SHA1, SHA256
from node.domain.material import (
    BACKGROUNDS,
    Animation,
    ComposedFingerprints,
    DigestFingerprints,
    MaterialFingerprints,
    PictureFingerprints,
    TrimmedFingerprints,
    VideoFingerprints,
    VideoFrame,
)
from node.domain.orientations import ORIENTATIONS
from node.errors import Malformed

Line = dict[str, Any]

PICTURE: Final = "picture"
VIDEO: Final = "video"
DIGESTS: Final = "digests"
MAX_NOTE: Final = 300
"""Most characters of a note; longer notes are cut."""
_MAX_NUMBER: Final = 2**53
"""The largest whole number that every JSON reader reads exactly (RFC 8259, section 6)."""
_MAX_TIME: Final = 2**32 - 1
_BEST: Final = 100
_FRAME: Final = struct.Struct(">IB32s")
_HEX: Final = re.compile("[0-9a-f]*", re.ASCII)
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,40}/[a-z0-9][a-z0-9.+-]{0,80}", re.ASCII)
"""RFC 6838, section 4.2, in lower case."""
_BOX: Final = 4
_ABOUT: Final = frozenset({"kind", "media_type", "size", "md5", "sha1", "sha256", "note"})
_AREA: Final = frozenset({"width", "height"})
_MOVING: Final = frozenset({"frames", "between", "milliseconds"})
_LOOK: Final = frozenset({"pdq_quality", "pdq", "phash"})
_KEYS: Final = {
    DIGESTS: _ABOUT,
    VIDEO: _ABOUT | _AREA | _MOVING,
    PICTURE: _ABOUT | _AREA | _LOOK | {"trimmed", "composed", "animation"},
}


# --- writing ----------------------------------------------------------------------------------------------------------


def write_prints(prints: MaterialFingerprints) -> Line:
    """All fingerprints of a file, as an object."""
    line: Line = {
        "kind": DIGESTS,
        "media_type": prints.media_type,
        "size": prints.size,
        "md5": prints.md5.hex(),
        "sha1": prints.sha1.hex(),
        "sha256": prints.sha256.hex(),
        "note": prints.note[:MAX_NOTE],
    }
    if isinstance(prints, DigestFingerprints):
        return line
    line |= {"width": prints.width, "height": prints.height}
    if isinstance(prints, VideoFingerprints):
        return line | {"kind": VIDEO, **_write_moving(prints)}
    return line | {
        "kind": PICTURE,
        **_write_look(prints),
        "trimmed": None if prints.trimmed is None else _write_trimmed(prints.trimmed),
        "composed": [{"background": each.background, **_write_look(each)} for each in prints.composed],
        "animation": None if prints.animation is None else _write_moving(prints.animation),
    }


def _write_look(look: PictureFingerprints | TrimmedFingerprints | ComposedFingerprints) -> Line:
    return {
        "pdq_quality": look.pdq_quality,
        "pdq": [value.hex() for value in look.pdq_orientations],
        "phash": look.phash.hex(),
    }


def _write_trimmed(trimmed: TrimmedFingerprints) -> Line:
    return {"box": list(trimmed.box), **_write_look(trimmed)}


def _write_moving(prints: VideoFingerprints | Animation) -> Line:
    return {
        "frames": _packed(prints.frames),
        "between": _packed(prints.between),
        "milliseconds": prints.milliseconds,
    }


def _packed(frames: tuple[VideoFrame, ...]) -> str:
    return b"".join(_FRAME.pack(frame.at, frame.quality, frame.pdq) for frame in frames).hex()


# --- reading ----------------------------------------------------------------------------------------------------------


def read_prints(said: object) -> MaterialFingerprints:
    """The inverse of `write_prints`. Raises `Malformed`."""
    if not isinstance(said, dict) or not isinstance(said.get("kind"), str) or said.keys() != _KEYS.get(said["kind"]):
        raise Malformed("fingerprints have a missing or an extra value")
    about: Line = {
        "media_type": _media_type(said["media_type"]),
        "size": _number(said["size"]),
        "md5": _bytes(said["md5"], MD5.size),
        "sha1": _bytes(said["sha1"], SHA1.size),
        "sha256": _bytes(said["sha256"], SHA256.size),
        "note": _note(said["note"]),
    }
    if said["kind"] == DIGESTS:
        return DigestFingerprints(**about)
    about |= {"width": _number(said["width"]), "height": _number(said["height"])}
    if said["kind"] == VIDEO:
        return VideoFingerprints(**about, **_read_moving(said))
    look = _read_look(said)
    return PictureFingerprints(
        **about,
        **look,
        pdq=look["pdq_orientations"][0],
        trimmed=None if said["trimmed"] is None else _read_trimmed(said["trimmed"]),
        composed=_read_composed(said["composed"]),
        animation=None if said["animation"] is None else _read_animation(said["animation"]),
    )


def _read_look(said: Line) -> Line:
    """The hashes of one look, as arguments."""
    turned = said["pdq"]
    if not isinstance(turned, list) or len(turned) != len(ORIENTATIONS):
        raise Malformed("fingerprints of a picture have a PDQ for each of the eight orientations")
    return {
        "pdq_quality": _number(said["pdq_quality"], _BEST),
        "pdq_orientations": tuple(_bytes(value, PDQ.size) for value in turned),
        "phash": _bytes(said["phash"], PHASH.size),
    }


def _read_trimmed(said: object) -> TrimmedFingerprints:
    if not isinstance(said, dict) or said.keys() != _LOOK | {"box"}:
        raise Malformed("the inside of a picture has a missing or an extra value")
    box = said["box"]
    if not isinstance(box, list) or len(box) != _BOX:
        raise Malformed("the inside of a picture has four corners")
    left, top, right, bottom = map(_number, box)
    if not (left < right and top < bottom):
        raise Malformed("the inside of a picture has no area")
    return TrimmedFingerprints(box=(left, top, right, bottom), **_read_look(said))


def _read_composed(said: object) -> tuple[ComposedFingerprints, ...]:
    if not isinstance(said, list) or len(said) > len(BACKGROUNDS):
        raise Malformed("a picture has one look a background at the most")
    looks = []
    for each in said:
        if not isinstance(each, dict) or each.keys() != _LOOK | {"background"}:
            raise Malformed("a look of a picture has a missing or an extra value")
        background = each["background"]
        if not isinstance(background, str) or background not in BACKGROUNDS:
            raise Malformed("a look of a picture has an unknown background")
        looks.append(ComposedFingerprints(background=background, **_read_look(each)))
    places = [BACKGROUNDS.index(look.background) for look in looks]
    if places != sorted(set(places)):
        raise Malformed("the looks of a picture are one a background, in their order")
    return tuple(looks)


def _read_animation(said: object) -> Animation:
    if not isinstance(said, dict) or said.keys() != _MOVING:
        raise Malformed("an animation has a missing or an extra value")
    return Animation(**_read_moving(said))


def _read_moving(said: Line) -> Line:
    """What moves, as arguments."""
    frames = _unpacked(said["frames"])
    if not frames:
        raise Malformed("what moves has at least one frame")
    return {
        "frames": frames,
        "between": _unpacked(said["between"]),
        "milliseconds": _number(said["milliseconds"], _MAX_TIME),
    }


def _unpacked(value: object) -> tuple[VideoFrame, ...]:
    if not isinstance(value, str) or len(value) % (2 * _FRAME.size):
        raise Malformed("frames are not packed as they should be")
    frames = tuple(
        VideoFrame(at=at, quality=quality, pdq=pdq)
        for at, quality, pdq in _FRAME.iter_unpack(_bytes(value, len(value) // 2))
    )
    times = [frame.at for frame in frames]
    if times != sorted(times) or any(frame.quality > _BEST for frame in frames):
        raise Malformed("frames are out of order or out of range")
    return frames


def _bytes(value: object, size: int) -> bytes:
    if not isinstance(value, str) or len(value) != 2 * size or _HEX.fullmatch(value) is None:
        raise Malformed(f"a hash is not {size} bytes in lower-case hex")
    return bytes.fromhex(value)


def _number(value: object, most: int = _MAX_NUMBER) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise Malformed("a number of fingerprints is out of range")
    return value


def _note(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_NOTE or not value.isascii() or not value.isprintable():
        raise Malformed(f"a note is at most {MAX_NOTE} printable ASCII characters")
    return value


def _media_type(value: object) -> str:
    if not isinstance(value, str) or _MEDIA_TYPE.fullmatch(value) is None:
        raise Malformed("a media type is not one")
    return value
