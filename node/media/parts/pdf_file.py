"""Opens a PDF document, also a document without a page or with a missing end.

Rules this module upholds:

- If qpdf cannot open a document, it is opened again with our own end: a catalogue, a page and a trailer. qpdf then
  finds every remaining object, and follows references between them.
- The new trailer keeps the encryption entries of the old trailers, because the streams cannot be decrypted without
  them.

Source: ISO 32000-1, 7.5 (structure of a file), 7.6.1 (encryption).
"""

from __future__ import annotations

import io
import os
import re
from typing import Any, Final, cast

import pikepdf
from pikepdf import settings

from node.media.parts.bounds import find
from node.media.region import Region

_NO_PAGES: Final = "no pages found"
"""qpdf's words for a document without a page."""
_SMALLEST_OBJECT: Final = 3
"""Bytes. qpdf does not believe an object number that a file of this size cannot reach."""
_OURS: Final = 3
"""The objects of the end that is added to a document."""
_ENCRYPTED: Final = re.compile(rb"/Encrypt\s+\d+\s+\d+\s+R")
_IDENTIFIER: Final = re.compile(rb"/ID\s*\[\s*<[0-9A-Fa-f]*>\s*<[0-9A-Fa-f]*>\s*\]")
_TRAILER: Final = 4096
"""Bytes before and after the word in which both are searched."""


def opened(region: Region) -> tuple[pikepdf.Pdf, bool]:
    """Returns the document, and whether it is damaged. Raises pikepdf's errors if no object can be found."""
    try:
        document = _opened(region)
    except pikepdf.PasswordError:
        raise
    except pikepdf.PdfError:
        return _open(region, _end_for(region)), True
    return document, any("damaged" in str(warning) for warning in document.get_warnings())


def _opened(region: Region) -> pikepdf.Pdf:
    try:
        return _open(region)
    except pikepdf.PdfError as error:
        if _NO_PAGES not in str(error):
            raise
    # A document may hold attachments and no page. While warnings are limited, qpdf 12.4 opens none of these.
    before = settings.set_qpdf_limits(doc_max_warnings=0)
    try:
        return _open(region)
    finally:
        settings.set_qpdf_limits(**cast("Any", before))


def _open(region: Region, end: bytes = b"") -> pikepdf.Pdf:
    return pikepdf.open(
        cast("Any", _File(region, end)),
        suppress_warnings=True,
        attempt_recovery=True,
        access_mode=pikepdf.AccessMode.stream,
    )


def _end_for(region: Region) -> bytes:
    """Returns an end that makes a document of objects alone: it closes the cut object and states a page."""
    first = max(region.size // _SMALLEST_OBJECT - _OURS, 1)
    catalogue, pages, page = range(first, first + _OURS)
    objects = (
        (catalogue, f"<</Type/Catalog/Pages {pages} 0 R>>"),
        (pages, f"<</Type/Pages/Count 1/Kids[{page} 0 R]>>"),
        (page, f"<</Type/Page/Parent {pages} 0 R/MediaBox[0 0 1 1]/Resources<<>>>>"),
    )
    made = "\nendstream\nendobj\n" + "".join(f"{number} 0 obj\n{content}\nendobj\n" for number, content in objects)
    trailer = f"trailer\n<</Root {catalogue} 0 R/Size {page + 1}".encode()
    return made.encode() + trailer + _encryption_of(region) + b">>\n"


def _encryption_of(region: Region) -> bytes:
    """Returns the entries of a trailer that state the encryption, or b"" if none remain."""
    at = find(region, 0, b"/Encrypt")
    if at >= region.size:
        return b""
    trailer = region.at(max(at - _TRAILER, 0), 2 * _TRAILER)
    found = (_ENCRYPTED.search(trailer), _IDENTIFIER.search(trailer))
    return b"".join(each[0] for each in found if each is not None)


class _File(io.RawIOBase):
    """A region with added bytes after it, in the form that qpdf reads."""

    def __init__(self, region: Region, end: bytes) -> None:
        super().__init__()
        self._region = region
        self._end = end
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        size = self._region.size + len(self._end)
        self._at = max({os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: size}[whence] + offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  (a writable buffer)
        wanted = len(buffer)
        data = self._region.at(self._at, wanted)
        if len(data) < wanted:  # qpdf takes a short read for the end of the file
            behind = max(self._at - self._region.size, 0)
            data += self._end[behind : behind + wanted - len(data)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
