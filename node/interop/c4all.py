"""C4All XML, as X-Ways and other tools write it for Griffeye: one element an image or a film.

Rules this module upholds:

- The file says that it is UTF-16 and may be of single bytes: the bytes decide.
- A category has no scheme: it is carried as it is written. A hash is an MD5; SHA-1 and SHA-256 are told by length.
- Paths, names and notes stay with the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from node.domain.fingerprint_kinds import MD5, SHA1, SHA256
from node.domain.references import At, EndsEarly, Fault, Item, ListHead
from node.interop.hash_values import size
from node.interop.notices import Notices
from node.interop.reading import Broken, Choices, Format
from node.interop.row_hashes import RowHashes, plain_text
from node.interop.said_texts import compact
from node.interop.xml_records import Element, Opened, begins_with, json_of, xml_events

NAME: Final = "c4all"
_ROOT: Final = "ReportIndex"
_MEDIA: Final = {"Image": "image", "Movie": "video", "Video": "video"}
_KINDS: Final = {2 * kind.size: kind for kind in (SHA1, SHA256)}


def recognise(head: bytes) -> bool:
    """Whether the document is a `ReportIndex`."""
    return begins_with(head, _ROOT) != ""


def read(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    """The images and films. Raises `Broken`."""
    notices, records = Notices(), 0
    for event in xml_events(chunks, 1, namespaces=False, old_bytes=True):
        if isinstance(event, Opened):
            if event.name != _ROOT:
                raise Broken("its root is not a ReportIndex of C4All", event.at)
            yield ListHead(format=NAME, scheme=choices.scheme or NAME, scheme_version=choices.scheme_version)
        elif isinstance(event, EndsEarly):
            yield event
        elif isinstance(event, Element):
            if event.name in _MEDIA:
                records += 1
                yield from _items(event, event.at._replace(record=records), notices)
            else:
                yield from notices.tell("unknown-field", event.at)


def _items(element: Element, at: At, notices: Notices) -> Iterator[Item]:
    if element.fault:
        yield Fault(at, element.fault)
        return
    hashes = RowHashes()
    for found in element.children("hash"):
        if text := found.text.strip():
            hashes.add(_KINDS.get(len(text), MD5), text)
    if hashes.fault:
        yield Fault(at, hashes.fault)
        return
    bytes_stated, bad = size(element.child_text("fileSize"))
    if bad:
        hashes.warn("bad-size")
    row = hashes.reference(
        at,
        code=plain_text(element.child_text("category")) or None,
        media_type=_MEDIA[element.name],
        size=bytes_stated,
        said=compact(json_of(element)),
    )
    yield row
    yield from notices.of_row(row)


FORMAT: Final = Format(name=NAME, title="C4All XML", recognise=recognise, read=read)
