"""Writes Mac icons (ICNS)."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image


def element(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack(">I", 8 + len(content)) + content


def mac_icon(*elements: tuple[bytes, bytes]) -> bytes:
    return element(b"icns", b"".join(element(kind, content) for kind, content in elements))


def packed_colours(image: Image.Image, *, alpha: bool = False) -> bytes:
    """Literals alone: the packing that any reader undoes."""
    values = np.asarray(image.convert("RGBA" if alpha else "RGB"))
    order = [3, 0, 1, 2] if alpha else [0, 1, 2]
    flat = b"".join(values[:, :, channel].tobytes() for channel in order)
    step = min(128, image.width * image.height)
    pieces = (flat[at : at + step] for at in range(0, len(flat), step))
    return (b"ARGB" if alpha else b"") + b"".join(bytes([len(piece) - 1]) + piece for piece in pieces)
