"""Names the format of a file that Vigil does not decode, by its first bytes.

Rules this module upholds:

- A signature of two bytes counts only if nothing else in the file contradicts it (`_BESIDES`) and the file is not text:
  a text may begin with "MZ" or "BM".
- It never raises for the content of a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from node.media.signature_table import BINARY, TEXTUAL, UNKNOWN_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a content seems to be. `name`: for people, with its article; `media_type`: IANA or in common use."""

    name: str
    media_type: str


UNKNOWN: Final = Known(name="not a format that Vigil knows", media_type=UNKNOWN_TYPE)
TEXT: Final = Known(name="it is text", media_type="text/plain")

_RIFF: Final = {
    b"WAVE": Known(name="a sound recording", media_type="audio/vnd.wave"),
    b"AVI ": Known(name="a video", media_type="video/x-msvideo"),
    b"CDXA": Known(name="a Video CD file", media_type="video/mpeg"),
    b"RMID": Known(name="music notes (MIDI)", media_type="audio/midi"),
    b"ACON": Known(name="an animated cursor", media_type="application/x-navi-animation"),
    b"PAL ": Known(name="a palette of colours", media_type=UNKNOWN_TYPE),
    b"sfbk": Known(name="a bank of sounds", media_type="audio/x-sfbk"),
    b"DLS ": Known(name="a bank of sounds", media_type="audio/dls"),
    b"CDR": Known(name="a CorelDRAW drawing", media_type="application/vnd.corel-draw"),
}
"""By the form type of a RIFF file (Microsoft, Multimedia Programming Interface 1.0)."""
_LONG: Final = tuple(row for row in BINARY if len(row[1]) >= 5)  # noqa: PLR2004
"""Signatures that are believed in text too, because no text begins with them."""
_SOUND: Final = Known(name="a sound recording", media_type="audio/mp4")
_VIDEO: Final = Known(name="a video", media_type="video/mp4")
_SOUND_BRANDS: Final = (b"M4A", b"M4B", b"M4P")
_ARJ_HEADER: Final = 2600
"""The most bytes of the first header of an ARJ archive."""
_BESIDES: Final[dict[tuple[int, bytes], Callable[[bytes], bool]]] = {
    (0, b"\x80\x01"): lambda head: head[6:14] in (b"%!PS-Ado", b"%!FontTy"),
    (34, b"LP"): lambda head: head[8:12] in (b"\x01\x00\x02\x00", b"\x02\x00\x02\x00", b"\x02\x00\x01\x00"),
    (4, b"\x11\xaf"): lambda head: head[12:14] == b"\x08\x00",
    (4, b"\x12\xaf"): lambda head: head[12:14] == b"\x08\x00",
    (1080, b"\x53\xef"): lambda head: head[1082:1084] in (b"\x00\x00", b"\x01\x00", b"\x02\x00", b"\x04\x00"),
    (0, b"BIK"): lambda head: head[3:4] in (b"b", b"d", b"f", b"g", b"h", b"i", b"k"),
    (0, b"BZh"): lambda head: head[3:4].isdigit() and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"),
    (0, b"\x60\xea"): lambda head: 0 < int.from_bytes(head[2:4], "little") <= _ARJ_HEADER,
}
"""Further tests for short signatures."""


def seems(head: bytes) -> Known:
    """Returns what a file is by its first bytes (4,096, or all)."""
    if _is_text(head):
        bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        return _first(bare, TEXTUAL) or _first(head, _LONG) or TEXT
    if head.startswith((b"RIFF", b"RIFX", b"RF64")):
        form = head[8:12]
        return _RIFF.get(form) or _RIFF.get(form[:3]) or Known(name="a RIFF file", media_type=UNKNOWN_TYPE)
    if head[4:8] == b"ftyp":
        return _SOUND if head[8:11] in _SOUND_BRANDS else _VIDEO
    return _first(head, TEXTUAL) or _first(head, BINARY) or UNKNOWN


def _first(head: bytes, rows: tuple[tuple[int, bytes, str, str], ...]) -> Known | None:
    for at, signature, name, media_type in rows:
        if head.startswith(signature, at):
            besides = _BESIDES.get((at, signature))
            if besides is None or besides(head):
                return Known(name=name, media_type=media_type)
    return None


def _is_text(head: bytes) -> bool:
    """Tells whether bytes are UTF-8 without control characters. The last character may be cut off."""
    for cut in range(4):
        try:
            text = head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return all(character.isprintable() or character in "\r\n\t\f\ufeff" for character in text)
    return False
