"""Every kind of container: its name, its recogniser and its reader.

Rules this module upholds:

- The order decides: documents that are archives come before archives, formats with a signature before formats that are
  recognised by their form, and text is last, because nearly any file can be text.
- A recogniser reads bytes and never raises for their content.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.media.parts import (
    archives,
    compound,
    compressed,
    libarchive,
    mail,
    ole,
    pdf,
    rtf,
    tar_archive,
    text,
    thumbcache,
    tnef,
    zip_archive,
)
from node.media.parts.part import Reader
from node.media.region import Region

Row = tuple[str, str, Callable[[bytes, Region], bool], Reader]
"""Name with its article, media type (IANA if there is one), recogniser, reader."""

TEXT: Final = "text/plain"
_STATED: Final = (
    ("an EPUB book", "application/epub+zip"),
    ("an OpenDocument text", "application/vnd.oasis.opendocument.text"),
    ("an OpenDocument spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
    ("an OpenDocument presentation", "application/vnd.oasis.opendocument.presentation"),
    ("an OpenDocument drawing", "application/vnd.oasis.opendocument.graphics"),
)
"""Documents that state their media type in their first member (OpenDocument 1.3, part 2, 3.3)."""

HOLDERS: Final[tuple[Row, ...]] = (
    *((name, media_type, zip_archive.recognise_type(media_type), zip_archive.members) for name, media_type in _STATED),
    ("an office document", "application/zip", zip_archive.recognise_document, zip_archive.members),
    ("a ZIP archive", "application/zip", zip_archive.recognise, zip_archive.members),
    ("an OLE compound file", "application/x-ole-storage", ole.recognise, compound.members),
    ("a PDF document", "application/pdf", pdf.recognise, pdf.members),
    *((kind.name, kind.media_type, kind.recognise, kind.reader) for kind in archives.KINDS),
    *compressed.KINDS,
    ("a cache of thumbnails", "application/x-thumbcache", thumbcache.recognise, thumbcache.members),
    ("a winmail.dat file", "application/vnd.ms-tnef", tnef.recognise, tnef.members),
    ("an RTF document", "application/rtf", rtf.recognise, rtf.members),
    ("a tar archive", "application/x-tar", tar_archive.recognise, tar_archive.members),
    ("a mailbox", "application/mbox", mail.recognise_mailbox, mail.mailbox),
    ("a message", "message/rfc822", mail.recognise, mail.members),
    ("a web page", "text/html", text.recognise_html, text.members),
    ("a text", TEXT, text.recognise, text.members),
)


def prepare() -> None:
    """Loads everything that the readers load, because a confined worker cannot open files."""
    for each in (zip_archive, archives, compressed, mail, pdf, libarchive, compound):
        each.prepare()
