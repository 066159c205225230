"""Portable anymaps: PBM, PGM, PPM (P1 to P6), PAM (P7) and float maps (PF, Pf).

Rules this module upholds:

- Every sample is scaled from 0..maxval to 0..255, because viewers show maxval as white.
- Only the first picture of a file is read. Few programs write several pictures, and the note names the others.

Source: netpbm(5): pbm, pgm, ppm, pam; pfm(5).
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from node.errors import MediaError
from node.media.decoders.decoded import Decoded, Unreliable, bounded, pixels_from
from node.media.samples import Values, stretched

_NAME: Final = "portable anymap"
_HEADER_BYTES: Final = 4096
"""The most bytes of a header with its comments."""
_TOKEN: Final = re.compile(rb"(?:[ \t\r\n\v\f]|#[^\r\n]*[\r\n])*([^ \t\r\n\v\f#]+)")
_DIGITS: Final = 10
"""Digits of the longest number in a header."""
_DEEPEST: Final = 65535
_PLAIN_BYTES: Final = 64 * 1024 * 1024
"""The most bytes of a picture whose samples are written as text. This form is for tests and teaching."""
_SPACE: Final = b" \t\r\n\v\f"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """`most`: the value of white; 0 for floats, which have `scale`. `end`: offset of the samples."""

    kind: bytes
    width: int
    height: int
    depth: int
    most: int
    end: int
    scale: float = 1.0


def decode(data: bytes) -> Decoded:
    """Decodes an anymap. Raises any exception."""
    header = _pam(data) if data.startswith(b"P7") else _pnm(data)
    bounded(_NAME, header.width, header.height, sample_bytes=header.depth * (4 if not header.most else 2))
    if header.kind in (b"PF", b"Pf"):
        return Decoded(pixels=pixels_from(_floats(data, header)))
    return Decoded(pixels=pixels_from(_scaled(_samples(data, header), header)))


def _pnm(data: bytes) -> _Header:
    kind = data[:2]
    width, at = _number(data, 2)
    height, at = _number(data, at)
    depth = 3 if kind in (b"P3", b"P6", b"PF") else 1
    most, scale = 1, 1.0
    if kind in (b"PF", b"Pf"):
        found = _token(data, at)
        most, scale, at = 0, float(found.group(1)), found.end()
    elif kind not in (b"P1", b"P4"):
        most, at = _number(data, at)
    return _checked(_Header(kind=kind, width=width, height=height, depth=depth, most=most, end=at + 1, scale=scale))


def _pam(data: bytes) -> _Header:
    fields: dict[bytes, int] = {}
    at = 2
    while True:
        found = _token(data, at)
        at = found.end()
        name = found.group(1)
        if name == b"ENDHDR":
            break
        if name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"):
            fields[name], at = _number(data, at)
        else:  # TUPLTYPE, whose words DEPTH tells as well
            at = _token(data, at).end()
    return _checked(
        _Header(
            kind=b"P7",
            width=fields.get(b"WIDTH", 0),
            height=fields.get(b"HEIGHT", 0),
            depth=fields.get(b"DEPTH", 0),
            most=fields.get(b"MAXVAL", 0),
            end=at + 1,
        )
    )


def _checked(header: _Header) -> _Header:
    floats = header.kind in (b"PF", b"Pf")
    if not floats and not 0 < header.most <= _DEEPEST:
        raise MediaError("damaged portable anymap: its header cannot be read")
    if not 0 < header.depth <= 4:  # noqa: PLR2004  (colours and alpha)
        raise Unreliable("a portable anymap of a kind that Vigil does not decode")
    return header


def _token(data: bytes, at: int) -> re.Match[bytes]:
    found = _TOKEN.match(data, at, _HEADER_BYTES)
    if found is None:
        raise EOFError
    return found


def _number(data: bytes, at: int) -> tuple[int, int]:
    found = _token(data, at)
    if not found.group(1).isdigit() or len(found.group(1)) > _DIGITS:
        raise MediaError("damaged portable anymap: its header cannot be read")
    return int(found.group(1)), found.end()


def _samples(data: bytes, header: _Header) -> npt.NDArray[Any]:
    """Returns the samples with the shape (height, width, depth)."""
    count = header.width * header.height * header.depth
    shape = (header.height, header.width, header.depth)
    if header.kind == b"P4":
        row = (header.width + 7) // 8
        packed = np.frombuffer(_taken(data, header.end, row * header.height), np.uint8).reshape(header.height, row)
        return 1 - np.unpackbits(packed, axis=1)[:, : header.width].reshape(shape)
    if header.kind in (b"P1", b"P2", b"P3"):
        return _plain(data, header, count).reshape(shape)
    kind = np.dtype("u1" if header.most < 256 else ">u2")  # noqa: PLR2004  (a byte)
    return np.frombuffer(_taken(data, header.end, count * kind.itemsize), kind).reshape(shape)


def _plain(data: bytes, header: _Header, count: int) -> npt.NDArray[np.uint16]:
    """Reads samples that are written as text. The samples of a bitmap may stand without spaces."""
    text = data[header.end - 1 :]
    if len(text) > _PLAIN_BYTES:
        raise MediaError(f"too large: a portable anymap written as text, the limit is {_PLAIN_BYTES} bytes")
    text = re.sub(rb"#[^\r\n]*", b"", text)
    if header.kind == b"P1":
        digits = np.frombuffer(text.translate(None, _SPACE)[:count], np.uint8)
        made = (ord("1") - digits).astype(np.uint16)
    else:
        words = text.split(None, count)[:count]
        if any(len(word) > _DIGITS for word in words):
            raise MediaError("damaged portable anymap: it cannot be decoded")
        made = np.array([int(word) for word in words], np.int64).clip(0, _DEEPEST).astype(np.uint16)
    if made.size < count:
        raise EOFError
    return made


def _taken(data: bytes, start: int, size: int) -> bytes:
    if start + size > len(data):
        raise EOFError
    return data[start : start + size]


def _scaled(samples: npt.NDArray[Any], header: _Header) -> Values:
    colours = samples[:, :, : 3 if header.depth > 2 else 1]  # noqa: PLR2004  (grey and alpha)
    if header.most == 0xFF:  # noqa: PLR2004  (a byte as it is)
        return np.asarray(colours, np.uint8)
    values = np.arange(min(header.most, _DEEPEST) + 1, dtype=np.int64)
    # Of a power of two the highest bits are taken, as everywhere; others are rounded.
    exact = header.most > 0xFF and (header.most + 1) & header.most == 0  # noqa: PLR2004
    shift = header.most.bit_length() - 8
    table = (values >> shift if exact else np.rint(values * (255.0 / header.most))).astype(np.uint8)
    return np.asarray(table[np.minimum(colours, header.most)])


def _floats(data: bytes, header: _Header) -> Values:
    """Reads floats. Rows are stored from the bottom to the top. A negative scale states little-endian numbers."""
    order = "<" if header.scale < 0 else ">"
    count = header.width * header.height * header.depth
    values = np.frombuffer(_taken(data, header.end, count * 4), f"{order}f4")
    native = values.astype("<f4" if sys.byteorder == "little" else ">f4", copy=False)
    return stretched(native.reshape(header.height, header.width, header.depth)[::-1])
