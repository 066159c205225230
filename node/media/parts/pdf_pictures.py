"""Makes a separate file from a picture of a PDF document.

Rules this module upholds:

- It does not decode formats of the picture decoders: JPEG, JPEG 2000 and fax data are returned unchanged, fax data
  inside a TIFF file.
- Samples are returned in a PNG (grey, RGB, palette) or TIFF (CMYK) file without compression, so the same document gives
  the same bytes on every machine.
- The number of components decides the colour space. ICC profiles and calibration are not applied.

Sources: ISO 32000-1, 7.4 and 8.9.5; PNG (W3C, third edition) 11.2; TIFF 6.0.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from pikepdf import Array, Dictionary, Name, Object, Stream

from node.media.parts.bounds import Inflater, unpack
from node.media.parts.pdf_samples import Samples

_JPEG, _JPEG_2000, _FAX, _JBIG_2 = "/DCTDecode", "/JPXDecode", "/CCITTFaxDecode", "/JBIG2Decode"
_SHORT: Final = {
    "/DCT": _JPEG, "/CCF": _FAX, "/Fl": "/FlateDecode", "/AHx": "/ASCIIHexDecode", "/A85": "/ASCII85Decode",
    "/G": "/DeviceGray", "/RGB": "/DeviceRGB", "/CMYK": "/DeviceCMYK", "/I": "/Indexed",
}  # fmt: skip
"""Names of the entries of pictures in drawing instructions (table 94)."""
_MOST_SAMPLES: Final = 640 << 20
_STORED: Final = 65_535
_GREY, _RGB, _CMYK = 1, 3, 4
_SPACES: Final = {
    "/DeviceGray": _GREY, "/CalGray": _GREY, "/DeviceRGB": _RGB, "/CalRGB": _RGB, "/DeviceCMYK": _CMYK,
}  # fmt: skip
_PNG_GREY, _PNG_RGB, _PNG_PALETTE = 0, 2, 3
_DEPTHS: Final = (1, 2, 4, 8, 16)


class Unconverted(Exception):
    """No decoder here knows this kind of picture."""


def picture_of(stream: Object, raw: Callable[[], Any], decoded: Callable[[], Any]) -> Iterator[bytes]:
    """Returns a picture as a file. `raw`: the stored bytes of the stream; `decoded`: the bytes after its filters.
    Raises `Unconverted` at once. Damaged data raise later.
    """
    filters = _filters(stream)
    last = filters[-1] if filters else ""
    if last == _JBIG_2 or _JBIG_2 in filters:
        raise Unconverted
    if last in (_JPEG, _JPEG_2000, _FAX):
        data = _without(filters[:-1], raw)
        return _faxed(stream, data) if last == _FAX else data
    width, height = _number(stream, "Width", "W"), _number(stream, "Height", "H")
    depth = 1 if _is_mask(stream) else _number(stream, "BitsPerComponent", "BPC", 8)
    components, palette = (1, b"") if _is_mask(stream) else _colours(_value(stream, "ColorSpace", "CS"))
    if depth not in _DEPTHS or width < 1 or height < 1 or (components != _GREY and depth < 8):  # noqa: PLR2004
        raise Unconverted
    row = (width * components * depth + 7) // 8
    if row * height > _MOST_SAMPLES:
        raise Unconverted
    samples = Samples(stream, filters, raw, decoded, (row, height))
    rows = samples.rows(inverted=_is_inverted(stream) and not palette)
    if components == _CMYK:
        return samples.judged(_tiff(width, height, rows, row * height, photometric=5, depths=(depth,) * 4))
    kind = _PNG_PALETTE if palette else _PNG_RGB if components == _RGB else _PNG_GREY
    if kind == _PNG_PALETTE and depth > 8:  # noqa: PLR2004
        raise Unconverted
    return samples.judged(_png((width, height, depth, kind), palette, rows))


def _value(stream: Object, name: str, short: str) -> Any:  # noqa: ANN401  (any object of a document)
    return stream.get(Name("/" + name), stream.get(Name("/" + short)))


def _number(stream: Object, name: str, short: str, default: int = 0) -> int:
    value = _value(stream, name, short)
    return default if value is None else int(value)


def _named(value: Any) -> str:  # noqa: ANN401  (any object of a document)
    return _SHORT.get(str(value), str(value))


def _filters(stream: Object) -> list[str]:
    value = _value(stream, "Filter", "F")
    if value is None:
        return []
    return [_named(each) for each in value] if isinstance(value, Array) else [_named(value)]


def _parameters(stream: Object) -> Any:  # noqa: ANN401  (any object of a document)
    value = _value(stream, "DecodeParms", "DP")
    if isinstance(value, Array):
        value = value[-1] if len(value) else None
    return value if isinstance(value, Dictionary) else Dictionary()


def _is_mask(stream: Object) -> bool:
    return bool(_value(stream, "ImageMask", "IM") or False)


def _is_inverted(stream: Object) -> bool:
    """Tells whether a `Decode` array inverts light and dark (8.9.5.2)."""
    value = _value(stream, "Decode", "D")
    return isinstance(value, Array) and len(value) > 1 and float(value[0]) > float(value[1])


def _colours(space: Any) -> tuple[int, bytes]:  # noqa: ANN401  (any object of a document)
    """Returns the components of a sample, and the palette in RGB."""
    if not isinstance(space, Array):
        components = _SPACES.get(_named(space)) if space is not None else _GREY
        if components is None:
            raise Unconverted
        return components, b""
    kind = _named(space[0])
    if kind == "/ICCBased":
        components = int(space[1].get(Name.N, 0))
        if components not in (_GREY, _RGB, _CMYK):
            raise Unconverted
        return components, b""
    if kind == "/Indexed":
        base, _ = _colours(space[1])
        table = space[3].read_bytes() if isinstance(space[3], Stream) else bytes(space[3])
        return 1, _palette(base, bytes(table)[: 256 * base])
    if kind == "/Separation":
        return 1, b"".join(bytes([255 - tint] * 3) for tint in range(256))
    if kind in _SPACES:
        return _SPACES[kind], b""
    raise Unconverted


def _palette(base: int, table: bytes) -> bytes:
    if base == _RGB:
        return table[: len(table) // 3 * 3]
    if base == _GREY:
        return b"".join(bytes([value] * 3) for value in table)
    entries = [table[at : at + 4] for at in range(0, len(table) // 4 * 4, 4)]
    return b"".join(bytes((255 - c) * (255 - k) // 255 for c in entry[:3]) for entry in entries for k in entry[3:])


def _without(filters: list[str], raw: Callable[[], Any]) -> Iterator[bytes]:
    """Returns the bytes of a stream after these filters, which precede the filter of the picture."""
    known = {"/FlateDecode", "/ASCIIHexDecode", "/ASCII85Decode"}
    if not known.issuperset(filters):
        raise Unconverted
    return _undone(filters, raw)


def _undone(filters: list[str], raw: Callable[[], Any]) -> Iterator[bytes]:
    data: Iterator[bytes] = iter((bytes(raw()),))
    for each in filters:
        if each == "/FlateDecode":
            data = unpack(data, lambda: Inflater(zlib.MAX_WBITS))
        elif each == "/ASCIIHexDecode":
            digits = b"".join(data).partition(b">")[0].translate(None, b" \t\r\n\f\0")
            data = iter((binascii.unhexlify(digits + b"0" * (len(digits) % 2)),))
        else:
            text = b"".join(data).partition(b"~>")[0].removeprefix(b"<~")
            data = iter((base64.a85decode(text),))
    yield from data


def _png(header: tuple[int, int, int, int], palette: bytes, rows: Iterator[bytes]) -> Iterator[bytes]:
    """Writes a PNG. `header`: width, height, bits of a sample, colour type."""
    yield b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0))
    if palette:
        yield _chunk(b"PLTE", palette[: 3 << header[2]])
    sum_, first, waiting = 1, b"\x78\x01", b""
    for row in rows:
        waiting += b"\0" + row
        while len(waiting) > _STORED:
            block, waiting = waiting[:_STORED], waiting[_STORED:]
            sum_ = zlib.adler32(block, sum_)
            yield _chunk(b"IDAT", first + b"\0" + struct.pack("<HH", len(block), len(block) ^ 0xFFFF) + block)
            first = b""
    sum_ = zlib.adler32(waiting, sum_)
    last = b"\1" + struct.pack("<HH", len(waiting), len(waiting) ^ 0xFFFF) + waiting + struct.pack(">I", sum_)
    yield _chunk(b"IDAT", first + last) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _faxed(stream: Object, data: Iterator[bytes]) -> Iterator[bytes]:
    """Returns fax data in a TIFF file. `K` below 0 is Group 4, otherwise Group 3 (table 11)."""
    parameters = _parameters(stream)
    k = int(parameters.get(Name.K, 0))
    columns = int(parameters.get(Name.Columns, 1728))
    rows = int(parameters.get(Name.Rows, 0)) or _number(stream, "Height", "H")
    white_is_zero = not bool(parameters.get(Name.BlackIs1, False)) ^ _is_inverted(stream)
    packed = b"".join(data)
    return _tiff(
        columns, rows, iter((packed,)), len(packed), photometric=0 if white_is_zero else 1, depths=(1,),
        compression=4 if k < 0 else 3, options=1 if k > 0 else 0,
    )  # fmt: skip


def _tiff(
    width: int,
    height: int,
    data: Iterator[bytes],
    size: int,
    *,
    photometric: int,
    depths: tuple[int, ...],
    compression: int = 1,
    options: int = 0,
) -> Iterator[bytes]:
    """Returns a TIFF file of one strip."""
    entries = [
        (256, 4, 1, width), (257, 4, 1, height),
        (258, 3, len(depths), depths[0] if len(depths) == 1 else 8 + 2 + 12 * 10 + 4),
        (259, 3, 1, compression), (262, 3, 1, photometric), (273, 4, 1, 8 + 2 + 12 * 10 + 4 + 8),
        (277, 3, 1, len(depths)), (278, 4, 1, height), (279, 4, 1, size), (292, 4, 1, options),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    front = b"II*\0" + struct.pack("<I", 8) + directory + bytes(4)
    yield front + struct.pack("<4H", *(depths * 4)[:4])
    yield from data
