"""Whether the database in a home is the one that this home used last.

Rules this module upholds:

- A home stores facts about its database outside of it (`HomeMark`): its owner, its identity, and how far it had come.
  The figures only grow, and are stored after the database has them: a database behind its mark is an older one.
- A home that was admitted, or has a mark, had a database. If that is now missing or empty, the home is not new.
- Without evidence against a database (a home of an older version has no mark), it is considered the right one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Final

from node.errors import Malformed

STANDING: Final = "home"
"""The setting of a database with its owner, and how often it was opened (`pack_standing`)."""
ALARMS: Final = "alarms"
"""The setting of a node's database with the alarms that nobody has acknowledged (`usecases.alarms`)."""
HUB_BEHIND: Final = "hub-behind"
"""The setting of a node's database with the logs for which the hub showed too little (`usecases.alarms`)."""
MUTES: Final = "mutes"
"""The setting of a node's database with the members whose hits are set aside here (`usecases.sources`)."""
_MARK: Final = "vigil/database-mark/v1"
_MOST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The owner of a home or database. `role`: node or hub. `member`: its id, "HUB" for a hub."""

    role: str
    federation: str
    member: str

    def __str__(self) -> str:
        whose = "the hub" if self.role == "hub" else self.member
        return f"{whose} of {self.federation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeMark:
    """How far a database had come when it was last read. `identity`: which one it is (random, a new one in each
    backup). `generation`: how often it was opened. `entries`: of all its logs together. `changes`: `StoreLine.changes`.
    """

    owner: Owner
    identity: bytes
    generation: int
    entries: int
    changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDatabase:
    """What is in the place of a database, after a quick check.

    `exists`: there is a file. `fault`: why it cannot be read, "" if it can. `ours`: it has the tables of this program;
    if False with `fault` and `other` both "", it is empty. `other`: why this program does not open it (of another
    program, of a newer version). The rest as in `HomeMark`; `owner` None if the file does not name one. `size` in
    bytes. `thorough`: whether every page was checked. `alarms`: the setting `ALARMS`. `frozen`: (log, reason) of frozen
    logs.
    """

    exists: bool = False
    size: int = 0
    fault: str = ""
    other: str = ""
    ours: bool = False
    owner: Owner | None = None
    identity: bytes = b""
    generation: int = 0
    entries: int = 0
    changes: int = 0
    thorough: bool = False
    alarms: bytes = b""
    frozen: tuple[tuple[str, str], ...] = ()


CUT: Final = "entries-cut"
"""The setting that counts the log entries that a change of keys removed from this database."""


def cut_of(value: bytes) -> int:
    """The value of the setting `CUT`. Raises `Malformed`."""
    if not value:
        return 0
    if not value.isdigit():
        raise Malformed("a database does not say how many entries were removed from it")
    return int(value)


class Finding(Enum):
    """The relation of a database to its home. `NEW`: there is none yet, and there never was one."""

    RIGHT = "right"
    NEW = "new"
    MISSING = "missing"
    EMPTY = "empty"
    OLDER = "older"
    DAMAGED = "damaged"
    FOREIGN = "foreign"


def judge(found: FoundDatabase, owner: Owner, mark: HomeMark | None, *, admitted: bool) -> Finding:
    """The relation of `found` to the home of `owner`. `mark`: what the home has stored, None if nothing. `admitted`:
    whether the home was ever admitted to its federation (for a hub: whether it was created).
    """
    lived = admitted or mark is not None
    if not found.exists:
        return Finding.MISSING if lived else Finding.NEW
    if found.fault:
        return Finding.DAMAGED
    if found.other or (found.owner is not None and found.owner != owner):
        return Finding.FOREIGN
    if not found.ours:
        return Finding.EMPTY if lived else Finding.NEW
    if mark is None:
        return Finding.RIGHT
    if found.identity != mark.identity:
        return Finding.OLDER if found.entries else Finding.EMPTY
    behind = found.generation < mark.generation or found.entries < mark.entries or found.changes < mark.changes
    return Finding.OLDER if behind else Finding.RIGHT


# --- as bytes ---------------------------------------------------------------------------------------------------------


def pack_standing(owner: Owner, generation: int) -> bytes:
    """The value of the setting `STANDING`."""
    return _encode({**asdict(owner), "generation": generation})


def unpack_standing(value: bytes) -> tuple[Owner, int]:
    """The inverse of `pack_standing`. Raises `Malformed`."""
    said = _decode(value)
    return _owner(said), _number(said, "generation")


def pack_mark(mark: HomeMark) -> bytes:
    """The contents of a mark's file."""
    return _encode({"type": _MARK, **asdict(mark), "identity": mark.identity.hex()})


def unpack_mark(data: bytes) -> HomeMark:
    """The inverse of `pack_mark`. Raises `Malformed`."""
    said = _decode(data)
    if said.get("type") != _MARK or not isinstance(said.get("owner"), dict):
        raise Malformed("this is not the mark of a database, or it is of a newer version")
    try:
        identity = bytes.fromhex(str(said.get("identity")))
    except ValueError:
        raise Malformed("the mark of a database has a form that Vigil does not write") from None
    return HomeMark(
        owner=_owner(said["owner"]),
        identity=identity,
        generation=_number(said, "generation"),
        entries=_number(said, "entries"),
        changes=_number(said, "changes"),
    )


def _encode(said: dict[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def _decode(data: bytes) -> dict[str, Any]:
    try:
        said = json.loads(data)
    except ValueError:
        said = None
    if not isinstance(said, dict) or _encode(said) != data:
        raise Malformed("the data that a home and its database store about each other cannot be read")
    return said


def _owner(said: dict[str, Any]) -> Owner:
    texts = [said.get(name) for name in ("role", "federation", "member")]
    if not all(isinstance(text, str) and text for text in texts):
        raise Malformed("a database does not say whose it is")
    role, federation, member = map(str, texts)
    return Owner(role=role, federation=federation, member=member)


def _number(said: dict[str, Any], name: str) -> int:
    value = said.get(name)
    if type(value) is not int or not 0 <= value <= _MOST:
        raise Malformed(f"the {name} of a database is not a count")
    return value
