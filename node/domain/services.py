"""The services between hub and node, as Protocols over domain values. `wire` serves and calls them; `hub` and `sync`
implement and use them.

Rules this module upholds:

- The caller's identity is a `MemberId` that `wire` took from the certificate and the roster, never a field of a
  message.
- All are async. An implementation never blocks the event loop: store and hashing go to threads.
- Errors are `node.errors`; `wire/status.py` carries their kind over the wire, in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

    from node.domain.batch import Package
    from node.domain.envelope import Disclosure
    from node.domain.ids import MemberId, Origin
    from node.domain.queries import LogView, RelayEvent, SignedAnswer, SignedQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The hub's state of a log: how many entries, and the newest note that it cosigned (b"" if none)."""

    origin: Origin
    size: int
    cosigned: bytes
    cosigned_size: int


class Carrier(Protocol):
    """LogCarrier as a node sees it (a client bound to one hub)."""

    async def heads(self, origins: Sequence[Origin]) -> list[Head]:
        """The hub's heads of these logs; of all logs that we may follow if `origins` is empty."""
        ...

    async def submit(self, package: Package) -> Head:
        """Submits the next run of our own log; compare-and-swap on (origin, `package.start`). The returned head is
        cosigned once the run reaches the size of its checkpoint. Raises `Conflict`, `Refused`, `BadProof`.
        """
        ...

    def follow(self, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
        """Packages from each cursor on (logs not named start at 0), then new ones. Only an error ends the stream."""
        ...

    async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        """Repair: the disclosures of these entries, as far as the hub has them and we may read them."""
        ...


class CarrierService(Protocol):
    """LogCarrier as the hub answers it; `member` is the authenticated caller."""

    async def heads(self, member: MemberId, origins: Sequence[Origin]) -> list[Head]: ...

    async def submit(self, member: MemberId, package: Package) -> Head: ...

    def follow(self, member: MemberId, cursors: Sequence[LogView]) -> AsyncIterator[Package]: ...

    async def bodies(self, member: MemberId, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What the hub sends on an attending stream: a query to answer, a late answer to our own, or a farewell.

    Exactly one of `query`, `late` is set, or `going_away` is True. `remaining`: seconds left of the asker's budget.
    """

    query: SignedQuery | None = None
    remaining: float = 0.0
    late: RelayEvent | None = None
    going_away: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an attending node sends: its signed answer to a query of `asker`. `held`: an officer there decides, and one
    more answer may come. `decided`: it is that answer.
    """

    asker: MemberId
    query_id: bytes
    answer: SignedAnswer
    held: bool = False
    decided: bool = False


class Relay(Protocol):
    """QueryRelay as a node sees it."""

    def ask(self, query: SignedQuery, budget: float) -> AsyncIterator[Sequence[RelayEvent]]:
        """One event per recipient, in groups as they come. Ends when all have one or after `budget` seconds."""
        ...

    def attend(self, replies: AsyncIterator[Reply]) -> AsyncGenerator[Delivery, None]:
        """Holds the stream open: deliveries from the hub, replies to it. Ends by an error, by `going_away`, and when
        its reader closes it.
        """
        ...


class RelayService(Protocol):
    """QueryRelay as the hub answers it. A group contains the events available together, and is never empty."""

    def ask(self, member: MemberId, query: SignedQuery, budget: float) -> AsyncIterator[Sequence[RelayEvent]]: ...

    def attend(self, member: MemberId, replies: AsyncIterator[Reply]) -> AsyncIterator[Delivery]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPetition:
    """What a joining node sends. `secret` of its one-time token; `proofs[purpose]`: signature of each key in `vkeys`
    over the token secret's hash, the CSR's hash, the member and the key (see PROTOCOL.md).
    """

    secret: bytes
    member: MemberId
    name: str
    csr: bytes
    vkeys: Mapping[str, str]
    proofs: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinStatus:
    """`state`: pending, admitted or refused. `certificates`: DER chain, leaf first, once admitted."""

    state: str
    certificates: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterReader:
    """The proof with which a caller without a certificate reads the roster; empty for the roots alone.

    Either `secret`, of an invitation, or `signature` by a statement key of `member` over `challenge` (see `signing`).
    """

    secret: bytes = field(default=b"", repr=False)
    member: str = ""
    challenge: bytes = b""
    signature: bytes = b""


ANYBODY: Final = RosterReader()


class RosterService(Protocol):
    """The roster over mutual TLS, as the hub answers it."""

    async def file(self, member: MemberId, name: str, limit: int) -> bytes: ...

    def changes(self, member: MemberId) -> AsyncIterator[None]:
        """Once at first, then each time another roster is in force. Ends only by an error."""
        ...


class Enrolment(Protocol):
    """The port with server-side TLS only, as a node sees it."""

    async def join(self, petition: JoinPetition) -> JoinStatus:
        """Files the petition, or asks for its state (idempotent: same token, same keys)."""
        ...

    async def challenge(self, member: MemberId) -> bytes:
        """32 fresh bytes for `renew_expired`."""
        ...

    async def renew_expired(
        self, member: MemberId, csr: bytes, challenge: bytes, signature: bytes
    ) -> tuple[bytes, ...]:
        """A new chain for a member whose certificate has expired; `signature` by its statement key (see `signing`)."""
        ...

    async def metadata(self, name: str, limit: int, reader: RosterReader = ANYBODY) -> bytes:
        """A file of the TUF repository. Raises `NotFound`, `Unauthenticated`."""
        ...


class EnrolmentService(Protocol):
    """The same as the hub answers it. The peer is unauthenticated: everything is checked inside. `address`: the
    caller's address, "" if unknown; only for brakes and logs.
    """

    async def join(self, petition: JoinPetition, *, address: str = "") -> JoinStatus: ...

    async def challenge(self, member: MemberId) -> bytes: ...

    async def renew_expired(
        self, member: MemberId, csr: bytes, challenge: bytes, signature: bytes
    ) -> tuple[bytes, ...]: ...

    async def metadata(self, name: str, limit: int, reader: RosterReader = ANYBODY, *, address: str = "") -> bytes: ...


class Renewal(Protocol):
    """Certificate renewal over mutual TLS, as a node sees it."""

    async def renew(self, csr: bytes) -> tuple[bytes, ...]: ...


class RenewalService(Protocol):
    """The same as the hub answers it."""

    async def renew(self, member: MemberId, csr: bytes) -> tuple[bytes, ...]: ...


class Gate(Protocol):
    """Identifies callers: `wire` asks it for each call and each stream, and ends streams when it says so."""

    def admit(self, spiffe_id: str, spki_sha256: bytes, not_after: float) -> MemberId:
        """The member behind a certificate. Raises `Unauthenticated`, `Suspended`, `Expired`."""
        ...

    def watch(self, member: MemberId) -> AsyncIterator[str]:
        """Yields once, with the reason, when the member's live streams must end (suspension, expiry)."""
        ...
