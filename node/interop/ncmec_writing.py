"""Writes a list as one page of NCMEC hash sharing, version 2, withdrawals too.

Rules this module upholds:

- The same rows give the same bytes: images first, then videos, each in the order of the rows.
- An entry needs a member, an id, and to be an image or a video. The identity of an entry that came from NCMEC stays
  as it was. Another gets the member of the sender, and an id made of its hashes if its list gave it none.
- A withdrawal is a deleted entry of the same identity. Where nobody knows any more whether it was an image or a video,
  both are deleted: a reader passes over an entry that it never had.
- A code is written only if it is one of the scheme. Times are those of the rows; a row without one gets the time that
  the caller states: no clock is read here.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from node.domain.references import Reference, Withdrawal
from node.errors import Misuse
from node.interop.left_out import NO_NAME_OF_WITHDRAWAL, LeftOut
from node.interop.ncmec import CODES, SPACE

Rows = Callable[[], Iterable[Reference | Withdrawal]]
"""Gives the rows from the first one each time: a page has its images before its videos, and counts before both."""
NO_HASH_OF_NCMEC: Final = "no MD5, SHA-1, PDQ or PhotoDNA"
NO_MEDIA_TYPE: Final = "neither image nor video: written as image"
TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
"""A time as the service writes it. Readers refuse another form."""
_IDENTITY: Final = re.compile(r"([^/]*)/(.+) \((image|video)\)", re.DOTALL)
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not have."""
_CARRIED: Final = frozenset({"md5", "sha1", "pdq", "photodna", "code", "media_type", "id"})


class _Identity(NamedTuple):
    member: str
    id: str
    media: str


class Sender(NamedTuple):
    """Who writes the page. `number` and `name`: as a member of the service; `time`: when, as in `TIME`."""

    number: int
    name: str
    time: str


def write_ncmec(rows: Rows, left_out: LeftOut, sender: Sender) -> Iterator[bytes]:
    """The bytes of the page, entry by entry. Raises `Misuse` for a time that is none."""
    if not TIME.fullmatch(sender.time):
        raise Misuse("the time of a page is a UTC time", remedy="write it as 2026-01-02T03:04:05Z")
    counts = {"image": 0, "video": 0}
    latest = {"image": "", "video": ""}
    for row in rows():
        medias = _medias_of(row)
        for media in medias:
            counts[media] += 1
            latest[media] = max(latest[media], _time(row, sender))
        if medias:
            _count(row, left_out)
        else:
            left_out.row(NO_HASH_OF_NCMEC if isinstance(row, Reference) else NO_NAME_OF_WITHDRAWAL)
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<queryResult xmlns="{SPACE}">\n'.encode()
    for media, count in counts.items():
        until = f' maxTimestamp="{latest[media]}"' if count else ""
        yield f'  <{media}s count="{count}"{until}>\n'.encode()
        for row in rows():
            if media in _medias_of(row):
                yield "".join(_entry(row, sender, media)).encode()
        yield f"  </{media}s>\n".encode()
    yield b"</queryResult>\n"


def _medias_of(row: Reference | Withdrawal) -> tuple[str, ...]:
    """Among which of images and videos a row stands; nowhere if it cannot be written."""
    if isinstance(row, Reference) and not (row.md5 or row.sha1 or row.pdq or row.photodna):
        return ()
    if isinstance(row, Withdrawal) and not row.id and row.reference is None:
        return ()
    if isinstance(row, Withdrawal) and row.reference is None and not _IDENTITY.fullmatch(row.id):
        return ("image", "video")
    return (_identity(row, "").media,)


def _identity(row: Reference | Withdrawal, member: str) -> _Identity:
    if found := _IDENTITY.fullmatch(row.id):
        return _Identity(*found.groups())
    said = row if isinstance(row, Reference) else row.reference or Reference(row.at)
    is_video = said.media_type.partition("/")[0] == "video"
    return _Identity(member, row.id or _id_of(said), "video" if is_video else "image")


def _id_of(row: Reference) -> str:
    """An id that stays the same for the same hashes, and gives none of them."""
    parts = (row.md5, row.sha1, row.sha256, row.pdq, row.photodna)
    return sha256(b"vigil/ncmec\0" + b"".join(bytes((len(part),)) + part for part in parts)).hexdigest()[:32]


def _count(row: Reference | Withdrawal, left_out: LeftOut) -> None:
    if not isinstance(row, Reference):
        return
    carried = _CARRIED if row.code in CODES else _CARRIED - {"code"}
    left_out.fields(row, carried)
    if not _IDENTITY.fullmatch(row.id) and row.media_type.partition("/")[0] not in ("image", "video"):
        left_out.row(NO_MEDIA_TYPE)


def _time(row: Reference | Withdrawal, sender: Sender) -> str:
    return row.changed if TIME.fullmatch(row.changed) else sender.time


def _entry(row: Reference | Withdrawal, sender: Sender, media: str) -> Iterator[str]:
    owner, own, _ = _identity(row, str(sender.number))
    name = media if isinstance(row, Reference) else f"deleted{media.capitalize()}"
    member = sender.name if owner == str(sender.number) else ""
    yield f"    <{name}><member id={quoteattr(_plain(owner))}>{_text(member)}</member>"
    yield f"<id>{_text(own)}</id>"
    yield f"<timestamp>{_time(row, sender)}</timestamp>"
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
