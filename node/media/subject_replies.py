"""The messages of a worker about the subjects of a file (the file itself and its parts), except their results.

A subject begins (`Begun`), has its result, then its own parts, each of them a subject, and ends (`Done`).

Rules this module upholds:

- As in `replies`: untrusted. Each value is checked for kind, length and range before it becomes a domain value.
- Digests are sent before anything is decoded, so a failure of a decoder cannot lose them.
- The name of a part is sent as hex, so that it cannot change the meaning of a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from node.domain.fingerprint_json import read_prints, write_prints
from node.domain.material import DigestFingerprints
from node.domain.parts import Role
from node.errors import Malformed
from node.media.parts.part import MAX_PARTS
from node.media.reply_bounds import bounded
from node.media.reply_values import MAX_REASON, as_bytes, as_number, as_words

MAX_NAME: Final = 1_000
"""The most characters of the name of a part."""
_MOST_NAME_DIGITS: Final = 2 * 4 * MAX_NAME
BEGUN_KEYS: Final = frozenset({"begun", "holds", "index", "role", "name"})
DONE_KEYS: Final = frozenset({"done"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A subject has its digests. `holds`: parts may follow; `index`: the number of a part within its parent, from 0, or
    None for the file itself; `role` and `name`: see `Place`, for a part only.
    """

    digests: DigestFingerprints
    holds: bool
    index: int | None = None
    role: Role = Role.MEMBER
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A subject has ended. `note`: what was not examined in it, or ""."""

    note: str = ""


def plain_name(name: str) -> str:
    """Returns a name that may be reported: unprintable characters are replaced, and it is cut at `MAX_NAME`."""
    return "".join(each if each.isprintable() else "\ufffd" for each in name[:MAX_NAME])


def begun_reply(begun: Begun) -> dict[str, Any]:
    """Returns the reply for a subject that has begun."""
    return {
        "begun": write_prints(begun.digests),
        "holds": begun.holds,
        "index": begun.index,
        "role": begun.role.value,
        "name": begun.name.encode("utf-8").hex(),
    }


def read_begun(said: dict[str, Any]) -> Begun:
    """Inverts `begun_reply`, for an object with exactly the keys of `BEGUN_KEYS`. Raises `Malformed`."""
    digests = bounded(read_prints(said["begun"]))
    if not isinstance(digests, DigestFingerprints) or type(said["holds"]) is not bool:
        raise Malformed("a worker's reply begins a subject without its digests")
    try:
        role = Role(said["role"])
    except ValueError:
        raise Malformed("a worker's reply states an unknown role") from None
    return Begun(
        digests=digests,
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
    """Returns the reply for a subject that has ended."""
    return {"done": done.note[:MAX_REASON]}


def read_done(said: dict[str, Any]) -> Done:
    """Inverts `done_reply`, for an object with exactly the keys of `DONE_KEYS`. Raises `Malformed`."""
    return Done(note=as_words(said["done"]))
