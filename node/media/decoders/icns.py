"""Mac icons (ICNS) without an image that Pillow knows: packed colours with alpha, and types of the last years.

Rules this module upholds:

- Pillow decodes every icon that holds an image of a type it knows, because all other programs hash its pixels.
- A channel that ends early is an error: nothing is filled with a colour.

Source: see `node.media.icns`.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

from node.media import icns
from node.media.decoders.decoded import Decoded, bounded, pixels_from
from node.media.pixels import pixels_of

_PACKED: Final = (b"is32", b"il32", b"ih32", b"it32")
_FILES: Final = (
    b"icp4", b"icp5", b"icp6", b"ic07", b"ic08", b"ic09", b"ic10", b"ic11", b"ic12", b"ic13", b"ic14",
)  # fmt: skip
"""Types that Pillow knows: packed colours, and PNG or JPEG 2000."""
_LITERALS: Final = 128
"""A lead byte below this value: the next (lead + 1) bytes follow as they are. Otherwise the next byte is repeated (lead
- `_RUN`) times."""
_RUN: Final = 125
_COLOURS: Final = 3
_LARGE, _LARGE_LEAD = 128, b"\0\0\0\0"
"""Pixels of a side whose packed colours begin with four zeros."""


def decode(data: bytes) -> Decoded | None:
    """Decodes an icon. Returns None if Pillow reads it. Raises any exception, and `EOFError` if an image is
    cut short.
    """
    files = list(icns.files(data))
    if any(each.kind in _FILES for each in files) or any(each.kind in _PACKED for each in icns.elements(data)):
        return None
    opened = [_opened(data[each.start : each.end]) for each in files]
    largest = max(icns.packed(data), key=lambda image: image.side, default=None)
    image = max(opened, key=lambda image: image.width * image.height, default=None)
    if image is not None and (largest is None or image.width >= largest.side):
        image.load()
        return Decoded(pixels=pixels_of(image))
    return None if largest is None else decoded(largest)


def _opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG2000"))
    bounded("Mac icon", image.width, image.height)
    return image


def decoded(image: icns.Packed) -> Decoded:
    """Decodes packed colours. Raises `EOFError` if a channel is cut short."""
    side, content = image.side, image.content
    shape = (side, side)
    if content.startswith(icns.ARGB):
        alpha, *colours = (plane.reshape(shape) for plane in _planes(content[len(icns.ARGB) :], side, _COLOURS + 1))
        return Decoded(pixels=pixels_from(np.dstack(colours)), alpha=alpha)
    if side == _LARGE:
        content = content.removeprefix(_LARGE_LEAD)
    if len(content) == side * side * _COLOURS:
        values = np.frombuffer(content, np.uint8).reshape(*shape, _COLOURS)
    else:
        values = np.dstack([plane.reshape(shape) for plane in _planes(content, side, _COLOURS)])
    opacity = np.frombuffer(image.mask, np.uint8).reshape(shape) if len(image.mask) == side * side else None
    return Decoded(pixels=pixels_from(values), alpha=opacity)


def _planes(content: bytes, side: int, count: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """Unpacks channels that are stored one after the other."""
    size = side * side * count
    made, at = bytearray(), 0
    while len(made) < size:
        if at + 1 >= len(content):
            raise EOFError
        lead = content[at]
        if lead < _LITERALS:
            literal = content[at + 1 : at + 2 + lead]
            if len(literal) <= lead:
                raise EOFError
            made += literal
            at += 2 + lead
        else:
            made += content[at + 1 : at + 2] * (lead - _RUN)
            at += 2
    return np.split(np.frombuffer(bytes(made[:size]), np.uint8), count)
