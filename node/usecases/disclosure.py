"""What was disclosed of a run of entries: which bodies a copy of the log holds, which it does not, and why.

Rules this module upholds:

- A body that does not open its commitment counts as withheld, and can be requested again.
- Handling decides who holds a body: a body that does not admit the reader is not stored, regardless of its sender.
- An entry that contradicts its own handling is set aside with a reason; neighbouring entries are not affected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from node.domain.batch import BodyState, Package
from node.domain.ids import MemberId, Origin
from node.errors import BadProof
from node.usecases.entry_columns import Bytes, Envelopes, Flags, Handlings, disagreements, lengths, opens, whole_nonces


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The owner of a copy of the log, and how it treats a bad disclosure.

    `reader`: None for the hub, which reads every handling in order to enforce it. `strict`: a bad disclosure is refused
    (on submission) instead of counting as withheld. `expired_before`: an absent body whose expiry day is before this
    day was purged, and is not missing.
    """

    reader: MemberId | None
    strict: bool = False
    expired_before: int = 0


@dataclass(slots=True, kw_only=True)
class Judged:
    """One `BodyState` per row, and why. `quarantine` and `alarms`: position -> reason."""

    states: Bytes
    quarantine: dict[int, str]
    alarms: dict[int, str]

    def keep(self, column: Sequence[bytes]) -> Sequence[bytes]:
        """The column, with empty values for the rows that are not stored."""
        held = self.states == BodyState.HELD
        if held.all():
            return column
        return [each if kept else b"" for each, kept in zip(column, held.tolist(), strict=True)]


def judge(package: Package, envelopes: Envelopes, copy: Copy, handlings: Handlings) -> Judged:
    """Which bodies this copy holds. Raises only if `copy.strict` is set, and for nonces of a wrong length."""
    has_nonce, has_handling = whole_nonces(package.nonces), whole_nonces(package.handling_nonces)
    judged = Judged(states=_absent(envelopes, package.origin, copy), quarantine=dict(envelopes.malformed), alarms={})
    judged.states[list(envelopes.malformed)] = BodyState.QUARANTINED
    given = has_nonce | has_handling | (lengths(package.bodies) > 0) | (lengths(package.handlings) > 0)
    readable = envelopes.kinds != 0
    whole = has_nonce & has_handling & readable
    _complain(judged, given & readable & ~whole, "a disclosure is incomplete", copy)
    good = whole.copy()
    good[whole] = _open(package, envelopes, whole)
    _complain(judged, whole & ~good, "a disclosure that does not open the commitments of its entry", copy)
    places = np.flatnonzero(good)
    numbers = handlings.number(_pick(package.handlings, good))
    wrong = disagreements(envelopes, places, handlings, numbers)
    judged.quarantine.update(wrong)
    judged.states[places] = BodyState.HELD
    judged.states[list(wrong)] = BodyState.QUARANTINED
    if copy.reader is not None:
        owner, reader = package.origin.member, copy.reader
        admitted = {
            number: value is None or value.admits(reader, owner)
            for number in set(numbers.tolist())
            for value in (handlings.values[number],)
        }
        if not all(admitted.values()):
            barred = places[[not admitted[number] for number in numbers.tolist()]]
            judged.states[barred] = BodyState.NOT_FOR_US
            judged.alarms.update(dict.fromkeys(barred.tolist(), "a disclosure whose handling does not admit us"))
    return judged


def _absent(envelopes: Envelopes, origin: Origin, copy: Copy) -> Bytes:
    """The state of each row without any disclosure."""
    states = np.full(len(envelopes.kinds), BodyState.NOT_FOR_US, dtype=np.uint8)
    ours = copy.reader is None or copy.reader == origin.member
    states[(envelopes.open | ours) & (envelopes.kinds != 0)] = BodyState.MISSING
    states[(envelopes.expiry > 0) & (envelopes.expiry < copy.expired_before)] = BodyState.PURGED
    return states


def _open(package: Package, envelopes: Envelopes, whole: Flags) -> Flags:
    """For each row of `whole`: whether body and handling both open their commitments."""
    origin, kinds = str(package.origin), envelopes.kinds[whole]
    nonces, bodies = _pick(package.nonces, whole), _pick(package.bodies, whole)
    bodies_open = opens(origin, kinds, envelopes.commitments[whole], nonces, bodies)
    nonces, handlings = _pick(package.handling_nonces, whole), _pick(package.handlings, whole)
    return bodies_open & opens(origin, kinds, envelopes.handling_commitments[whole], nonces, handlings, handling=True)


def _pick(column: Sequence[bytes], chosen: Flags) -> Sequence[bytes]:
    if chosen.all():
        return column
    return [column[place] for place in np.flatnonzero(chosen).tolist()]


def _complain(judged: Judged, rows: Flags, reason: str, copy: Copy) -> None:
    places = np.flatnonzero(rows).tolist()
    if places and copy.strict:
        raise BadProof(f"{reason} (and {len(places) - 1} more)" if len(places) > 1 else reason)
    judged.alarms.update(dict.fromkeys(places, reason))
