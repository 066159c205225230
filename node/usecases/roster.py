"""The roster in force: which members may take part, and which member a certificate belongs to.

Rules this module upholds:

- Fail closed: without a roster, or after its expiry, `current` raises, so no member is admitted and nothing is trusted.
- Only a newer roster replaces a roster, and only if it gives this node its own keys: those it signs with, or those it
  has asked the authority for.
- A statement key that was retired in a normal change counts a while longer, for messages under way. A revoked key does
  not.
- A certificate must pass four checks: its name, its member's standing, its key among those that the hub issued, and its
  dates. Transport security alone admits nobody.
- Each open stream is told when its member may no longer take part: after a suspension, or when the roster expires.
- Everything here is in memory and quick: it may be called on the event loop, and from any thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from node.domain.hub_ports import IssuedCertificate
from node.domain.ids import FederationId, MemberId, foreign, parse_spiffe_id
from node.domain.ports import Clock
from node.domain.roster import KeyPurpose, KeyStatus, Member, Roster
from node.errors import BadSignature, Expired, Malformed, PeerFault, Refused, Suspended, Unauthenticated, Unavailable

PATIENCE: Final = 60.0
"""Seconds after which a watch checks the clock again: a date can pass without any event, and a clock can be set."""

FADING_SECONDS: Final = 600.0
"""How long after a change of keys a query or answer under the retired statement key still counts: several lifetimes of
a roster, and far longer than a query's budget."""

Listener = Callable[[Roster], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLine:
    """This node's own line in the roster: its member and its keys, by `KeyPurpose`.

    `coming`: the keys that it has asked the authority for, during a change of keys; empty otherwise.
    """

    member: MemberId
    vkeys: Mapping[str, str]
    coming: Mapping[str, str] = field(default_factory=dict)


def check_own_line(roster: Roster, own: OwnLine) -> None:
    """Raises `BadSignature` unless the roster gives this member exactly this node's keys, present or coming; `Refused`
    if it is not a member.

    A different key and an additional key are both refused: their holder could speak for this member.
    """
    member = roster.members.get(own.member)
    if member is None:
        raise Refused(
            f"the roster does not have {own.member} yet", remedy="ask the federation's authority to sign it in"
        )
    active = sorted((key.purpose.value, key.vkey) for key in member.keys if key.status is KeyStatus.ACTIVE)
    expected = [own.vkeys, own.coming] if own.coming else [own.vkeys]
    if active not in [sorted(keys.items()) for keys in expected]:
        raise BadSignature(
            f"the roster gives {own.member} other keys than this node holds: someone else could act for this member",
            remedy="were these keys restored from an old backup? then put the newest keys folder back; else call the "
            "federation's authority at once, and do not go on before the digits agree",
        )


def has_come(roster: Roster, own: OwnLine) -> bool:
    """Whether the roster gives this member the keys that were coming."""
    member = roster.members.get(own.member)
    return bool(own.coming) and member is not None and member.active_vkeys() == dict(own.coming)


class Members:
    """The roster in force. `own`: this node's line, checked at each replacement; None at the hub."""

    def __init__(self, *, clock: Clock, own: OwnLine | None = None) -> None:
        self._clock = clock
        self._own = own
        self._lock = threading.Lock()
        self._roster: Roster | None = None
        self._fading: dict[str, float] = {}
        self._listeners: list[Listener] = []

    def current(self) -> Roster:
        """The roster in force. Raises `Unavailable` if there is none yet, `Expired` if it has expired."""
        if self._fading:
            self._forget_faded()
        roster = self._roster
        if roster is None:
            raise Unavailable(
                "there is no verified roster here yet", remedy="connect to the hub, or wait for the authority"
            )
        if self._clock() >= roster.expires:
            raise Expired(
                "the roster has expired, so no member can be verified",
                remedy="compare the clock; then see whether the hub is reachable, and whether it refreshes its roster",
            )
        return roster

    def known(self) -> Roster:
        """The last verified roster of any age, for reading stored data. Raises `Unavailable` if there is none."""
        roster = self._roster
        if roster is None:
            raise Unavailable(
                "there is no verified roster here yet", remedy="connect to the hub, or read a bundle that has one"
            )
        return roster

    def signed(self) -> Roster:
        """The last verified roster, for records that come in a file to a unit without a line. It may be older than the
        hub's daily renewal, but what the authority signed must not have expired. Raises `Unavailable`, `Expired`.
        """
        roster = self.known()
        if self._clock() >= roster.signed_until:
            raise Expired(
                "the authority's list of members here has expired, so no member can be verified",
                remedy="compare the clock; then read a bundle that was written not long ago: it has a newer list",
            )
        return roster

    def latest(self) -> Roster | None:
        """The same, even if expired: for display, and for reading stored data. Never for admission."""
        return self._roster

    def stale(self) -> bool:
        """Whether there is a roster and it has expired."""
        roster = self._roster
        return roster is not None and self._clock() >= roster.expires

    def replace(self, roster: Roster) -> None:
        """Puts a verified roster in force and tells the listeners; if this raises, the former one stays.

        Raises `PeerFault` if it is older than the former one or of another federation, and as `check_own_line` does.
        """
        with self._lock:
            former = self._roster
            if former is not None and former.federation != roster.federation:
                raise PeerFault(foreign("a roster", roster.federation, former.federation))
            if former is not None and roster.version < former.version:
                raise PeerFault(f"a roster of version {roster.version}, after one of version {former.version}")
            if self._own is not None:
                check_own_line(roster, self._own)
            now = self._clock()
            self._fading = {vkey: end for vkey, end in self._fading.items() if end > now}
            for vkey in _just_retired(former, roster):
                self._fading[vkey] = now + FADING_SECONDS
            self._roster = _with_fading(roster, self._fading)
            listeners = list(self._listeners)
        for listener in listeners:
            listener(roster)

    def _forget_faded(self) -> None:
        with self._lock:
            now = self._clock()
            left = {vkey: end for vkey, end in self._fading.items() if end > now}
            if len(left) < len(self._fading) and self._roster is not None:
                self._roster = _with_fading(self._roster, left)
            self._fading = left

    @property
    def own(self) -> OwnLine | None:
        """This node's line, as rosters are checked for it; None at the hub."""
        return self._own

    def set_own(self, own: OwnLine) -> None:
        """During a change of keys: the line that the next roster is checked against."""
        with self._lock:
            self._own = own

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """`listener` is called after each replacement, in the replacing thread; it must be quick and raise nothing.
        Call the returned function to stop it.
        """
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock, suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe


def _just_retired(former: Roster | None, roster: Roster) -> list[str]:
    """The statement keys that were active in `former` and are now retired. A revoked one stops counting at once."""
    if former is None or former.version == roster.version:
        return []
    return [
        key.vkey
        for name, member in roster.members.items()
        if (known := former.members.get(name)) is not None
        for key in member.keys
        if key.purpose is KeyPurpose.STATEMENT
        and key.status is KeyStatus.RETIRED
        and key.vkey in known.statement_vkeys()
    ]


def _with_fading(roster: Roster, fading: Mapping[str, float]) -> Roster:
    members = {name: _fades(member, fading) for name, member in roster.members.items()}
    return replace(roster, members=members)


def _fades(member: Member, fading: Mapping[str, float]) -> Member:
    retired = [k.vkey for k in member.keys if k.purpose is KeyPurpose.STATEMENT and k.status is KeyStatus.RETIRED]
    kept = tuple(vkey for vkey in retired if vkey in fading)
    return member if kept == member.fading else replace(member, fading=kept)


class Pins:
    """The keys of the certificates that the hub has issued and that have not expired. Filled from the store at the
    start.
    """

    def __init__(self, certificates: Iterable[IssuedCertificate] = ()) -> None:
        self._lock = threading.Lock()
        self._ends: dict[MemberId, dict[bytes, float]] = {}
        for certificate in certificates:
            self.add(certificate)

    def add(self, certificate: IssuedCertificate) -> None:
        """From now on its key is admitted for its member. Call it once the certificate is durable in the store."""
        with self._lock:
            ends = self._ends.setdefault(certificate.member, {})
            ends[certificate.spki_sha256] = max(certificate.not_after, ends.get(certificate.spki_sha256, 0))
            for spki in [spki for spki, end in ends.items() if end < certificate.issued_at]:
                del ends[spki]

    def bound(self, member: MemberId, until: float) -> None:
        """After a change of the member's keys: certificates issued to it so far end then at the latest."""
        with self._lock:
            ends = self._ends.get(member, {})
            for spki, end in ends.items():
                ends[spki] = min(end, until)

    def holds(self, member: MemberId, spki_sha256: bytes, now: float) -> bool:
        """Whether an unexpired certificate of this member over this key was issued."""
        return self._ends.get(member, {}).get(spki_sha256, 0) > now

    def last_end(self, member: MemberId) -> float:
        """When the last of a member's certificates expires, in Unix seconds; 0 if there is none."""
        with self._lock:
            return max(self._ends.get(member, {}).values(), default=0)


class RosterGate:
    """Implements `domain.services.Gate`."""

    def __init__(self, *, federation: FederationId, members: Members, pins: Pins, clock: Clock) -> None:
        self._federation = federation
        self._members = members
        self._pins = pins
        self._clock = clock

    def admit(self, spiffe_id: str, spki_sha256: bytes, not_after: float) -> MemberId:
        """The member behind a certificate whose chain the transport has verified.

        1. its name is a member of this federation; 2. it has not expired; 3. the roster is in force and has the member
        as active, or as one that has left; 4. the hub has issued an unexpired certificate for this key to this member.
        Raises `Unauthenticated`, `Suspended`, `Expired`; `Unavailable` if there is no roster yet. Each service must
        require an active member where needed: one that has left may only retract.
        """
        try:
            federation, member = parse_spiffe_id(spiffe_id)
        except Malformed as error:
            raise Unauthenticated("a certificate that names no member") from error
        if federation != self._federation:
            raise Unauthenticated(foreign("a certificate", federation, self._federation))
        now = self._clock()
        if not_after <= now:
            raise Expired(f"the certificate of {member} has expired", remedy="compare the clocks, then renew it")
        try:
            self._members.current().require_owner(member)
        except Refused as error:
            raise Unauthenticated(str(error), remedy=error.remedy) from error
        if not self._pins.holds(member, spki_sha256, now):
            raise Unauthenticated(
                f"a certificate of {member} for a key that this hub did not issue one for",
                remedy="renew it, or join again",
            )
        return member

    async def watch(self, member: MemberId) -> AsyncIterator[str]:
        """Yields once, with the reason, when the member's streams must end: suspended, removed, all its certificates
        expired, or the roster expired. The transport must end a stream when the certificate that opened it expires.
        """
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake(_: Roster) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

        unsubscribe = self._members.subscribe(wake)
        try:
            while not (reason := self._reason(member)):
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), self._patience(member))
                changed.clear()
            yield reason
        finally:
            unsubscribe()

    def _reason(self, member: MemberId) -> str:
        try:
            self._members.current().require_active(member)
        except (Suspended, Refused, Expired, Unavailable) as error:
            return str(error)
        return "" if self._pins.last_end(member) > self._clock() else f"the certificate of {member} has expired"

    def _patience(self, member: MemberId) -> float:
        roster = self._members.latest()
        ends = [self._pins.last_end(member), *([roster.expires] if roster else [])]
        return min(PATIENCE, max(0.01, min(ends) - self._clock()))
