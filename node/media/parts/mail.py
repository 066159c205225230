"""E-mail messages (EML, EMLX, MHTML) and mailboxes (mbox): their attachments, at any depth of MIME.

Rules this module upholds:

- A message is read in place: no body or attachment is read into memory as a whole. An attachment without encoding is a
  region of the file.
- Every body except the text of a message is a part, also attached messages, and files inside the text (uuencode,
  Base64).
- Boundaries, headers and encodings are untrusted: a damaged one ends only its own body.

Sources: RFC 5322, RFC 2045 to 2047, RFC 2557 (MHTML), RFC 4155 (mbox), POSIX uuencode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from node.domain.parts import Role
from node.media.parts import mime
from node.media.parts.bounds import Meter, careful, find, in_our_words, name_of, pieces
from node.media.parts.mime import Entity, decoded, entity_of, sections
from node.media.parts.part import Omission, Part
from node.media.parts.text import is_text, pictures_in
from node.media.parts.uuencode import files_in
from node.media.region import Region

_MOST_DEPTH: Final = 40
"""The most levels of bodies in one message."""
_MOST_BODIES: Final = 5_000
"""The most bodies of one message. Reading the fields of a body takes as long as reading many of its lines."""
_FIELDS: Final = re.compile(
    rb"(?i)(?:return-path|received|from|to|cc|subject|date|message-id|mime-version|delivered-to|dkim-signature|sender"
    rb"|reply-to|content-type|x-[a-z0-9-]+|status|authentication-results|arc-[a-z-]+|list-[a-z-]+|user-agent):"
)
_TELLING: Final = re.compile(rb"(?im)^(?:from|received|message-id|mime-version|date|return-path|subject):")
_FOLDED: Final = re.compile(rb"(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*){2}")
_COUNTED: Final = re.compile(rb"[0-9]{1,12} *\r?\n")
"""The first line of a message of Apple Mail: its length."""
_ENVELOPE: Final = re.compile(rb"From [^\n]*\n")
_SEPARATOR: Final = b"\nFrom "
_LINE: Final = 1000


def prepare() -> None:
    """Loads everything that a confined worker cannot load."""
    mime.prepare()


def recognise(head: bytes, _: Region) -> bool:
    """Recognises a message: it begins with fields, at least one of which belongs to a message."""
    counted = _COUNTED.match(head)
    head = head[counted.end() :] if counted else head
    head = head.lstrip(b"\xef\xbb\xbf\r\n")
    return bool(_FIELDS.match(head) and is_text(head[:512]) and _FOLDED.match(head + b"\n") and _TELLING.search(head))


def recognise_mailbox(head: bytes, region: Region) -> bool:
    """Recognises a mailbox: an envelope line, then a message."""
    envelope = _ENVELOPE.match(head)
    return envelope is not None and recognise(head[envelope.end() :].removeprefix(b">"), region)


@careful("a message")
def members(region: Region) -> Iterator[Part | Omission]:
    """Yields every attachment."""
    counted = _COUNTED.match(region.head(_LINE))
    message = region.part(counted.end(), int(counted[0])) if counted else region
    yield from _message(message, Meter(region))


@careful("a mailbox")
def mailbox(region: Region) -> Iterator[Part | Omission]:
    """Yields every message. A line that begins with "From " begins a message if fields follow it."""
    meter, start = Meter(region), 0
    while start < region.size:
        first = _ENVELOPE.match(region.at(start, _LINE))
        begin = start + first.end() if first else start
        start = _next_message(region, begin)
        line_end = 1 if start < region.size else 0  # an empty line stands before the next envelope
        message = region.part(begin, start - begin - line_end)
        if not (meter.part() and meter.as_is(message)):
            yield Omission(reason=meter.full)
            return
        yield Part(role=Role.MEMBER, content=message, media_type="message/rfc822")


def _next_message(region: Region, at: int) -> int:
    """Returns the offset of the next envelope line, or the end of the region."""
    while (at := find(region, at, _SEPARATOR) + 1) < region.size:
        envelope = _ENVELOPE.match(region.at(at, _LINE))
        if envelope is not None and _FIELDS.match(region.at(at + envelope.end(), _LINE).removeprefix(b">")):
            return at
    return region.size


def _message(region: Region, meter: Meter) -> Iterator[Part | Omission]:
    waiting, bodies = [(entity_of(region), 0)], 1
    while waiting:
        entity, depth = waiting.pop()
        if entity.boundary and depth < _MOST_DEPTH:
            digest = entity.kind == "multipart/digest"
            found = islice(sections(entity.body, entity.boundary), _MOST_BODIES + 1 - bodies)
            inner = [(entity_of(each, digest=digest), depth + 1) for each in found]
            waiting += reversed(inner)
            bodies += len(inner)
            if bodies > _MOST_BODIES:
                yield Omission(reason=f"what follows the first {_MOST_BODIES} bodies of a message")
            continue
        if entity.boundary:
            yield Omission(reason=f"bodies of a message at a depth of more than {_MOST_DEPTH}")
            continue
        for part in _given(entity):
            if not meter.part() or (isinstance(part.content, Region) and not meter.as_is(part.content)):
                yield Omission(reason=meter.full)
                return
            yield part


def _given(entity: Entity) -> Iterator[Part]:
    """Yields the parts of a body: files in plain text, pictures in HTML, or the body itself."""
    content = decoded(entity)
    if entity.is_text_of_the_message:
        source = pieces(content) if isinstance(content, Region) else content
        if entity.kind == "text/plain":
            yield from files_in(source)
        else:
            yield from pictures_in(in_our_words(source, "its encoding is damaged"))
    elif entity.body.size:
        if not isinstance(content, Region):
            content = in_our_words(content, "its encoding is damaged")
        stated = "message/rfc822" if entity.kind == "message/rfc822" else ""
        yield Part(role=Role.ATTACHMENT, content=content, name=name_of(entity.name), media_type=stated)
