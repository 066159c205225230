"""Writers of still pictures in kinds that libraries do not write, or write wrong: by the specifications, by hand.

A `Variant` is a file and what a viewer shows of it. The picture that was written is the right value: no decoder has a
say in it.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt

from node.media.decode import decode_picture
from node.media.pdq import pdq_hashes
from node.media.picture_decoding import DecodedPicture
from tests.unit.media.pictures import distance, scene

Values = npt.NDArray[np.uint8]
Samples = npt.NDArray[Any]

WIDTH, HEIGHT = 101, 75  # odd, and no multiple of a tile, a block or a byte
PICTURE = scene(WIDTH, HEIGHT, 3)
RGB: Values = np.asarray(PICTURE)
GREY: Values = np.asarray(PICTURE.convert("L"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """`data`: the file; `right`: uint8 of shape (height, width) or (height, width, 3); `lossy`: the pixels are not
    exactly those.
    """

    data: bytes
    right: Values
    lossy: bool = False


def rgb_of(picture: DecodedPicture) -> Values:
    """The decoded pixels as (height, width, 3)."""
    pixels = picture.pixels
    values = pixels.values.reshape(pixels.height, pixels.width, pixels.channels)
    return np.repeat(values, 3, axis=2) if pixels.channels == 1 else np.asarray(values[:, :, :3])


def hashed(values: Values) -> bytes:
    """The PDQ of an array of pixels."""
    flat = np.ascontiguousarray(values.reshape(values.shape[0], -1))
    flat.flags.writeable = False
    return pdq_hashes(flat, 1 if values.ndim == 2 else values.shape[2]).orientations[0]


def assert_shown(variant: Variant) -> DecodedPicture:
    """Decodes a variant: the pixels are those that were written, or, where the coding is lossy, hash like them."""
    picture = decode_picture(variant.data)
    values = rgb_of(picture)
    right = np.repeat(variant.right[:, :, np.newaxis], 3, axis=2) if variant.right.ndim == 2 else variant.right
    assert values.shape == right.shape
    apart = np.abs(values.astype(int) - right.astype(int))
    if variant.lossy:
        assert apart.mean() < 12
    else:
        assert apart.max() <= 1
    assert distance(hashed(values), hashed(right)) <= (10 if variant.lossy else 2)
    return picture


def tiff(
    tags: dict[int, int | Sequence[int]], strips: Sequence[bytes], *, order: str = "<", big: bool = False
) -> bytes:
    """A TIFF of one directory: its tags, and strips (or tiles, where tag 322 is given), by TIFF 6.0."""
    tiled = 322 in tags
    wide, entry = (8, 20) if big else (4, 12)
    head = (b"II" if order == "<" else b"MM") + struct.pack(
        order + ("HHH" if big else "H"), *((43, 8, 0) if big else (42,))
    )
    entries: dict[int, tuple[int, Sequence[int]]] = {
        tag: (3 if max(values) < 65536 else 4, values)
        for tag, values in ((tag, [value] if isinstance(value, int) else value) for tag, value in tags.items())
    }
    entries[324 if tiled else 273] = (4, [0] * len(strips))
    entries[325 if tiled else 279] = (4, [len(strip) for strip in strips])
    start = len(head) + wide
    after = start + (8 if big else 2) + entry * len(entries) + wide
    sizes = {tag: len(values) * (2 if kind == 3 else 4) for tag, (kind, values) in entries.items()}
    behind = after + sum(size for size in sizes.values() if size > wide)
    places = [behind + sum(map(len, strips[:number])) for number in range(len(strips))]
    entries[324 if tiled else 273] = (4, places)
    directory, outside = struct.pack(order + ("Q" if big else "H"), len(entries)), b""
    for tag, (kind, values) in sorted(entries.items()):
        body = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        directory += struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, len(values))
        if len(body) <= wide:
            directory += body.ljust(wide, b"\0")
        else:
            directory += struct.pack(order + ("Q" if big else "I"), after + len(outside))
            outside += body
    first = struct.pack(order + ("Q" if big else "I"), start)
    return head + first + directory + bytes(wide) + outside + b"".join(strips)


def packed(samples: Samples, bits: int) -> bytes:
    """Rows of samples of any number of bits, the highest first, each row filled up to a byte (TIFF 6.0, BMP, PNG)."""
    rows = samples.reshape(samples.shape[0], -1).astype(np.uint32)
    spread = (rows[:, :, np.newaxis] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(spread.reshape(rows.shape[0], -1).astype(np.uint8), axis=1).tobytes()


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(samples: Samples, bits: int, colour: int, *before: bytes, interlaced: bool = False) -> bytes:
    """A PNG of any colour type and depth, by its specification."""
    height, width = samples.shape[:2]
    passes = [samples[top::down, left::across] for left, top, across, down in _PASSES] if interlaced else [samples]
    rows = b""
    for each in passes:
        if each.shape[0] and each.shape[1]:
            raw = packed(each, bits)
            step = len(raw) // each.shape[0]
            rows += b"".join(b"\0" + raw[at : at + step] for at in range(0, len(raw), step))
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(before)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def bmp(
    rows: bytes,
    bits: int,
    *,
    size: int = 40,
    compression: int = 0,
    palette: bytes = b"",
    masks: Sequence[int] = (),
    top_down: bool = False,
    colours: int = 0,
) -> bytes:
    """A BMP with an information header of `size` bytes, by Microsoft's and IBM's descriptions."""
    height = -HEIGHT if top_down else HEIGHT
    if size == 12:
        header = struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, bits)
    elif size == 16:
        header = struct.pack("<IiiHH", 16, WIDTH, height, 1, bits)
    else:
        header = struct.pack(
            "<IiiHHIIiiII", size, WIDTH, height, 1, bits, compression, len(rows), 2835, 2835, colours, 0
        )
        stated = struct.pack(f"<{len(masks)}I", *masks)
        header = header + stated if size == 40 else (header + stated).ljust(size, b"\0")
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + header + palette + rows


def bmp_rows(samples: Samples, bits: int, *, top_down: bool = False) -> bytes:
    """Rows of a BMP: from the bottom to the top, each filled up to 4 bytes; whole numbers are little-endian."""
    ordered = samples if top_down else samples[::-1]
    kinds = {8: "<u1", 16: "<u2", 24: "<u1", 32: "<u4"}
    if bits in kinds:
        plain = np.ascontiguousarray(ordered.astype(kinds[bits]))
        raw = plain.view(np.uint8).reshape(len(ordered), -1)
    else:
        raw = np.frombuffer(packed(ordered, bits), np.uint8).reshape(len(ordered), -1)
    filled = np.zeros((len(ordered), (raw.shape[1] + 3) // 4 * 4), np.uint8)
    filled[:, : raw.shape[1]] = raw
    return filled.tobytes()


def psd(
    planes: Samples,
    mode: int,
    depth: int,
    *,
    compression: int = 0,
    big: bool = False,
    palette: bytes = b"",
    resources: bytes = b"",
) -> bytes:
    """A Photoshop document without layers, by Adobe's specification. `planes`: (channels, rows, columns or bytes)."""
    kinds = {1: ">u1", 8: ">u1", 16: ">u2", 32: ">f4"}
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 2 if big else 1, len(planes), HEIGHT, WIDTH, depth, mode)
    sections = b"".join(struct.pack(">I", len(each)) + each for each in (palette, resources))
    head = header + sections + bytes(8 if big else 4) + struct.pack(">H", compression)
    rows = [np.ascontiguousarray(row.astype(kinds[depth])).tobytes() for plane in planes for row in plane]
    if compression == 0:
        return head + b"".join(rows)
    if compression == 1:
        squeezed = [bytes(imagecodecs.packbits_encode(row)) for row in rows]
        lengths = struct.pack(f">{len(squeezed)}{'I' if big else 'H'}", *map(len, squeezed))
        return head + lengths + b"".join(squeezed)
    if compression == 3:
        rows = [_differences(row, depth) for row in rows]
    return head + zlib.compress(b"".join(rows))


def _differences(row: bytes, depth: int) -> bytes:
    """A row as the predictor of Photoshop writes it."""
    if depth == 32:
        values = np.frombuffer(row, np.uint8).reshape(-1, 4).T.reshape(-1)
        return np.diff(values, prepend=np.uint8(0)).astype(np.uint8).tobytes()
    kind = ">u1" if depth == 8 else ">u2"
    values = np.frombuffer(row, kind).astype(np.int64)
    return np.diff(values, prepend=0).astype(kind).tobytes()
