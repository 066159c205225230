r"""The log's leaf: a small public envelope with commitments to its hidden content.

Rules this module upholds:

- The bytes of version 1, all integers big-endian, every variable field length-prefixed:

      version u8 = 1 | kind u8 | flags u8 (bit 0: open; others zero) | issued day u32 | expiry day u32 (0: none)
      | target: len16 origin, and, if that is not empty, leaf hash 32 | handling commitment 32 | commitment 32

  Days are counted from 1970-01-01 UTC. An entry without a target is exactly `PLAIN_SIZE` bytes.
- A parser accepts exactly what the formatter emits.
- Its days are dates: the code that accepts an entry sets it aside if a day is after the calendar's end (`check_days`).
- A later version (first byte > 1) is not malformed: it is kept in the tree, counted, and not understood.
- A commitment binds the origin, so no other member can claim it; the kind, so no body reads as another kind; and a
  nonce, so nobody can test a guess: SHA-256("vigil/commit/v1\0" || len16(origin) || origin || kind || nonce || body).
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from node.domain.calendar import LAST_DAY
from node.domain.ids import HASH_SIZE, NONCE_SIZE, Origin, RecordId
from node.errors import BadProof, Malformed, Misuse

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION: Final = 1
MAX_ENTRY: Final = 65_535
"""Bytes of an entry (C2SP tlog-tiles entry bundles length-prefix entries with 16 bits)."""
MIN_ENTRY: Final = 2
_FIXED: Final = struct.Struct(">BBBIIH")
PLAIN_SIZE: Final = _FIXED.size + 2 * HASH_SIZE
_FLAG_OPEN: Final = 1
_MAX_DAY: Final = 0xFFFFFFFF
_MAX_KIND: Final = 0xFF
_COMMIT: Final = b"vigil/commit/v1\0"
_HANDLING: Final = b"vigil/handling/v1\0"


OUTSIDE_CALENDAR: Final = "an entry has a date or an expiry day after the year 9999"


class Kind(IntEnum):
    """What an entry is. 1..127 travel; 128 and up are entries of a node's own audit log and never do."""

    CONTRIBUTION = 1
    CORRECTION = 2
    RETRACTION = 3
    OPINION = 4
    COMMENT = 5
    WATCH = 6
    CONSULTATION = 7
    NOTICE = 8
    ADDRESS_LISTING = 9
    GROUP = 10
    LINK = 11
    WATCH_REPLY = 12
    REVISION = 13
    NOTICE_DECISION = 14
    AUDIT_SEARCH = 128
    AUDIT_QUERY_ASKED = 129
    AUDIT_QUERY_ANSWERED = 130
    AUDIT_ADMINISTRATION = 131
    AUDIT_OUTCOME = 132


REVISABLE: Final = frozenset({
    Kind.WATCH, Kind.CONSULTATION, Kind.NOTICE, Kind.ADDRESS_LISTING, Kind.GROUP, Kind.LINK, Kind.NOTICE_DECISION,
})  # fmt: skip
"""Kinds whose statements a revision replaces, as a correction replaces a contribution. A reader of before, which knows
corrections but not these kinds, would set a correction of them aside, and delete its body."""
TARGETING: Final = frozenset({Kind.CORRECTION, Kind.REVISION, Kind.RETRACTION, Kind.OPINION, Kind.COMMENT})
"""Kinds whose envelope has a target. What a link or a message is about is in its body: only its readers learn it."""
UNDERSTOOD: Final = frozenset({Kind.CONTRIBUTION, Kind.WATCH_REPLY}) | REVISABLE | TARGETING
"""The published kinds that this version acts on. Others are stored, counted and shown as not understood."""
REPLACING: Final = frozenset({Kind.CORRECTION, Kind.REVISION})
"""Kinds that replace the newest version of an own record."""
OWN_TARGET: Final = REPLACING | {Kind.RETRACTION}
"""Kinds that may target only a record of their own log (promise 4: only the owner changes its record)."""


def replaced_by(kind: int) -> int | None:
    """The kind of entry that replaces a record of this kind; None if nothing does."""
    if kind == Kind.CONTRIBUTION:
        return Kind.CORRECTION
    return Kind.REVISION if kind in REVISABLE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A parsed leaf of version 1. `kind` is an int, because this version may not know it."""

    kind: int
    issued_day: int
    open: bool
    expiry_day: int
    target: RecordId | None
    handling_commitment: bytes
    commitment: bytes


def encode(envelope: Envelope) -> bytes:
    """The leaf's bytes. Raises `Misuse` if a field is out of range. The caller must call `check_days`."""
    if not (
        0 < envelope.kind <= _MAX_KIND and 0 <= envelope.issued_day <= _MAX_DAY and 0 <= envelope.expiry_day <= _MAX_DAY
    ):
        raise Misuse("an envelope's kind or day is out of range")
    if len(envelope.handling_commitment) != HASH_SIZE or len(envelope.commitment) != HASH_SIZE:
        raise Misuse(f"a commitment is {HASH_SIZE} bytes long")
    if (envelope.kind in TARGETING) != (envelope.target is not None) and envelope.kind in UNDERSTOOD:
        raise Misuse("a correction, revision, retraction, opinion or comment has a target, other statements have none")
    origin = str(envelope.target.origin).encode() if envelope.target else b""
    leaf = envelope.target.leaf if envelope.target else b""
    head = _FIXED.pack(
        VERSION,
        envelope.kind,
        _FLAG_OPEN if envelope.open else 0,
        envelope.issued_day,
        envelope.expiry_day,
        len(origin),
    )
    return head + origin + leaf + envelope.handling_commitment + envelope.commitment


def check_days(envelope: Envelope) -> None:
    """Raises `Malformed` if one of its days is not a date. Not a part of `decode`: older entries, accepted before this
    rule existed, must still be readable.
    """
    if envelope.issued_day > LAST_DAY or envelope.expiry_day > LAST_DAY:
        raise Malformed(OUTSIDE_CALENDAR)


def decode(entry: bytes) -> Envelope | None:
    """The envelope in `entry`, or None if it is of a later version. Raises `Malformed` for anything else. A caller that
    accepts a new entry must call `check_days`.
    """
    if not MIN_ENTRY <= len(entry) <= MAX_ENTRY:
        raise Malformed(f"an entry has between {MIN_ENTRY} and {MAX_ENTRY} bytes")
    if entry[0] > VERSION:
        return None
    if entry[0] != VERSION or len(entry) < PLAIN_SIZE:
        raise Malformed("an entry of version 1 is cut short, or has no version")
    _, kind, flags, issued, expiry, length = _FIXED.unpack_from(entry)
    extra = length + HASH_SIZE if length else 0
    if kind == 0 or flags & ~_FLAG_OPEN or len(entry) != PLAIN_SIZE + extra:
        raise Malformed("an entry's kind, flags or length are not those of version 1")
    at = _FIXED.size
    target = None
    if length:
        try:
            origin = Origin.parse(entry[at : at + length].decode("ascii"))
        except UnicodeDecodeError as error:
            raise Malformed("an entry's target is not a log origin") from error
        target = RecordId(origin, entry[at + length : at + extra])
    if kind in UNDERSTOOD and (kind in TARGETING) != (target is not None):
        raise Malformed("an entry has a target that its kind does not have, or lacks one that its kind needs")
    at += extra
    return Envelope(
        kind=kind,
        issued_day=issued,
        open=bool(flags & _FLAG_OPEN),
        expiry_day=expiry,
        target=target,
        handling_commitment=entry[at : at + HASH_SIZE],
        commitment=entry[at + HASH_SIZE :],
    )


def _prefix(domain: bytes, origin: str, kind: int) -> bytes:
    name = origin.encode("ascii")
    return domain + len(name).to_bytes(2, "big") + name + bytes([kind])


def commit(origin: str, kind: int, nonce: bytes, body: bytes) -> bytes:
    """The commitment (32 bytes) of `body` under `nonce` (32 bytes), as an entry of `kind` in the log `origin`."""
    if len(nonce) != NONCE_SIZE:
        raise Malformed(f"a nonce is {NONCE_SIZE} bytes long")
    return hashlib.sha256(_prefix(_COMMIT, origin, kind) + nonce + body).digest()


def commit_handling(origin: str, kind: int, nonce: bytes, handling: bytes) -> bytes:
    """The commitment to the handling, with a nonce of its own."""
    if len(nonce) != NONCE_SIZE:
        raise Malformed(f"a nonce is {NONCE_SIZE} bytes long")
    return hashlib.sha256(_prefix(_HANDLING, origin, kind) + nonce + handling).digest()


def committer(origin: str, kind: int, *, handling: bool = False) -> Callable[[bytes, bytes], bytes]:
    """`commit` for many bodies of one log and kind: returns f(nonce, body) -> 32 bytes, the prefix hashed once.

    The caller has checked that every nonce has `NONCE_SIZE` bytes (the bulk path does so for a whole column).
    """
    start = hashlib.sha256(_prefix(_HANDLING if handling else _COMMIT, origin, kind))
    copy = start.copy

    def run(nonce: bytes, body: bytes) -> bytes:
        digest = copy()
        digest.update(nonce)
        digest.update(body)
        return digest.digest()

    return run


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """The hidden content of an entry, for its readers. The handling part may be absent (b"" twice)."""

    nonce: bytes
    body: bytes
    handling_nonce: bytes
    handling: bytes


def check_disclosure(origin: str, envelope: Envelope, disclosure: Disclosure) -> None:
    """Steps: 1. the body opens the commitment; 2. the handling, if given, opens its own. Raises `BadProof`.

    The caller must check that envelope and handling agree, and that the handling is understood.
    """
    if commit(origin, envelope.kind, disclosure.nonce, disclosure.body) != envelope.commitment:
        raise BadProof("a body does not open the commitment of its entry")
    if (
        disclosure.handling_nonce
        and commit_handling(origin, envelope.kind, disclosure.handling_nonce, disclosure.handling)
        != envelope.handling_commitment
    ):
        raise BadProof("a handling does not open the commitment of its entry")
