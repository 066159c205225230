"""Names of things: members, federations, logs, records.

Rules this module upholds:

- A name is accepted only if it is exactly what the formatter would print; everything else is `Malformed`.
- A log is named by its origin `<federation-id>/<member>/<stream>/<epoch>`: stream `log` travels, `audit` never does.
- A record's identity is (origin, leaf hash). Its index in the log is a locator only.
- The id of a federation says whether it is an exercise: only then it begins with a reserved word. So no key, record or
  roster of an exercise can be taken for a real one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NewType

from node.errors import Malformed, Refused

MemberId = NewType("MemberId", str)
"""A member of the federation: 2 to 16 capitals, digits or hyphens, first a capital. ISO 3166 alpha-2 for countries."""
FederationId = NewType("FederationId", str)
"""A federation: 3 to 63 lower-case letters, digits, dots or hyphens, like a DNS name."""

HASH_SIZE: Final = 32
NONCE_SIZE: Final = 32
QUERY_ID_SIZE: Final = 16
HUB_NAME: Final = MemberId("HUB")
"""Stands for the member in the names of the hub's own logs. No member has this id."""

EXERCISE: Final = "exercise."
"""How the id of each exercise begins, and of no real federation."""

MEMBERS: Final = 4_096
"""Names of members that are remembered as valid: every message contains some."""

_MEMBER: Final = re.compile(r"[A-Z][A-Z0-9-]{1,15}")
_FEDERATION: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_EPOCH: Final = re.compile(r"[1-9][0-9]{0,8}")
_STREAMS: Final = ("log", "audit")


@lru_cache(maxsize=MEMBERS)
def member_id(text: str) -> MemberId:
    """`text` as a member id. Raises `Malformed`."""
    if not _MEMBER.fullmatch(text):
        raise Malformed(f"not a member id: {text[:20]!r}", remedy="2 to 16 capitals, digits or hyphens, such as FR")
    return MemberId(text)


def check_not_the_hub(member: MemberId) -> None:
    """Raises `Refused` for the name under which the hub writes its own logs."""
    if member == HUB_NAME:
        raise Refused(
            f"no member can be named {HUB_NAME}: the hub's own log has this name", remedy="choose another member id"
        )


def federation_id(text: str) -> FederationId:
    """`text` as a federation id. Raises `Malformed`."""
    if not _FEDERATION.fullmatch(text):
        raise Malformed(
            f"not a federation id: {text[:64]!r}", remedy="3 to 63 lower-case letters, digits, dots or hyphens"
        )
    return FederationId(text)


def is_exercise(federation: str) -> bool:
    """Whether this is the id of an exercise."""
    return federation.startswith(EXERCISE)


def require_kind(federation: str, *, exercise: bool) -> None:
    """Raises `Refused` if an exercise is wanted and this is a real federation, or the reverse."""
    if exercise and not is_exercise(federation):
        raise Refused(
            f"{federation} is a real federation, and this is for an exercise",
            remedy=f"the id of an exercise begins with {EXERCISE}; for a real federation, leave out --exercise",
        )
    if is_exercise(federation) and not exercise:
        raise Refused(
            f"{federation} is an exercise: ids that begin with {EXERCISE} are reserved for training",
            remedy="for a real federation, use another id or another invitation; to train, run vigil exercise start",
        )


def foreign(what: str, federation: str, own: str) -> str:
    """The sentence that refuses `what`, which is of `federation` and not of our `own`. It names an exercise."""
    if is_exercise(federation) == is_exercise(own):
        return f"{what} is of another federation"
    other = "an exercise" if is_exercise(federation) else "a real federation"
    return f"{what} is of {other}, and this is {'an exercise' if is_exercise(own) else 'a real federation'}"


def query_id(text: str) -> bytes:
    """The id of a query or of a question from its hex. Raises `Malformed`."""
    try:
        number = bytes.fromhex(text)
    except ValueError:
        number = b""
    if len(number) != QUERY_ID_SIZE:
        raise Malformed(f"a query's id is {2 * QUERY_ID_SIZE} hex digits")
    return number


def spiffe_id(federation: FederationId, member: MemberId) -> str:
    """The name of a member in its certificate: its one URI SAN, in the form of a SPIFFE ID."""
    return f"spiffe://{federation}/member/{member}"


def parse_spiffe_id(text: str) -> tuple[FederationId, MemberId]:
    """Raises `Malformed` unless `text` is exactly what `spiffe_id` prints."""
    parts = text.split("/")
    if len(parts) != 5 or parts[:2] != ["spiffe:", ""] or parts[3] != "member":  # noqa: PLR2004
        raise Malformed("not a member's certificate name: expected spiffe://<federation>/member/<member>")
    return federation_id(parts[2]), member_id(parts[4])


def spoken(digest: bytes) -> str:
    """A SHA-256 for two people to compare by voice: its first 128 bits as eight groups of four hex digits.

    This protects against a second preimage, which a swapped key needs; `sha256sum` prints the same digits.
    """
    digits = digest[:16].hex()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """The name of one log. `str(origin)` is hashed and signed; at most 100 bytes of ASCII."""

    federation: FederationId
    member: MemberId
    epoch: int = 1
    stream: str = "log"

    def __str__(self) -> str:
        return f"{self.federation}/{self.member}/{self.stream}/{self.epoch}"

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Raises `Malformed` unless `text` is exactly what `str` prints."""
        return _origin(text)


@lru_cache(maxsize=4_096)
def _origin(text: str) -> Origin:
    """`Origin.parse`. A federation has few logs, and thousands of names of records in them are read at a time."""
    parts = text.split("/")
    if len(parts) != 4 or parts[2] not in _STREAMS or not _EPOCH.fullmatch(parts[3]):  # noqa: PLR2004
        raise Malformed("not a log origin: expected <federation>/<member>/log/<epoch>")
    return Origin(federation_id(parts[0]), member_id(parts[1]), int(parts[3]), parts[2])


@dataclass(frozen=True, slots=True, order=True)
class RecordId:
    """The federation-wide name of a record: its log and the hash of its leaf (32 bytes)."""

    origin: Origin
    leaf: bytes

    def __post_init__(self) -> None:
        if len(self.leaf) != HASH_SIZE:
            raise Malformed(f"a leaf hash is {HASH_SIZE} bytes long")

    def __hash__(self) -> int:
        # The leaf hash alone tells records apart, and bytes keep their hash. A run of links makes ten thousand lookups.
        return hash(self.leaf)

    def __str__(self) -> str:
        return f"{self.origin}#{self.leaf.hex()}"

    @classmethod
    def parse(cls, text: str) -> RecordId:
        """Raises `Malformed` unless `text` is exactly what `str` prints."""
        origin, mark, leaf = text.partition("#")
        if not mark or not re.fullmatch(r"[0-9a-f]{64}", leaf):
            raise Malformed("not a record id: expected <origin>#<64 lower-case hex digits>")
        return cls(Origin.parse(origin), bytes.fromhex(leaf))
