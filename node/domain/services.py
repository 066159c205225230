"""What crosses the border, as Protocols over domain values: `wire` serves and calls them, `hub` and `sync` implement
and use them.

Rules this module upholds:

- The caller's identity is a `MemberId` that `wire` took from the certificate and the roster; never a message's field.
- All are async. An implementation never blocks the event loop: store and hashing go to threads.
- Errors are `node.errors`; `wire/status.py` carries their kind across, both ways.
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
    """What the hub has of a log: how many entries, and the newest note that it cosigned (b"" where none)."""

    origin: Origin
    size: int
    cosigned: bytes
    cosigned_size: int


class Carrier(Protocol):
    """LogCarrier as a node sees it (a client bound to one hub)."""

    async def heads(self, origins: Sequence[Origin]) -> list[Head]:
        """The hub's heads of these logs; all logs that we may follow where `origins` is empty."""
        ...

    async def submit(self, package: Package) -> Head:
        """Hands in the next run of our own log; compare-and-swap on (origin, `package.start`). The head that comes
        back is cosigned once the run reaches the size of its checkpoint. Raises `Conflict`, `Refused`, `BadProof`.
        """
        ...

    def follow(self, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
        """Packages from each cursor on (logs not named start at 0), then the live tail. Ends only by an error."""
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
    """What the hub sends down an attending stream: a query to answer, a late answer to our own, or a farewell.

    Exactly one of `query`, `late` is set, or `going_away` is True. `remaining`: seconds left of the asker's budget.
    """

    query: SignedQuery | None = None
    remaining: float = 0.0
    late: RelayEvent | None = None
    going_away: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an attending node sends up: its signed answer to a query of `asker`. `held`: a person there decides, and one
    more answer may come. `decided`: it is that one.
    """

    asker: MemberId
    query_id: bytes
    answer: SignedAnswer
    held: bool = False
    decided: bool = False


class Relay(Protocol):
    """QueryRelay as a node sees it."""

    def ask(self, query: SignedQuery, budget: float) -> AsyncIterator[Sequence[RelayEvent]]:
        """One event a recipient, in groups as they come, ending when all have one or after `budget` seconds."""
        ...

    def attend(self, replies: AsyncIterator[Reply]) -> AsyncGenerator[Delivery, None]:
        """Holds the stream open: deliveries down, replies up. Ends by an error or by `going_away`, and when it is
        closed, by whoever reads it.
        """
        ...


class RelayService(Protocol):
    """QueryRelay as the hub answers it. A group of events is never empty: those that were there together."""

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
    """By what a caller without a certificate shows that it may read the roster; nothing of it for the roots alone.

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
        """Once at first, then each time that another roster is in force. Ends only by an error."""
        ...


class Enrolment(Protocol):
    """The port with server TLS alone, as a node sees it."""

    async def join(self, petition: JoinPetition) -> JoinStatus:
        """Files the petition, or asks how it stands (idempotent: same token, same keys)."""
        ...

    async def challenge(self, member: MemberId) -> bytes:
        """32 fresh bytes for `renew_expired`."""
        ...

    async def renew_expired(
        self, member: MemberId, csr: bytes, challenge: bytes, signature: bytes
    ) -> tuple[bytes, ...]:
        """A new chain for a member whose certificate ran out; `signature` by its statement key (see `signing`)."""
        ...

    async def metadata(self, name: str, limit: int, reader: RosterReader = ANYBODY) -> bytes:
        """A file of the TUF repository. Raises `NotFound`, `Unauthenticated`."""
        ...


class EnrolmentService(Protocol):
    """The same as the hub answers it. The peer is unauthenticated: everything is checked inside. `address`: where the
    call comes from, "" where that is not known; for brakes and logs alone.
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
    """Who is calling: `wire` asks it for each call and each stream, and ends streams when it says so."""

    def admit(self, spiffe_id: str, spki_sha256: bytes, not_after: float) -> MemberId:
        """The member behind a certificate. Raises `Unauthenticated`, `Suspended`, `Expired`."""
        ...

    def watch(self, member: MemberId) -> AsyncIterator[str]:
        """Yields once, with the reason, when the member's live streams must end (suspension, expiry)."""
        ...
