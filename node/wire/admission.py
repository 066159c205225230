"""Which callers are admitted, and how much of the hub one member may hold at once.

Rules this module upholds:

- Fail closed: a call has no member before the `Gate` has admitted the certificate's one SPIFFE id, its key and its
  expiry.
- A call counts for its member from the moment it is opened, not from its first message: half-open calls use up the
  member's own limit. The limits are the policy's; `_LIMITS` says which calls are counted together.
- Only a few first messages of one member are read at once, so that it cannot make us hold a large one for each call.
- A caller over a limit is told so, and is named in the log.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from node.domain.ids import MemberId
from node.domain.limits import Limits
from node.domain.ports import Clock
from node.domain.services import Gate
from node.errors import Expired, Overloaded, Refused, Unauthenticated, Unavailable
from node.wire import limits
from node.wire.door import Door, NoDoor, Peer, peer_of
from node.wire.notices import Notices
from node.wire.status import Context

_REMEDY: Final = "run `vigil node doctor`: it checks this node's certificate and names the fault"
IDENTITIES: Final = 512
"""Certificates that are kept parsed."""
_LIMITS: Final[dict[str, Callable[[Limits], int]]] = {
    "Follow": lambda policy: policy.follow_streams,
    "Attend": lambda policy: policy.attend_streams,
    "Watch": lambda policy: policy.watch_streams,
    "Heads": lambda policy: policy.large_calls,
    "Submit": lambda policy: policy.large_calls,
    "Bodies": lambda policy: policy.large_calls,
    "Metadata": lambda policy: policy.large_calls,
    "Renew": lambda policy: policy.large_calls,
}
"""By method; `Limits.calls` alone limits the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The content of a client certificate: its one SPIFFE id, SHA-256 of its SubjectPublicKeyInfo, expiry (Unix s)."""

    spiffe_id: str
    spki_sha256: bytes
    not_after: float


def identity(context: Context) -> Identity:
    """The identity behind a call. Raises `Unauthenticated` unless there is exactly one SPIFFE id and one certificate.

    Other kinds of name in the certificate are ignored: gRPC mixes them in `peer_identities`.
    """
    auth = context.auth_context()
    ids = list(auth.get("peer_spiffe_id", ()))
    pems = list(auth.get("x509_pem_cert", ()))
    if len(ids) != 1 or len(pems) != 1:
        raise Unauthenticated("a client certificate must hold exactly one SPIFFE id", remedy=_REMEDY)
    try:
        return _read(ids[0], pems[0])
    except (ValueError, TypeError) as error:
        raise Unauthenticated("a client certificate that cannot be read", remedy=_REMEDY) from error


@lru_cache(maxsize=IDENTITIES)
def _read(spiffe_id: bytes, pem: bytes) -> Identity:
    certificate = x509.load_pem_x509_certificate(pem)
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Identity(
        spiffe_id=spiffe_id.decode("ascii"),
        spki_sha256=hashlib.sha256(key).digest(),
        not_after=certificate.not_valid_after_utc.timestamp(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """One admitted call. `reading`: the limiter under which its first message is read."""

    member: MemberId
    who: Identity
    peer: Peer
    reading: asyncio.Semaphore


class Connections:
    """The connections on which members have authenticated, oldest first, as far as the front knows them."""

    def __init__(self, door: Door, most: Callable[[], int], notices: Notices) -> None:
        self._door = door
        self._most = most
        self._notices = notices
        self._owners: dict[int, MemberId] = {}
        self._of: dict[MemberId, dict[int, None]] = {}
        self._refused: Counter[int] = Counter()

    def used(self, number: int, member: MemberId) -> None:
        """A call of `member` came on this connection. One connection too many ends the member's oldest."""
        if self._owners.get(number) == member:
            return
        self._owners[number] = member
        own = self._of.setdefault(member, {})
        own[number] = None
        self._door.keep(number, member)
        if len(own) > self._most():
            oldest = next(iter(own))
            self.closed(oldest)
            self._door.cut(oldest)
            self._notices.note(member, "too many connections")

    def refused(self, number: int) -> None:
        """A call over the limit was refused on it. A caller that keeps asking is cut off."""
        self._refused[number] += 1
        if self._refused[number] >= limits.REFUSALS_A_CONNECTION:
            self.closed(number)
            self._door.cut(number)

    def closed(self, number: int) -> None:
        """It has ended. Idempotent."""
        self._refused.pop(number, None)
        member = self._owners.pop(number, None)
        if member is not None:
            self._of[member].pop(number, None)
            if not self._of[member]:
                del self._of[member]

    def lost(self) -> None:
        """All have ended."""
        self._owners.clear()
        self._of.clear()
        self._refused.clear()


class Admission:
    """Admits callers by the gate, counts what they hold, and ends their streams when they must end. On the event loop.
    `allowed`: the limits in force; `notices`: is told which callers exceed a limit.
    """

    def __init__(
        self,
        gate: Gate,
        clock: Clock,
        *,
        notices: Notices,
        allowed: Callable[[], Limits] = Limits,
        door: Door | None = None,
        recheck_seconds: float = limits.RECHECK_SECONDS,
    ) -> None:
        self._gate = gate
        self._clock = clock
        self._notices = notices
        self._allowed = allowed
        self._recheck_seconds = recheck_seconds
        self._calls: Counter[MemberId] = Counter()
        self._methods: Counter[tuple[MemberId, str]] = Counter()
        self._reading: dict[MemberId, asyncio.Semaphore] = {}
        self.door = door or NoDoor()
        self.connections = Connections(self.door, lambda: self._allowed().connections, notices)

    @asynccontextmanager
    async def admitted(self, context: Context, method: str) -> AsyncGenerator[Admitted, None]:
        """Holds a place for one call. Raises what the gate raises, `Expired`, `Overloaded` for one call too many."""
        who = identity(context)
        member = self._check(who)
        peer = peer_of(context.peer())
        self._count(member, method, peer)
        try:
            reading = self._reading.setdefault(member, asyncio.Semaphore(limits.READS_A_MEMBER))
            yield Admitted(member=member, who=who, peer=peer, reading=reading)
        finally:
            self._calls[member] -= 1
            self._methods[member, method] -= 1
            if not self._calls[member]:
                del self._calls[member]
                self._reading.pop(member, None)
            if not self._methods[member, method]:
                del self._methods[member, method]

    def _count(self, member: MemberId, method: str, peer: Peer) -> None:
        allowed = self._allowed()
        if peer.number is not None:
            self.connections.used(peer.number, member)
        of_method = _LIMITS.get(method)
        what = ""
        if self._calls[member] >= allowed.calls:
            what = "too many calls at once"
        elif of_method is not None and self._methods[member, method] >= of_method(allowed):
            what = f"too many calls of {method} at once"
        if what:
            self._notices.note(member, what)
            if peer.number is not None:
                self.connections.refused(peer.number)
            raise Overloaded(
                f"this member has {what}",
                retry_after=limits.UNARY_SECONDS,
                remedy="wait until some have ended; does another node run with the same keys?",
            )
        self._calls[member] += 1
        self._methods[member, method] += 1

    def slow(self, admitted: Admitted) -> None:
        """A receiver does not read what it is sent: its connection ends in a moment, with all that waits on it."""
        self._notices.note(admitted.member, "does not read what is sent to it")
        if admitted.peer.number is not None:
            asyncio.get_running_loop().call_later(limits.SETTLE_SECONDS, self.door.cut, admitted.peer.number)

    def _check(self, who: Identity) -> MemberId:
        if self._clock() >= who.not_after:
            raise Expired("the certificate has expired", remedy="renew it, and check this machine's clock")
        return self._gate.admit(who.spiffe_id, who.spki_sha256, who.not_after)

    async def ends(self, member: MemberId, who: Identity) -> None:
        """Waits until the member's streams must end, and raises the reason."""
        watch = self._gate.watch(member)
        fired = asyncio.ensure_future(anext(watch, None))
        try:
            while not fired.done():
                left = min(self._recheck_seconds, who.not_after - self._clock())
                await asyncio.wait({fired}, timeout=max(left, 0.0))
                self._check(who)
            reason = fired.result()
            if reason is None:
                raise Unavailable("the hub no longer monitors this stream", remedy="reconnect")
            raise Refused(f"the stream was ended: {reason}")
        finally:
            fired.cancel()
            await asyncio.gather(fired, return_exceptions=True)
