"""Checks a run of entries and their disclosures, column by column.

Rules this module upholds:

- It is as strict as `envelope.decode`, `envelope.check_disclosure` and `handling.check_agreement`, and calls them for
  every entry that is not of the plain form. It does the same checks for thousands of entries at once.
- A bad entry affects only itself: it is marked with a reason, and the rest continues.
- Nothing is stored here and no key is used: a commitment that opens proves its content, not its author.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from node.domain.calendar import LAST_DAY
from node.domain.envelope import (
    OWN_TARGET,
    PLAIN_SIZE,
    TARGETING,
    UNDERSTOOD,
    VERSION,
    Envelope,
    Kind,
    check_days,
    committer,
    decode,
)
from node.domain.handling import Handling, check_agreement
from node.domain.ids import HASH_SIZE, HUB_NAME, NONCE_SIZE, Origin
from node.errors import Malformed

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

FIRST_LOCAL_KIND: Final = Kind.AUDIT_SEARCH
"""From this kind on, entries belong to a node's own audit log and never travel."""
MISPLACED: Final = "only the hub decides on notices, in its own log, and it says nothing else there"
MAX_HANDLINGS: Final = 65_536
"""Most different handlings that are remembered decoded; beyond that, the memory is cleared."""
_FLAG_OPEN: Final = 1
OF_THE_HUB: Final = frozenset({Kind.NOTICE_DECISION, Kind.REVISION})
"""What the hub may say in its own log. Of these, no member's log has a decision."""
_NEEDS_TARGET: Final = np.zeros(256, dtype=np.bool_)
_NEEDS_TARGET[sorted(TARGETING)] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelopes:
    """The public parts of n entries. `kinds` uint8 (n,), 0 for a later version or a malformed entry; `open` bool (n,);
    `expiry` int64 (n,) in days, 0 for none; `commitments`, `handling_commitments` uint8 (n, 32).

    `targets`: (position, kind, origin text, leaf) of the entries that point at another. `malformed`: position -> why.
    """

    kinds: Bytes
    open: Flags
    expiry: Numbers
    commitments: Bytes
    handling_commitments: Bytes
    targets: list[tuple[int, int, str, bytes]]
    malformed: dict[int, str]


def _misplaced(origin: Origin, kinds: Bytes) -> Flags:
    """Which of these kinds the log may not have."""
    if origin.member == HUB_NAME:
        return np.isin(kinds, sorted(UNDERSTOOD - OF_THE_HUB))
    return np.asarray(kinds == Kind.NOTICE_DECISION)


def parse(origin: Origin, entries: Sequence[bytes]) -> Envelopes:
    """Parses every entry. Raises nothing: an unreadable entry is in `malformed`, or of kind 0."""
    count = len(entries)
    plain = np.fromiter(map(len, entries), dtype=np.int64, count=count) == PLAIN_SIZE
    whole = b"".join(entries) if plain.all() else b"".join(e for e in entries if len(e) == PLAIN_SIZE)
    table = np.zeros((count, PLAIN_SIZE), dtype=np.uint8)
    table[plain] = np.frombuffer(whole, dtype=np.uint8).reshape(-1, PLAIN_SIZE)
    # An entry is plain if decode accepts it unchanged: this version, known flags, a kind without a target.
    kinds = table[:, 1].copy()
    plain &= (table[:, 0] == VERSION) & (kinds != 0) & (table[:, 2] <= _FLAG_OPEN)
    expiry = _days(table, 7)
    plain &= (_days(table, 3) <= LAST_DAY) & (expiry <= LAST_DAY)
    plain &= (table[:, 11] == 0) & (table[:, 12] == 0) & ~_NEEDS_TARGET[kinds] & (kinds < FIRST_LOCAL_KIND)
    plain &= ~_misplaced(origin, kinds)
    parsed = Envelopes(
        kinds=kinds,
        open=table[:, 2] == _FLAG_OPEN,
        expiry=expiry,
        commitments=table[:, PLAIN_SIZE - HASH_SIZE :],
        handling_commitments=table[:, PLAIN_SIZE - 2 * HASH_SIZE : PLAIN_SIZE - HASH_SIZE],
        targets=[],
        malformed={},
    )
    for position in np.flatnonzero(~plain).tolist():
        _parse_one(origin, position, entries[position], parsed)
    return parsed


def _days(table: Bytes, at: int) -> Numbers:
    """The column of days whose first byte is at `at`. int64 (n,)."""
    return np.ascontiguousarray(table[:, at : at + 4]).view(">u4").ravel().astype(np.int64)


def _parse_one(origin: Origin, at: int, entry: bytes, into: Envelopes) -> None:
    """Reads one entry that is not plain into row `at` of the columns."""
    into.kinds[at] = 0
    into.open[at] = False
    into.expiry[at] = 0
    try:
        envelope = decode(entry)
        if envelope is None:
            return
        check_days(envelope)
        if envelope.kind >= FIRST_LOCAL_KIND:
            raise Malformed("an entry of a kind that never travels")  # noqa: TRY301  (one way to set an entry aside)
        if _misplaced(origin, np.array([envelope.kind], dtype=np.uint8))[0]:
            raise Malformed(MISPLACED)  # noqa: TRY301  (one way to set an entry aside)
        if envelope.kind in OWN_TARGET and envelope.target is not None:
            check_own(origin, envelope.target.origin)
    except Malformed as error:
        into.malformed[at] = str(error)
        return
    into.kinds[at] = envelope.kind
    into.open[at] = envelope.open
    into.expiry[at] = envelope.expiry_day
    into.commitments[at] = np.frombuffer(envelope.commitment, dtype=np.uint8)
    into.handling_commitments[at] = np.frombuffer(envelope.handling_commitment, dtype=np.uint8)
    if envelope.target is not None:
        into.targets.append((at, envelope.kind, str(envelope.target.origin), envelope.target.leaf))


def check_own(speaker: Origin, target: Origin) -> None:
    """Only the owner changes its record: the same member, in this epoch of its log or an earlier one. Raises
    `Malformed`.
    """
    same = (target.federation, target.member, target.stream) == (speaker.federation, speaker.member, speaker.stream)
    if not same or target.epoch > speaker.epoch:
        raise Malformed("a correction, revision or retraction of a record in another member's log")


def opens(
    origin: str,
    kinds: Bytes,
    commitments: Bytes,
    nonces: Sequence[bytes],
    contents: Sequence[bytes],
    *,
    handling: bool = False,
) -> Flags:
    """For each row: whether nonce and content open its commitment. Five columns of one length; bool (n,).

    Every nonce is 32 bytes long, and `commitments` uint8 (n, 32).
    """
    said = kinds.tolist()
    run = {kind: committer(origin, kind, handling=handling) for kind in set(said)}
    if len(run) == 1:
        digests = list(map(run[said[0]], nonces, contents))
    else:
        digests = [run[kind](nonce, content) for kind, nonce, content in zip(said, nonces, contents, strict=True)]
    made = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, HASH_SIZE)
    opened: Flags = (made == commitments).all(axis=1)
    return opened


@dataclass(slots=True)
class Handlings:
    """Decoded handlings, so that each different one is read once. Not thread-safe.

    `decode` raises only `Malformed`. A handling of None is one that no correct writer emits.
    """

    decode: Callable[[bytes], Handling]
    known: dict[bytes, int] = field(default_factory=dict)
    values: list[Handling | None] = field(default_factory=list)

    def number(self, handlings: Sequence[bytes]) -> Numbers:
        """The number of each handling in `values`. int64 (n,)."""
        if len(self.values) > MAX_HANDLINGS:
            self.known.clear()
            self.values.clear()
        for each in set(handlings).difference(self.known):
            self.known[each] = len(self.values)
            try:
                self.values.append(self.decode(each))
            except Malformed:
                self.values.append(None)
        known = self.known
        return np.fromiter((known[each] for each in handlings), dtype=np.int64, count=len(handlings))


def disagreements(envelopes: Envelopes, positions: Numbers, handlings: Handlings, numbers: Numbers) -> dict[int, str]:
    """Positions whose handling is malformed or contradicts the envelope, and why. `numbers` by `Handlings`."""
    found: dict[int, str] = {}
    kinds, expiry = envelopes.kinds[positions].astype(np.int64), envelopes.expiry[positions]
    is_open = envelopes.open[positions]
    # Rows that are equal in all four values are judged once: a run has few different ones.
    _, first, alike = np.unique(
        numbers << 41 | expiry << 9 | kinds << 1 | is_open, return_index=True, return_inverse=True
    )
    for group, at in enumerate(first.tolist()):
        handling = handlings.values[int(numbers[at])]
        reason = _disagreement(handling, int(kinds[at]), int(expiry[at]), open_to_all=bool(is_open[at]))
        if reason:
            found.update(dict.fromkeys(positions[alike == group].tolist(), reason))
    return found


def _disagreement(handling: Handling | None, kind: int, expiry: int, *, open_to_all: bool) -> str:
    if handling is None:
        return "a handling that no correct writer emits"
    envelope = Envelope(
        kind=kind,
        issued_day=0,
        open=open_to_all,
        expiry_day=expiry,
        target=None,
        handling_commitment=bytes(HASH_SIZE),
        commitment=bytes(HASH_SIZE),
    )
    try:
        check_agreement(envelope, handling)
    except Malformed as error:
        return str(error)
    return ""


def lengths(column: Sequence[bytes]) -> Numbers:
    """The length of each element. int64 (n,)."""
    return np.fromiter(map(len, column), dtype=np.int64, count=len(column))


def whole_nonces(column: Sequence[bytes]) -> Flags:
    """Rows with a nonce of the right length. Raises `Malformed` if a nonce is neither that nor absent."""
    sizes = lengths(column)
    present: Flags = sizes == NONCE_SIZE
    if not (present | (sizes == 0)).all():
        raise Malformed(f"a nonce is {NONCE_SIZE} bytes long")
    return present
