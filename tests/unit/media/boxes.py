"""A made-up kind of file that holds others, for tests of all that has to do with parts, and its reader.

A box is `MAGIC`, then entries: a letter, a length (4 bytes), a name (1 byte of length), the bytes.

- `S`: a part that lies in the box as it is. `P`: a part that is unpacked in pieces of `PIECE` bytes.
- `D`: a part that is unpacked, and found to be damaged behind its bytes. `O`: an omission, with its reason.
- `Z`: zeros, as many as the bytes say. `X`: the reader fails. `C`: the reader crashes.
- `E`: the end, so that a box does not end like its last part.
"""

import ctypes
import struct
from collections.abc import Iterator

from node.domain.parts import Role
from node.errors import MediaError
from node.media import kinds
from node.media.parts.part import Omission, Part
from node.media.region import Region

MAGIC = b"\x00BOX\x01"
PIECE = 1000
MEDIA_TYPE = "application/x-box"
_HEAD = struct.Struct(">sIB")


def box(*entries: tuple[str, bytes, str]) -> bytes:
    """A box of (letter, bytes, name)."""
    made = MAGIC
    for letter, data, name in (*entries, ("E", b"end", "")):
        spelt = name.encode()
        made += _HEAD.pack(letter.encode(), len(data), len(spelt)) + spelt + data
    return made


def read_box(region: Region) -> Iterator[Part | Omission]:
    """The reader."""
    at = len(MAGIC)
    while at < region.size:
        letter, length, spelt = _HEAD.unpack(region.at(at, _HEAD.size))
        name = region.at(at + _HEAD.size, spelt).decode()
        start = at + _HEAD.size + spelt
        at = start + length
        data = region.part(start, length)
        match letter:
            case b"S":
                yield Part(role=Role.MEMBER, content=data, name=name)
            case b"P":
                yield Part(role=Role.ATTACHMENT, content=_pieces(data), name=name)
            case b"D":
                yield Part(role=Role.MEMBER, content=_damaged(data), name=name)
            case b"Z":
                yield Part(role=Role.MEMBER, content=_zeros(int(data.head(20))), name=name)
            case b"O":
                yield Omission(reason=data.head(200).decode())
            case b"C":
                ctypes.string_at(0)
            case b"E":
                return
            case _:
                raise RuntimeError(name)


def _pieces(data: Region) -> Iterator[bytes]:
    for start in range(0, data.size, PIECE):
        yield data.at(start, PIECE)


def _damaged(data: Region) -> Iterator[bytes]:
    yield from _pieces(data)
    raise MediaError("its end is damaged")


def _zeros(count: int) -> Iterator[bytes]:
    while count:
        piece = min(count, 1 << 20)
        yield bytes(piece)
        count -= piece


BOX = kinds.Holder(
    name="a box", media_type=MEDIA_TYPE, recognise=lambda head, _: head.startswith(MAGIC), reader=read_box
)


def take_boxes() -> None:
    """From here on boxes are known in this process."""
    vars(kinds)["HOLDERS"] = (BOX,)
