"""PDF documents: their pictures and embedded files, also those that no page shows.

Rules this module upholds:

- Every object of the file is examined, not only objects that pages refer to.
- A JPEG or JPEG 2000 picture is returned unchanged. Other pictures become a PNG or TIFF file of the same samples. This
  file is the same on every machine.
- `_MOST_AT_ONCE` bounds the data that qpdf unpacks at once. It never follows references between objects without end.
- A document that needs a password is omitted, and the note says so. The empty password is tried.

Source: ISO 32000-1, 7.3.8 (streams), 7.4 (filters), 7.11.4 (embedded files), 8.9 (images). pikepdf is the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

import pikepdf
from pikepdf import Name, settings

from node.domain.parts import Role
from node.errors import MediaError
from node.media.parts.bounds import (
    TOO_MUCH_MEMORY,
    Inflater,
    Meter,
    careful,
    counted,
    in_our_words,
    name_of,
    unpack,
)
from node.media.parts.part import Omission, Part
from node.media.parts.pdf_carving import DAMAGED, carved, digest_of
from node.media.parts.pdf_file import opened
from node.media.parts.pdf_pictures import Unconverted, picture_of
from node.media.region import Region
from node.media.shortage import lack_in

_MOST_AT_ONCE: Final = 640 << 20
"""The most bytes of one stream in memory, packed or unpacked: 200 million pixels of 3 bytes."""
_MOST_CONTENT: Final = 64 << 20
"""The most bytes of drawing instructions that are searched for pictures."""
_INLINE: Final = re.compile(rb"(?<![A-Za-z])ID\s")
_NOT_CONTENT: Final = frozenset({"/XRef", "/ObjStm", "/Metadata", "/EmbeddedFile"})
_MOST_OBJECTS: Final = 2_000_000


def prepare() -> None:
    """Sets qpdf's limits, and loads what pikepdf loads at its first use."""
    settings.set_qpdf_limits(
        doc_max_warnings=10_000,
        parser_max_nesting=100,
        flate_max_memory=_MOST_AT_ONCE,
        png_max_memory=_MOST_AT_ONCE,
        run_length_max_memory=_MOST_AT_ONCE,
        tiff_max_memory=_MOST_AT_ONCE,
        dct_max_memory=1,
    )
    with pikepdf.new() as document:
        document.add_blank_page()
        stream = pikepdf.Stream(document, b"q BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q")
        list(_inline(stream))


def recognise(head: bytes, _: Region) -> bool:
    """Recognises a PDF document. Other bytes may precede its header (Acrobat allows 1,024)."""
    return b"%PDF-" in head[:1024]


@careful("a PDF document")
def members(region: Region) -> Iterator[Part | Omission]:
    """Yields every picture and every embedded file."""
    try:
        document, damaged = opened(region)
    except pikepdf.PasswordError:
        yield Omission(reason="a PDF document that needs a password")
        return
    except MediaError:
        raise
    except Exception as error:
        if lack_in(error):
            raise
        yield from carved(region, frozenset())
        return
    with document:
        reader = _Document(document, region, damaged=damaged)
        yield from reader.members()
        if damaged:
            yield from carved(region, frozenset(reader.given))
        elif any("damaged" in str(warning) for warning in document.get_warnings()):
            yield Omission(reason=DAMAGED)


class _Document:
    """One pass over the objects of a document."""

    def __init__(self, document: pikepdf.Pdf, region: Region, *, damaged: bool) -> None:
        """`given`: receives the digests (`pdf_carving.digest_of`) of the unchanged pictures that were returned from a
        damaged document.
        """
        self.given: set[bytes] = set()
        self._document = document
        self._meter = Meter(region)
        self._is_damaged = damaged
        self._damaged = self._unconverted = self._too_large = 0

    def members(self) -> Iterator[Part | Omission]:
        names, number = {}, 0
        files = []
        for number, each in enumerate(self._document.objects):
            if number >= _MOST_OBJECTS:
                break
            names.update(_names_in(each))
            if not isinstance(each, pikepdf.Stream):
                continue
            if each.objgen in names or each.get(Name.Type) == Name.EmbeddedFile:
                files.append(each)
                continue
            yield from self._taken(self._pictures(each))
            if self._meter.full:
                break
        for file in files:
            if not self._meter.full:
                yield from self._taken(self._file(file, names.get(file.objgen, "")))
        yield from self._left_out()

    def _taken(self, parts: Iterator[Part]) -> Iterator[Part]:
        try:
            for part in parts:
                if not self._meter.part():
                    return
                content = cast("Iterator[bytes]", part.content)
                words = "its data is damaged, or packed by a method that Vigil does not unpack"
                content = self._meter.unpacked(in_our_words(content, words))
                yield Part(role=part.role, content=content, name=part.name)
        except Unconverted:
            self._unconverted += 1
        except MediaError:
            self._too_large += 1
        except Exception as error:
            if lack_in(error):
                raise
            self._damaged += 1

    def _pictures(self, stream: pikepdf.Stream) -> Iterator[Part]:
        if Name.Width in stream and Name.Height in stream:
            _bound(stream)
            self._remember(stream)
            yield Part(role=Role.PICTURE, content=picture_of(stream, stream.read_raw_bytes, stream.read_bytes))
        elif str(stream.get(Name.Type, "")) not in _NOT_CONTENT and Name.Length1 not in stream:
            yield from _inline(stream)

    def _remember(self, stream: pikepdf.Stream) -> None:
        if self._is_damaged:
            self.given.add(digest_of(bytes(stream.read_raw_bytes())))

    def _file(self, stream: pikepdf.Stream, name: str) -> Iterator[Part]:
        _bound(stream)
        self._remember(stream)
        yield Part(role=Role.ATTACHMENT, content=_unpacked(stream), name=name_of(name))

    def _left_out(self) -> Iterator[Omission]:
        if self._damaged:
            yield counted(self._damaged, "damaged object")
        if self._unconverted:
            kind = "of a kind that Vigil does not decode (JBIG2, or a rare space of colours)"
            yield counted(self._unconverted, f"picture {kind}", f"pictures {kind}")
        if self._too_large:
            yield counted(self._too_large, "stream that is too large", "streams that are too large")
        if self._meter.full:
            yield Omission(reason=self._meter.full)


def _bound(stream: pikepdf.Stream) -> None:
    """Raises `MediaError` if a stream is too large for memory."""
    if int(stream.get(Name.Length, 0)) > _MOST_AT_ONCE:
        raise MediaError(TOO_MUCH_MEMORY)


def _names_in(each: pikepdf.Object) -> dict[tuple[int, int], str]:
    """Returns the embedded files of a file specification, by their object numbers, with their name."""
    if not isinstance(each, pikepdf.Dictionary) or Name.EF not in each or not isinstance(each.EF, pikepdf.Dictionary):
        return {}
    stated = each.get(Name.UF, each.get(Name.F, ""))
    name = str(stated) if isinstance(stated, pikepdf.String | str) else ""
    return {file.objgen: name for _, file in each.EF.items() if isinstance(file, pikepdf.Stream)}


def _unpacked(stream: pikepdf.Stream) -> Iterator[bytes]:
    """Returns the bytes of an embedded file, in pieces if they are deflated without a predictor, as nearly all are."""
    filters = stream.get(Name.Filter)
    if filters in (Name.FlateDecode, pikepdf.Array([Name.FlateDecode])) and Name.DecodeParms not in stream:
        yield from unpack(iter((bytes(stream.read_raw_bytes()),)), lambda: Inflater(15))
    else:
        yield bytes(stream.read_bytes())


def _inline(stream: pikepdf.Stream) -> Iterator[Part]:
    """Yields the pictures in drawing instructions."""
    if int(stream.get(Name.Length, 0)) > _MOST_CONTENT or not _INLINE.search(stream.read_bytes()):
        return
    for instruction in pikepdf.parse_content_stream(stream, operators="BI ID EI"):
        if isinstance(instruction, pikepdf.ContentStreamInlineImage):
            picture = instruction.iimage
            packed = picture._data._inline_image_raw_bytes  # noqa: SLF001  (there is no other way to its bytes)
            yield Part(role=Role.PICTURE, content=picture_of(picture.obj, packed, picture.read_bytes))
