"""The images of a Mac icon (ICNS), as its elements state them.

Rules this module upholds:

- It decodes nothing and never raises for the content of a file: an element that is cut short ends with the file.
- An image is a PNG or JPEG 2000 in any element, whatever its type; or packed colours in a type that states their size.
- Packed colours become an icon with only this element and its mask, unchanged. So the same image has the same digests
  in every file.

Source: Apple has published no specification. The types are those of Icon Services (IconStorage.h, Mac OS X 10.6) and,
for later ones, those that "Apple Icon Image format" (Wikipedia) and icnsutil list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_START: Final = b"icns"
_HEAD: Final = 8
"""Bytes of a header: type and length, which counts the header too."""
_MOST_ELEMENTS: Final = 1_000
"""The most elements that are read. A full icon has some 30."""
FILES: Final = (
    b"\x89PNG\r\n\x1a\n",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
)
"""The first bytes of a picture that is a file of its own."""
ARGB: Final = b"ARGB"
"""The first bytes of packed colours with alpha."""
_RGB_SIDES: Final = {b"is32": 16, b"il32": 32, b"ih32": 48, b"it32": 128, b"icp4": 16, b"icp5": 32}
"""Pixels of a side of packed colours, by type."""
_ARGB_SIDES: Final = {b"ic04": 16, b"ic05": 32, b"icsb": 18}
_MASKS: Final = {16: b"s8mk", 32: b"l8mk", 48: b"h8mk", 128: b"t8mk"}
"""Types of the opacity of packed colours, by side."""
_ICONS: Final = (b"sbtp", b"slct", b"\xfd\xd9\x2f\xa8")
"""Types of icons within an icon: template, selected, dark."""
_OLD: Final = frozenset(
    (
        b"ICON",
        b"ICN#",
        b"icm#",
        b"icm4",
        b"icm8",
        b"ics#",
        b"ics4",
        b"ics8",
        b"icl4",
        b"icl8",
        b"ich#",
        b"ich4",
        b"ich8",
    )
)
"""Types with one to eight bits per pixel in system colours, of at most 48 pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element. `start`, `end`: of its content in the file."""

    kind: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """An image of packed colours. `side`: its width and height in pixels; `mask`: the opacity of each, b"" for none."""

    side: int
    content: bytes
    mask: bytes


def elements(data: bytes) -> Iterator[Element]:
    """The elements in their order."""
    at = _HEAD
    for _ in range(_MOST_ELEMENTS):
        size = int.from_bytes(data[at + 4 : at + _HEAD], "big")
        if at + _HEAD > len(data) or size < _HEAD:
            return
        yield Element(kind=data[at : at + 4], start=at + _HEAD, end=min(at + size, len(data)))
        at += size


def files(data: bytes) -> Iterator[Element]:
    """The elements that hold a PNG or a JPEG 2000."""
    return (each for each in elements(data) if data.startswith(FILES, each.start))


def icons(data: bytes) -> Iterator[bytes]:
    """The icons within an icon, each with the header that it needs to stand by itself."""
    for each in elements(data):
        if each.kind in _ICONS:
            content = data[each.start : each.end]
            yield content if content.startswith(_START) else _written(content)


def singles(data: bytes) -> Iterator[bytes]:
    """Each image of packed colours as an icon of its own."""
    for each, _, mask in _packed(data):
        made = (data[one.start - _HEAD : one.end] for one in (each, mask) if one is not None)
        yield _written(b"".join(made))


def packed(data: bytes) -> Iterator[Packed]:
    """The images of packed colours."""
    for each, side, mask in _packed(data):
        opacity = b"" if mask is None else data[mask.start : mask.end]
        yield Packed(side=side, content=data[each.start : each.end], mask=opacity)


def largest_first(data: bytes) -> list[bytes]:
    """Each image as a file of its own, the longest PNG or JPEG 2000 first, then packed colours by their size."""
    whole = sorted((data[each.start : each.end] for each in files(data)), key=len, reverse=True)
    return whole + sorted(singles(data), key=len, reverse=True)


def count_old(data: bytes) -> int:
    """How many images have at most eight bits a pixel."""
    return sum(each.kind in _OLD for each in elements(data))


def _packed(data: bytes) -> Iterator[tuple[Element, int, Element | None]]:
    found = list(elements(data))
    for each in found:
        if data.startswith(FILES, each.start):
            continue
        if data.startswith(ARGB, each.start):
            side = _ARGB_SIDES.get(each.kind, 0)
            masks: list[Element] = []
        else:
            side = _RGB_SIDES.get(each.kind, 0)
            masks = [other for other in found if other.kind == _MASKS.get(side)]
        if side:
            yield each, side, next(iter(masks), None)


def _written(content: bytes) -> bytes:
    return _START + (_HEAD + len(content)).to_bytes(4, "big") + content
