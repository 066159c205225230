"""The JPEG pictures of a damaged PDF document that no object refers to any more.

Rules this module upholds:

- A picture is recognised by its first bytes after the word `stream`, and ends before `endstream` or with the file.
- Pictures that the reader of objects returned already are not returned again.

Source: ISO 32000-1, 7.3.8 (streams).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from node.domain.parts import Role
from node.media.parts.bounds import Meter, find
from node.media.parts.part import Omission, Part
from node.media.region import Region

DAMAGED: Final = "what the damaged parts of a PDF document hold"
_BEGINS: Final = re.compile(rb"stream\r?\n(?=\xff\xd8\xff|\x00\x00\x00\x0cjP  )")
_STEP: Final = 1 << 20
_MOST_COMPARED: Final = 64 << 20
"""The most bytes of a picture that is kept in memory for the comparison with the returned ones."""
_LINE_END: Final = b"\r\n"


def digest_of(data: bytes) -> bytes:
    """Returns SHA-256 of a stream without the line ends after it, which may belong to the document."""
    return hashlib.sha256(data.rstrip(_LINE_END)).digest()


def carved(region: Region, given: frozenset[bytes]) -> Iterator[Part | Omission]:
    """Yields every JPEG and JPEG 2000 picture that a document stores unchanged. `given`: digests (`digest_of`) of the
    known ones.
    """
    meter = Meter(region)
    for offset in range(0, region.size, _STEP):
        for found in _BEGINS.finditer(region.at(offset, _STEP + 32)):
            if found.start() >= _STEP:
                continue
            picture = _up_to_its_end(region, offset + found.end())
            if picture.size <= _MOST_COMPARED and digest_of(picture.head(picture.size)) in given:
                continue
            if not (meter.part() and meter.as_is(picture)):
                break
            yield Part(role=Role.PICTURE, content=picture)
    yield Omission(reason=meter.full or DAMAGED)


def _up_to_its_end(region: Region, start: int) -> Region:
    """Returns a stream from its first byte, without the line end before `endstream` (7.3.8.1)."""
    end = find(region, start, b"endstream")
    last = region.at(max(end - 2, start), min(2, end - start)) if end < region.size else b""
    line_end = len(_LINE_END) if last == _LINE_END else int(last.endswith((b"\r", b"\n")))
    return region.part(start, end - line_end - start)
