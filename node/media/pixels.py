"""Converts a decoded Pillow image to the pixels that the hashes read, without a copy if Pillow allows it.

Rules this module upholds:

- One definition of "the pixels of a picture" for every hash: orientation applied, RGB or grey, alpha dropped (not
  blended), ICC profile ignored, 8 bits per channel, full resolution.
- Deeper channels are cut to 8 bits, and numbers without a stated range are stretched (see `samples`).
- The conversion does not depend on the source of the picture and opens no file.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from node.media.samples import eight_bit, stretched

_TRANSPOSITIONS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The inverse of each EXIF orientation (EXIF 2.32, tag 0x0112). 1 is upright."""
_BITS_PER_SAMPLE: Final = 258
"""TIFF 6.0, tag 0x0102."""
_DEEPEST: Final = 16
_RANGELESS: Final = ("I", "F")
_WITH_ALPHA: Final = ("LA", "PA", "RGBa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pixels:
    """`values`: uint8 of shape (height, width * channels), read-only; `channels` 1 (grey), 3 (RGB), 4 (and padding)."""

    values: npt.NDArray[np.uint8]
    channels: int

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.values.shape[0])

    @property
    def width(self) -> int:
        """Pixels a row."""
        return int(self.values.shape[1]) // self.channels


def pixels_of(image: Image.Image) -> Pixels:
    """Returns the pixels of the current frame of a decoded image. Raises Pillow's errors for a mode or tag that it
    cannot read.
    """
    turn = turn_of(image)
    shallow = _eight_bit(image)
    return _viewed(shallow if turn is None else shallow.transpose(turn))


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """Returns the turn that makes the image upright by its orientation tag. Returns None if it is upright, or if the
    tag cannot be read.
    """
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except MemoryError:  # not the tag's fault: without it the hashes would be those of another picture
        raise
    except Exception:  # noqa: BLE001  (Pillow parses EXIF with many error types; the pixels are whole all the same)
        return None
    return _TRANSPOSITIONS.get(orientation) if isinstance(orientation, int) else None


def _eight_bit(image: Image.Image) -> Image.Image:
    """Returns the image in mode L, RGB or RGBA. The fourth channel is ignored from here on."""
    mode = image.mode
    if mode in ("L", "RGB", "RGBA"):
        return image
    if mode.startswith("I;16"):
        return Image.fromarray(eight_bit(np.asarray(image).astype(np.uint16), _bits(image)))
    if mode in _RANGELESS:
        return Image.fromarray(stretched(np.asarray(image)))
    if mode == "1":
        return image.convert("L")
    if mode == "La":
        return image.convert("LA").convert("RGBA")
    if mode in _WITH_ALPHA:
        return image.convert("RGBA")  # divides premultiplied colours
    return image.convert("RGB")


def _bits(image: Image.Image) -> int:
    """Returns the bits per sample of a deep grey image: 16, or fewer if a TIFF states it, because Pillow does not scale
    these values.
    """
    tags = getattr(image, "tag_v2", None)
    stated = tags.get(_BITS_PER_SAMPLE) if tags is not None else None
    bits = stated[0] if isinstance(stated, tuple) and stated else _DEEPEST
    return bits if isinstance(bits, int) and 8 <= bits <= _DEEPEST else _DEEPEST  # noqa: PLR2004  (a byte)


def _viewed(image: Image.Image) -> Pixels:
    """Returns a view into Pillow's own memory if its rows are contiguous, otherwise a copy."""
    channels = 1 if image.mode == "L" else 4
    try:
        values = _shared(image, channels)
    except ValueError:  # rows are padded, or lie in several blocks
        copied = np.asarray(image)
        channels = 1 if copied.ndim == 2 else copied.shape[2]  # noqa: PLR2004  (rows, columns)
        values = np.ascontiguousarray(copied.reshape(copied.shape[0], -1))
    values.flags.writeable = False
    return Pixels(values=values, channels=channels)


class _ArrowArray(ctypes.Structure):
    """The first fields of `struct ArrowArray` (Arrow C data interface) that are read here."""


_ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_ArrowArray))),
]


class _Memory:
    """Memory of another library as NumPy's array interface. The array keeps this object, and so the capsule, alive."""

    def __init__(self, capsule: object, address: int, shape: tuple[int, int]) -> None:
        self._capsule = capsule
        self.__array_interface__ = {"version": 3, "typestr": "|u1", "shape": shape, "data": (address, True)}


def _shared(image: Image.Image, channels: int) -> npt.NDArray[np.uint8]:
    """Returns an array over the image's own memory. Raises `ValueError` if it is not contiguous.

    Pillow exports its pixels through the Arrow C data interface: L as a flat array of bytes, RGB as a list of 4 bytes
    per pixel, whose bytes are the first child. In both, buffer 0 is the (absent) validity map and buffer 1 the data.
    """
    _schema, capsule = image.__arrow_c_array__()
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    array = ctypes.cast(pointer(capsule, b"arrow_array"), ctypes.POINTER(_ArrowArray)).contents
    data = array.children[0].contents if array.n_children else array
    address = data.buffers[1]
    if address is None or data.offset != 0 or data.length != image.width * image.height * channels:
        raise ValueError("not one block of pixels")
    return np.asarray(_Memory(capsule, address, (image.height, image.width * channels)))
