"""Counts the frames of a GIF and finds its end, without decoding.

Rules this module upholds:

- It reads only the lengths of blocks, and at most `_MOST_BLOCKS`.
- It never raises for the content of a file: the count ends where the blocks end or are invalid.

Source: GIF89a Specification (CompuServe, 1990), sections 17 to 27.
"""

from __future__ import annotations

from typing import Final

_HEADER: Final = 13
"""Bytes of the header and the logical screen descriptor."""
_TABLE: Final = 0x80
"""The flag that states that a table of colours follows."""
_EXTENSION, _IMAGE = 0x21, 0x2C
_TRAILER: Final = b"\x3b"
_BLOCKS: Final = (b"\x21", b"\x2c", _TRAILER)
_CONTROL: Final = b"\xf9\x04"
"""Label and size of a graphic control extension."""
_CONTROL_BYTES: Final = 8
_CODE_SIZES: Final = tuple(bytes((size,)) for size in range(1, 9))
_DESCRIPTOR: Final = 10
"""Bytes of an image descriptor with its separator."""
_MOST_BLOCKS: Final = 1_000_000
"""The most blocks. A block has up to 255 bytes, and only attackers write many short ones."""


def count_frames(data: bytes) -> int:
    """Returns how many frames the blocks of a GIF have, as far as they can be followed."""
    return _followed(data, 0)[0]


def end_of_blocks(data: bytes, start: int = 0) -> int:
    """Returns the offset after the trailer of the GIF that begins at `start`, or -1 if its blocks do not lead
    to one.
    """
    at = _followed(data, start)[1]
    return at + 1 if data[at : at + 1] == _TRAILER else -1


def _followed(data: bytes, start: int) -> tuple[int, int]:
    """Returns the number of frames, and the offset where the blocks end."""
    if len(data) < start + _HEADER:
        return 0, start
    at, frames, inside = start + _HEADER + _table_bytes(data[start + 10]), 0, False
    for _ in range(_MOST_BLOCKS):
        if at >= len(data):
            break
        if inside:
            inside = data[at] != 0
            at += data[at] + 1
        elif data[at] == _EXTENSION:
            inside, at = True, at + 2
        elif data[at] == _IMAGE and at + _DESCRIPTOR < len(data):
            frames += 1
            inside, at = True, at + _DESCRIPTOR + _table_bytes(data[at + _DESCRIPTOR - 1]) + 1
        else:
            break
    return frames, at


def without_extensions(data: bytes) -> bytes:
    """Returns the GIF with only its screen, its images and valid graphic controls (transparency, times). After an
    invalid extension it continues at the next image.
    """
    at = _HEADER + _table_bytes(data[10]) if len(data) >= _HEADER else len(data)
    kept = [data[:at]]
    for _ in range(_MOST_BLOCKS):
        here = data[at : at + 1]
        if not here or here == _TRAILER:
            break
        if here[0] == _IMAGE and _is_image(data, at):
            end = _end_of_data(data, at + _DESCRIPTOR + _table_bytes(data[at + _DESCRIPTOR - 1]) + 1)
            kept.append(data[at:end])
            at = end
        elif here[0] == _EXTENSION and data[_end_of_data(data, at + 2) :][:1] in _BLOCKS:
            end = _end_of_data(data, at + 2)
            if data[at + 1 : at + 3] == _CONTROL and end == at + _CONTROL_BYTES:
                kept.append(data[at:end])
            at = end
        else:
            at = data.find(bytes((_IMAGE,)), at + 1)
            while at >= 0 and not _is_image(data, at):
                at = data.find(bytes((_IMAGE,)), at + 1)
            if at < 0:
                break
    return b"".join((*kept, _TRAILER))


def _is_image(data: bytes, at: int) -> bool:
    """Tells whether an image may begin here: it lies inside the screen, and its code size is valid."""
    if len(data) <= at + _DESCRIPTOR:
        return False
    width, height, left, top, wide, high = (
        int.from_bytes(data[place : place + 2], "little") for place in (6, 8, at + 1, at + 3, at + 5, at + 7)
    )
    code = data[at + _DESCRIPTOR + _table_bytes(data[at + _DESCRIPTOR - 1]) :][:1]
    return 0 < wide <= width - left and 0 < high <= height - top and code in _CODE_SIZES


def _end_of_data(data: bytes, at: int) -> int:
    """Returns the offset after a series of data blocks."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return min(at + 1, len(data))


def _table_bytes(flags: int) -> int:
    """Returns the bytes of the table of colours that these flags state: three for each of 2 to 256 colours."""
    return 3 << ((flags & 7) + 1) if flags & _TABLE else 0
