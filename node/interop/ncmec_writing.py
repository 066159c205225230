"""Writes a list as one page of NCMEC hash sharing, version 2, withdrawals too.

Rules this module upholds:

- The same rows give the same bytes: images first, then videos, each in the order of the rows.
- An entry needs a member, an id, and to be an image or a video. The identity of an entry that came from NCMEC stays
  as it was. Another gets the member of the sender, and its hash for an id if its list gave it none.
- A code is written only if it is one of the scheme. Times are those of the rows: no clock is read.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from node.domain.references import Reference, Withdrawal
from node.interop.left_out import LeftOut
from node.interop.ncmec import CODES, SPACE

Rows = Callable[[], Iterable[Reference | Withdrawal]]
"""Gives the rows from the first one each time: a page has its images before its videos, and counts before both."""
NO_HASH_OF_NCMEC: Final = "no MD5, SHA-1, PDQ or PhotoDNA"
NO_MEDIA_TYPE: Final = "neither image nor video: written as image"
_IDENTITY: Final = re.compile(r"([^/]*)/(.+) \((image|video)\)", re.DOTALL)
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not have."""
_CARRIED: Final = frozenset({"md5", "sha1", "pdq", "photodna", "code", "media_type", "id"})


class _Identity(NamedTuple):
    member: str
    id: str
    media: str


def write_ncmec(rows: Rows, left_out: LeftOut, *, member: str, member_name: str = "") -> Iterator[bytes]:
    """The bytes of the page, entry by entry. `member` and `member_name`: the sender, for entries without a member."""
    counts = {"image": 0, "video": 0}
    for row in rows():
        if media := _media_of(row):
            counts[media] += 1
            _count(row, left_out)
        else:
            left_out.row(NO_HASH_OF_NCMEC if isinstance(row, Reference) else "a withdrawal without an id")
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<queryResult xmlns="{SPACE}">\n'.encode()
    for media, count in counts.items():
        yield f'  <{media}s count="{count}">\n'.encode()
        for row in rows():
            if _media_of(row) == media:
                yield "".join(_entry(row, member, member_name)).encode()
        yield f"  </{media}s>\n".encode()
    yield b"</queryResult>\n"


def _media_of(row: Reference | Withdrawal) -> str:
    """Among which of the two a row stands; "" for one that cannot be written."""
    if isinstance(row, Reference) and not (row.md5 or row.sha1 or row.pdq or row.photodna):
        return ""
    if isinstance(row, Withdrawal) and not row.id:
        return ""
    return _identity(row, "").media


def _identity(row: Reference | Withdrawal, member: str) -> _Identity:
    if found := _IDENTITY.fullmatch(row.id):
        return _Identity(*found.groups())
    media = row.media_type.partition("/")[0] if isinstance(row, Reference) else ""
    own = row.id
    if not own and isinstance(row, Reference):
        own = (row.md5 or row.sha1 or row.pdq or row.photodna).hex()
    return _Identity(member, own, "video" if media == "video" else "image")


def _count(row: Reference | Withdrawal, left_out: LeftOut) -> None:
    if not isinstance(row, Reference):
        return
    carried = _CARRIED if row.code in CODES else _CARRIED - {"code"}
    left_out.fields(row, carried)
    if not _IDENTITY.fullmatch(row.id) and row.media_type.partition("/")[0] not in ("image", "video"):
        left_out.row(NO_MEDIA_TYPE)


def _entry(row: Reference | Withdrawal, member: str, member_name: str) -> Iterator[str]:
    owner, own, media = _identity(row, member)
    name = media if isinstance(row, Reference) else f"deleted{media.capitalize()}"
    yield f"    <{name}><member id={quoteattr(_plain(owner))}>{_text(member_name if owner == member else '')}</member>"
    yield f"<id>{_text(own)}</id>"
    if row.changed:
        yield f"<timestamp>{_text(row.changed)}</timestamp>"
    if isinstance(row, Reference):
        if row.code in CODES:
            yield f"<classification>{row.code}</classification>"
        hashes = {"md5": row.md5.hex(), "sha1": row.sha1.hex(), "pdq": row.pdq.hex()}
        hashes["pdna"] = b64encode(row.photodna).decode()
        yield "<fingerprints>"
        yield from (f"<{kind}>{value}</{kind}>" for kind, value in hashes.items() if value)
        yield "</fingerprints>"
    yield f"</{name}>\n"


def _text(text: str) -> str:
    return escape(_plain(text))


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
