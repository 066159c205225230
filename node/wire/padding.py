"""Answers of few lengths: an observer of the length, on the wire or in a mailbox, learns little of the content.

Rules this module upholds:

- An answer is padded with zeros (`Answer.padding`, the last field) to one of `CLASSES`; the signature covers them.
- A reader accepts an answer of any length: classes may change, and an answer longer than the largest class is sent
  unchanged.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from node.wire.limits import ANSWER_BYTES
from node.wire.pb import record_pb2 as pb

CLASSES: Final = tuple(512 * 4**power for power in range(7))
"""Lengths of an answer in bytes. "No hit", a hit at hit/no-hit level and "held" all have the first."""
_WIRE_TYPE: Final = 2
"""Length-delimited (protobuf encoding)."""
_TAG: Final = bytes([pb.Answer.PADDING_FIELD_NUMBER << 3 | _WIRE_TYPE])


def padded(answer: bytes) -> bytes:
    """An encoded answer without padding, padded."""
    return answer + _filler(len(answer))


@lru_cache(maxsize=1_024)
def _filler(size: int) -> bytes:
    """The padding of an answer of `size` bytes. Most answers have one of a few lengths."""
    for full in (each for each in CLASSES if each <= ANSWER_BYTES):
        room = full - size
        if room == 0:
            break
        for width in range(1, 4):
            length = room - len(_TAG) - width
            if length >= 0 and len(head := _varint(length)) == width:
                return b"".join((_TAG, head, bytes(length)))
    return b""


def _varint(number: int) -> bytes:
    """A number in protobuf's form: seven bits per byte, the lowest first."""
    parts = bytearray()
    while number > 0x7F:  # noqa: PLR2004  (seven bits)
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
