"""The boxes of an ISO media file, of JPEG 2000 and of JPEG XL.

Rules this module upholds:

- `_MOST_BOXES` bounds the work for any lengths in the file. It never raises for the content of a file.

Source: ISO/IEC 14496-12, 4.2; ISO/IEC 15444-1, annex I.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_MOST_BOXES: Final = 10_000


def boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yields kind, start and end of the content of each box between two offsets. An end after the end of the file is
    corrected.
    """
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return
        size, kind, header = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16]), 16
        elif size == 0:  # up to the end
            size = end - at
        if size < header:
            return
        yield kind, min(at + header, end), min(at + size, end)
        at += size
