"""What a worker says of the subjects of a file, the file itself and its parts, beside their results.

A subject begins (`Begun`), has its result, then its own parts, each a subject in the same way, and ends (`Done`).

Rules this module upholds:

- As `replies`: untrusted, each value checked for kind, length and range before it becomes a domain value.
- Digests are said before anything is decoded: whatever a decoder does, they stand.
- The name of a part travels as hex, so that it cannot have a meaning in a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from node.domain.fingerprints import MD5, SHA1, SHA256, DigestFingerprints
from node.domain.parts import Role
from node.errors import Malformed
from node.media.parts.part import MAX_PARTS
from node.media.region import MAX_FILE_BYTES
from node.media.reply_values import MAX_REASON, as_bytes, as_number, as_words

MAX_NAME: Final = 1_000
"""Characters of the name of a part."""
_MOST_NAME_DIGITS: Final = 2 * 4 * MAX_NAME
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,40}/[a-z0-9][a-z0-9.+-]{0,80}", re.ASCII)
"""RFC 6838, section 4.2, in lower case."""
DIGEST_KEYS: Final = frozenset({"media_type", "size", "md5", "sha1", "sha256", "note"})
BEGUN_KEYS: Final = frozenset({"begun", "holds", "index", "role", "name"})
DONE_KEYS: Final = frozenset({"done"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A subject has its digests. `holds`: parts may follow. `index`: of a part, counted from 0 within its parent; None
    of the file itself. `role` and `name`: as in `Place`; of a part alone.
    """

    digests: DigestFingerprints
    holds: bool
    index: int | None = None
    role: Role = Role.MEMBER
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A subject has ended. `note`: what of it was not looked at, "" where nothing was left out."""

    note: str = ""


def plain_name(name: str) -> str:
    """A name as it may be said: what is not printable is replaced, and it is cut at `MAX_NAME`."""
    return "".join(each if each.isprintable() else "\ufffd" for each in name[:MAX_NAME])


def begun_reply(begun: Begun) -> dict[str, Any]:
    """What a reply says of a subject that has begun."""
    return {
        "begun": digests_reply(begun.digests),
        "holds": begun.holds,
        "index": begun.index,
        "role": begun.role.value,
        "name": begun.name.encode("utf-8").hex(),
    }


def read_begun(said: dict[str, Any]) -> Begun:
    """The inverse, of an object with exactly the keys of `BEGUN_KEYS`. Raises `Malformed`."""
    if not isinstance(said["begun"], dict) or said["begun"].keys() != DIGEST_KEYS or type(said["holds"]) is not bool:
        raise Malformed("a worker's reply begins a subject without its digests")
    try:
        role = Role(said["role"])
    except ValueError:
        raise Malformed("a worker's reply states an unknown role") from None
    return Begun(
        digests=read_digests(said["begun"]),
        holds=said["holds"],
        index=None if said["index"] is None else as_number(said["index"], MAX_PARTS),
        role=role,
        name=_read_name(said["name"]),
    )


def _read_name(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MOST_NAME_DIGITS or len(value) % 2:
        raise Malformed("a worker's reply has a name that is not valid")
    try:
        name = as_bytes(value, len(value) // 2).decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("a worker's reply has a name that is not valid") from None
    if name != plain_name(name):
        raise Malformed("a worker's reply has a name that is too long or not plain")
    return name


def done_reply(done: Done) -> dict[str, Any]:
    """What a reply says of a subject that has ended."""
    return {"done": done.note[:MAX_REASON]}


def read_done(said: dict[str, Any]) -> Done:
    """The inverse, of an object with exactly the keys of `DONE_KEYS`. Raises `Malformed`."""
    return Done(note=as_words(said["done"]))


def digests_reply(prints: DigestFingerprints) -> dict[str, Any]:
    """What a reply says of digests."""
    return {
        "media_type": prints.media_type,
        "size": prints.size,
        "md5": prints.md5.hex(),
        "sha1": prints.sha1.hex(),
        "sha256": prints.sha256.hex(),
        "note": prints.note[:MAX_REASON],
    }


def read_digests(said: dict[str, Any]) -> DigestFingerprints:
    """The inverse, of an object with exactly the keys of `DIGEST_KEYS`. Raises `Malformed`."""
    media_type = said["media_type"]
    if not isinstance(media_type, str) or _MEDIA_TYPE.fullmatch(media_type) is None:
        raise Malformed("a worker's reply states a media type that is not one")
    return DigestFingerprints(
        media_type=media_type,
        size=as_number(said["size"], MAX_FILE_BYTES),
        md5=as_bytes(said["md5"], MD5.size),
        sha1=as_bytes(said["sha1"], SHA1.size),
        sha256=as_bytes(said["sha256"], SHA256.size),
        note=as_words(said["note"]),
    )
