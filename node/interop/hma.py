"""Hasher-Matcher-Actioner: contents of a bank with their signals (the JSON of its curation API).

Rules this module upholds:

- One content is one row, with all of its signals. Its identity is its id.
- A content that is switched off (`disable_until_ts` is 0, or later than now) is not taken, and is told.
- Where the media came from (`original_media_uri`) stays in the words of the row.
- A file is one content, or an array of contents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from node.domain.fingerprint_kinds import MD5
from node.domain.references import NOT_AN_OBJECT, At, EndsEarly, Fault, Ignored, Item, ListHead
from node.interop.json_heads import json_head
from node.interop.json_records import JsonReader
from node.interop.json_text import CutShort
from node.interop.notices import NOT_SEARCHED, Notices
from node.interop.reading import Choices, Format
from node.interop.row_hashes import RowHashes, identity_of, kind_taken, told_name

NAME: Final = "hma"
SIGNALS: Final = "signals"
_VIDEO_MD5: Final = frozenset({"video_md5", "vmd5"})
_ENABLED: Final = 1


def recognise(head: bytes) -> bool:
    """Whether a file begins as a content, or as an array of them."""
    shape = json_head(head)
    return shape.has(2 if shape.opening == "[" else 1, SIGNALS) if shape.opening else False


def read(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    """The rows of a file. Raises `Broken`."""
    notices = Notices()
    yield ListHead(format=NAME)
    reader = JsonReader(chunks)
    try:
        for at, content, said in _contents(reader):
            if isinstance(content, dict):
                yield from _row(at, content, said, choices.now, notices)
            else:
                yield Fault(at, NOT_AN_OBJECT)
        reader.end()
    except CutShort as cut:
        yield EndsEarly(cut.at)


def _contents(reader: JsonReader) -> Iterator[tuple[At, Any, str]]:
    if not reader.next_is("["):
        here = reader.here()
        value, said = reader.value()
        yield here._replace(record=1), value, said
        return
    for number, element in enumerate(reader.elements(), 1):
        yield At(record=number, line=element.line, offset=element.offset), element.value, element.said


def _row(at: At, content: dict[str, Any], said: str, now: float, notices: Notices) -> Iterator[Item]:
    identity = identity_of(content.get("id"))
    at = at._replace(name=identity)
    if not _is_enabled(content.get("disable_until_ts"), now):
        yield from notices.tell("disabled-content", at)
        yield Ignored("disabled content")
        return
    signals = content.get(SIGNALS)
    hashes, media_type = RowHashes(), ""
    for name, text in signals.items() if isinstance(signals, dict) else ():
        if name in _VIDEO_MD5:
            hashes.add(MD5, text)
            media_type = "video"
        elif kind := kind_taken(name):
            hashes.add(kind, text)
        else:
            hashes.other(told_name(name, "another kind"))
    if hashes.are_of_other_kinds:
        yield from notices.tell(NOT_SEARCHED, at)
        yield Ignored("content without a searched signal")
    elif fault := hashes.fault:
        yield Fault(at, fault)
    else:
        row = hashes.reference(at, id=identity, media_type=media_type, said=said)
        yield from notices.of_row(row)
        yield row


def _is_enabled(until: object, now: float) -> bool:
    """0 switches a content off and 1 on; another number is the Unix second from which it is on. Absent: it is on."""
    if until is None:
        return True
    if isinstance(until, bool) or not isinstance(until, int | float) or until == 0:
        return False
    return until == _ENABLED or until <= now


FORMAT: Final = Format(name=NAME, title="Hasher-Matcher-Actioner bank contents", recognise=recognise, read=read)
