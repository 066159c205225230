"""What a worker says to the pool: lines of JSON, in ASCII. What it is told is in `orders`.

Rules this module upholds:

- A worker has met hostile files and may speak for one: its reply is untrusted. It is never unpickled, is at most
  `MAX_REPLY_BYTES` long, and each value is checked for kind and length before it becomes a domain value.
- A line that has more parts than any that is written is refused before it is parsed: it could make a thousand times
  its size of objects.
- Every reader accepts exactly what its writer emits.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from node.domain.fingerprints import (
    BACKGROUNDS,
    MD5,
    ORIENTATIONS,
    PDQ,
    PHASH,
    SHA1,
    SHA256,
    ComposedFingerprints,
    DigestFingerprints,
    MaterialFingerprints,
    PictureFingerprints,
    TrimmedFingerprints,
    VideoFingerprints,
)
from node.errors import Empty, Malformed, MediaError
from node.media import subject_replies, video_replies
from node.media.region import EMPTY
from node.media.reply_values import MAX_REASON, as_bytes, as_number, as_words
from node.media.sniff import FORMATS
from node.media.subject_replies import Begun, Done

MAX_REPLY_BYTES: Final = video_replies.MAX_BYTES
"""The longest reply, its newline included; a still picture's is below 2,500."""
MAX_ASKED_SECONDS: Final = 20_000
"""The most processor time that a worker can ask for in a line."""
_MOST_PARTS: Final = 100
"""Commas in a line: a picture with an inside and frames has 66, and a reason may have some."""
_MOST_OPENED: Final = 16
"""Lists and objects in a line, of each kind: 4 at the most are written, and a reason may have some."""
_MEDIA_TYPES: Final = frozenset(known.media_type for known in FORMATS)
_MAX_NUMBER: Final = 2**53
_HASHES: Final = ("md5", "sha1", "sha256", "phash")
_NUMBERS: Final = ("size", "width", "height")
_KEYS: Final = frozenset(
    {"media_type", "pdq", "pdq_quality", "trimmed", "composed", "animation", "note", *_HASHES, *_NUMBERS}
)
_COMPOSED_KEYS: Final = frozenset({"background", "pdq", "pdq_quality", "phash"})
_TRIMMED_KEYS: Final = frozenset({"box", "pdq", "pdq_quality", "phash"})
_BOX: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreTime:
    """What a worker says before the reply, at most once: the file may take so many seconds of processor time. `so_far`:
    its fingerprints, should the worker not live to reply; None where there are none yet.
    """

    seconds: int
    so_far: PictureFingerprints | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a worker says before the reply, at most once: it is to be replaced after it. `short`: it ran out of a
    resource, so the reply is no verdict on the file; otherwise it has only grown.
    """

    short: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Costly:
    """What a worker says before the reply, at most once: the reply is what was read until the time was up that the file
    got, which is less than it may take by its size (`most`); all of it is estimated to take `cost`. In seconds.
    """

    cost: int
    most: int


READY: Final = b'{"ready": true}\n'
"""A worker's first line: its libraries are loaded, its limits stand."""

Before = MoreTime | Spent | Costly
"""What a line can say that stands before a result."""
Around = Begun | Done
"""What a line can say that stands before and behind the lines of a subject."""
Said = MaterialFingerprints | MediaError | Before | Around


def write_reply(said: Said) -> bytes:
    """A line."""
    return json.dumps(_written(said)).encode("ascii") + b"\n"


def _written(said: Said) -> dict[str, Any]:  # noqa: PLR0911  (one return for each kind of line)
    match said:
        case Empty():
            return {"empty": True}
        case MediaError():
            return {"error": str(said)[:MAX_REASON], "remedy": said.remedy[:MAX_REASON]}
        case MoreTime():
            so_far = None if said.so_far is None else _write_picture(said.so_far)
            return {"seconds": said.seconds, "so_far": so_far}
        case Spent():
            return {"spent": True, "short": said.short}
        case Costly():
            return {"cost": said.cost, "most": said.most}
        case Begun():
            return subject_replies.begun_reply(said)
        case Done():
            return subject_replies.done_reply(said)
        case DigestFingerprints():
            return subject_replies.digests_reply(said)
        case VideoFingerprints():
            return video_replies.video_reply(said)
        case _:
            return _write_picture(said)


def _write_picture(prints: PictureFingerprints) -> dict[str, Any]:
    return {
        "media_type": prints.media_type,
        "pdq": [value.hex() for value in prints.pdq_orientations],
        "pdq_quality": prints.pdq_quality,
        "trimmed": _write_trimmed(prints.trimmed),
        "composed": [_write_composed(look) for look in prints.composed],
        "animation": video_replies.animation_reply(prints.animation),
        "note": prints.note,
        **{name: getattr(prints, name).hex() for name in _HASHES},
        **{name: getattr(prints, name) for name in _NUMBERS},
    }


def _write_trimmed(trimmed: TrimmedFingerprints | None) -> dict[str, Any] | None:
    if trimmed is None:
        return None
    return {
        "box": list(trimmed.box),
        "pdq": [value.hex() for value in trimmed.pdq_orientations],
        "pdq_quality": trimmed.pdq_quality,
        "phash": trimmed.phash.hex(),
    }


def _write_composed(look: ComposedFingerprints) -> dict[str, Any]:
    return {
        "background": look.background,
        "pdq": [value.hex() for value in look.pdq_orientations],
        "pdq_quality": look.pdq_quality,
        "phash": look.phash.hex(),
    }


def read_reply(line: bytes) -> Said:
    """What a worker said. Raises `Malformed` on anything that `write_reply` would not have written."""
    if line.count(b",") > _MOST_PARTS or line.count(b"[") > _MOST_OPENED or line.count(b"{") > _MOST_OPENED:
        raise Malformed("a worker's reply has more parts than any has")
    try:
        said = json.loads(line.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise Malformed("a worker's reply is not a line of JSON") from error
    if not isinstance(said, dict):
        raise Malformed("a worker's reply is not an object")
    return _BY_KEYS.get(frozenset(said), _read_picture)(said)


def _read_error(said: dict[str, Any]) -> MediaError:
    return MediaError(as_words(said["error"]), remedy=as_words(said["remedy"]))


def _read_empty(said: dict[str, Any]) -> Empty:
    _require_true(said["empty"])
    return Empty(EMPTY)


def _read_more_time(said: dict[str, Any]) -> MoreTime:
    so_far = None if said["so_far"] is None else _read_picture(said["so_far"])
    return MoreTime(seconds=as_number(said["seconds"], MAX_ASKED_SECONDS), so_far=so_far)


def _read_spent(said: dict[str, Any]) -> Spent:
    _require_true(said["spent"])
    if type(said["short"]) is not bool:
        raise Malformed("a worker says that it is spent in a way that no worker does")
    return Spent(short=said["short"])


def _read_costly(said: dict[str, Any]) -> Costly:
    return Costly(cost=as_number(said["cost"], MAX_ASKED_SECONDS), most=as_number(said["most"], MAX_ASKED_SECONDS))


def _require_true(value: object) -> None:
    if value is not True:
        raise Malformed("a worker's reply denies what it is about")


_BY_KEYS: Final[dict[frozenset[str], Callable[[dict[str, Any]], Said]]] = {
    frozenset({"error", "remedy"}): _read_error,
    frozenset({"empty"}): _read_empty,
    frozenset({"seconds", "so_far"}): _read_more_time,
    frozenset({"spent", "short"}): _read_spent,
    frozenset({"cost", "most"}): _read_costly,
    subject_replies.BEGUN_KEYS: subject_replies.read_begun,
    subject_replies.DONE_KEYS: subject_replies.read_done,
    subject_replies.DIGEST_KEYS: subject_replies.read_digests,
    video_replies.KEYS: video_replies.read_video,
}
"""The reader of a line by its keys; a picture has all others."""


def _read_picture(said: object) -> PictureFingerprints:
    if not isinstance(said, dict) or said.keys() != _KEYS:
        raise Malformed("a worker's reply has a missing or an extra value")
    hashes = _orientations(said["pdq"])
    media_type = said["media_type"]
    if not isinstance(media_type, str) or media_type not in _MEDIA_TYPES:
        raise Malformed("a worker's reply states an unknown media type")
    return PictureFingerprints(
        media_type=media_type,
        pdq=hashes[0],
        pdq_quality=as_number(said["pdq_quality"], 100),
        pdq_orientations=hashes,
        md5=as_bytes(said["md5"], MD5.size),
        sha1=as_bytes(said["sha1"], SHA1.size),
        sha256=as_bytes(said["sha256"], SHA256.size),
        phash=as_bytes(said["phash"], PHASH.size),
        size=as_number(said["size"], _MAX_NUMBER),
        width=as_number(said["width"], _MAX_NUMBER),
        height=as_number(said["height"], _MAX_NUMBER),
        trimmed=_read_trimmed(said["trimmed"]),
        composed=_read_composed(said["composed"]),
        animation=video_replies.read_animation(said["animation"]),
        note=as_words(said["note"]),
    )


def _read_trimmed(said: object) -> TrimmedFingerprints | None:
    if said is None:
        return None
    if not isinstance(said, dict) or said.keys() != _TRIMMED_KEYS:
        raise Malformed("a worker's reply has an inside that has a missing or an extra value")
    box = said["box"]
    if not isinstance(box, list) or len(box) != _BOX:
        raise Malformed("a worker's reply has an inside without its place")
    left, top, right, bottom = (as_number(value, _MAX_NUMBER) for value in box)
    if not (left < right and top < bottom):
        raise Malformed("a worker's reply has an inside without an area")
    return TrimmedFingerprints(
        box=(left, top, right, bottom),
        pdq_quality=as_number(said["pdq_quality"], 100),
        pdq_orientations=_orientations(said["pdq"]),
        phash=as_bytes(said["phash"], PHASH.size),
    )


def _read_composed(said: object) -> tuple[ComposedFingerprints, ...]:
    """At most one look for each background, in their order."""
    if not isinstance(said, list) or len(said) > len(BACKGROUNDS):
        raise Malformed("a worker's reply has too many looks of a transparent picture")
    looks = []
    for look in said:
        if not isinstance(look, dict) or look.keys() != _COMPOSED_KEYS:
            raise Malformed("a worker's reply has a look that has a missing or an extra value")
        looks.append(
            ComposedFingerprints(
                background=as_words(look["background"]),
                pdq_quality=as_number(look["pdq_quality"], 100),
                pdq_orientations=_orientations(look["pdq"]),
                phash=as_bytes(look["phash"], PHASH.size),
            )
        )
    names = [look.background for look in looks]
    if names != [name for name in BACKGROUNDS if name in names]:
        raise Malformed("a worker's reply has a look over another background than white or black")
    return tuple(looks)


def _orientations(values: object) -> tuple[bytes, ...]:
    if not isinstance(values, list) or len(values) != len(ORIENTATIONS):
        raise Malformed("a worker's reply has not one PDQ an orientation")
    return tuple(as_bytes(value, PDQ.size) for value in values)
