"""MIME in a file: an entity with its fields and its body, the sections of a multipart, the encodings.

Rules this module upholds:

- A body is a region. Fields are read up to `_FIELD_BYTES`; the rest counts as body.
- A boundary counts only at the beginning of a line, as in RFC 2046.

Sources: RFC 2045 (encodings), RFC 2046 (multipart), RFC 2047 and 2231 (names).
"""

from __future__ import annotations

import binascii
import codecs
import email.header
import email.parser
import email.policy
import email.utils
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Final

from node.media.parts.bounds import PIECE, pieces
from node.media.parts.uuencode import files_in
from node.media.region import Region

_FIELD_BYTES: Final = 1 << 16
_BLANK: Final = re.compile(rb"\r?\n\r?\n|\r\r")
_NOT_BASE_64: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_CHARSETS: Final = ("utf-8", "latin-1", "cp1252", "ascii", "iso8859_15", "koi8_r", "gb18030", "big5", "shift_jis",
                    "iso2022_jp", "euc_kr", "cp1251", "cp1256", "utf-16")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Fields and a body. `kind`: the media type; `boundary`: of a multipart, otherwise b""; `encoding`: of the body."""

    kind: str
    boundary: bytes
    encoding: str
    name: str
    attached: bool
    body: Region

    @property
    def is_text_of_the_message(self) -> bool:
        """Tells whether a person wrote it as text, so that it is not a file."""
        return self.kind in ("text/plain", "text/html") and not (self.attached or self.name)


def prepare() -> None:
    """Loads the character sets of names of attachments."""
    for charset in _CHARSETS:
        codecs.lookup(charset)
    email.parser.BytesParser(policy=email.policy.compat32).parsebytes(
        b"Content-Type: a/b; name*=utf-8''%C3%A9; x=\"=?utf-8?q?=C3=A9?=\"\n\n", headersonly=True
    ).get_filename()
    str(email.header.make_header(email.header.decode_header("=?utf-8?b?w6k=?= =?utf-8?q?=C3=A9?=")))


def entity_of(region: Region, *, digest: bool = False) -> Entity:
    """Returns the entity that begins with the region. `digest`: it is inside a digest, where messages are the
    default.
    """
    head = region.head(_FIELD_BYTES)
    if head.startswith((b"\n", b"\r\n")):
        fields, end = b"", 1 + head.startswith(b"\r")
    else:
        blank = _BLANK.search(head)
        fields, end = (head[: blank.end()], blank.end()) if blank else (head, len(head))
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(fields, headersonly=True)
    kind = message.get_content_type() if "content-type" in message or not digest else "message/rfc822"
    boundary = message.get_boundary() if kind.startswith("multipart/") else None
    return Entity(
        kind=kind,
        boundary=boundary.encode("utf-8", "surrogateescape") if boundary else b"",
        encoding=str(message.get("content-transfer-encoding", "")).strip().lower(),
        name=_name_in(message),
        attached=message.get_content_disposition() == "attachment",
        body=region.part(end),
    )


def _name_in(message: Message) -> str:
    try:
        name = message.get_filename("") or str(message.get("content-location", "")).rpartition("/")[2]
        return str(email.header.make_header(email.header.decode_header(name)))
    except (ValueError, LookupError, TypeError):  # of names that are damaged
        return ""


def sections(body: Region, boundary: bytes) -> Iterator[Region]:
    """Yields the sections of a multipart. The last section of a cut message ends where the message ends."""
    delimiter = b"--" + boundary
    starts = _delimiters(body, delimiter)
    begin = next(starts, None)
    while begin is not None:
        at, closes = begin
        if closes:
            return
        line = body.at(at, len(delimiter) + 1000)
        start = at + (line.find(b"\n") + 1 or len(delimiter))
        begin = next(starts, None)
        end = begin[0] if begin else body.size
        yield body.part(start, max(end - start - _line_end_before(body, end) if begin else end - start, 0))


def _delimiters(body: Region, delimiter: bytes) -> Iterator[tuple[int, bool]]:
    """Yields the offset of each delimiter at the beginning of a line, and whether it closes the multipart."""
    overlap = len(delimiter) + 4
    for offset in range(0, body.size, PIECE):
        before = min(offset, 1)
        data = body.at(offset - before, PIECE + before + overlap)
        found = data.find(delimiter)
        while 0 <= found < PIECE + before:
            at, after = offset - before + found, data[found + len(delimiter) : found + len(delimiter) + 3]
            begins_a_line = (found >= before and at == 0) or (found > 0 and data[found - 1 : found] in (b"\n", b"\r"))
            if begins_a_line and (after[:1] in (b"", b"\n", b"\r", b" ", b"\t") or after.startswith(b"--")):
                yield at, after.startswith(b"--")
            found = data.find(delimiter, found + 1)


def _line_end_before(body: Region, at: int) -> int:
    """Returns the bytes of the line end before a delimiter. The line end belongs to the delimiter (RFC 2046, 5.1.1)."""
    before = body.at(max(at - 2, 0), min(at, 2))
    return 2 if before == b"\r\n" else 1 if before.endswith((b"\n", b"\r")) else 0


def decoded(entity: Entity) -> Region | Iterator[bytes]:
    """Returns the bytes of a body: a region if they are stored unchanged."""
    if entity.encoding == "base64":
        return _base64(pieces(entity.body))
    if entity.encoding == "quoted-printable":
        return _quoted_printable(pieces(entity.body))
    if entity.encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uuencoded(pieces(entity.body))
    return entity.body


def _base64(source: Iterator[bytes]) -> Iterator[bytes]:
    """Decodes Base64. It skips other characters (RFC 2045), including padding in the middle."""
    waiting = b""
    for piece in source:
        waiting += piece.translate(None, _NOT_BASE_64)
        whole = len(waiting) // 4 * 4
        yield binascii.a2b_base64(waiting[:whole])
        waiting = waiting[whole:]
    if len(waiting) > 1:
        yield binascii.a2b_base64(waiting + b"=" * (4 - len(waiting)))


def _quoted_printable(source: Iterator[bytes]) -> Iterator[bytes]:
    waiting = b""
    for piece in source:
        waiting += piece
        whole = waiting.rfind(b"\n") + 1 or (len(waiting) - 3 if len(waiting) > PIECE else 0)
        yield binascii.a2b_qp(waiting[:whole])
        waiting = waiting[whole:]
    yield binascii.a2b_qp(waiting)


def _uuencoded(source: Iterator[bytes]) -> Iterator[bytes]:
    for part in files_in(source):
        if not isinstance(part.content, Region):
            yield from part.content
