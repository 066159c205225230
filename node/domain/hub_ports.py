"""The ports of the store for data that only the hub keeps: petitions, invitations, certificates, mail, channels.

Rules this module upholds:

- They are part of a hub's database (`node.domain.stores`), and its rules apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.ids import MemberId
    from node.domain.queries import SignedAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """A node that asked to become a member (or to change keys), as the hub stores it until the authority decides.

    `csr` is DER; `vkeys`: C2SP verifier keys by purpose; `state`: pending, admitted or refused. `secret_sha256`: of its
    token; the proofs cover it, so the authority needs it to check them.
    """

    member: MemberId
    name: str
    secret_sha256: bytes
    csr: bytes
    vkeys: Mapping[str, str]
    proofs: Mapping[str, bytes]
    requested_at: int
    state: str = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A one-time token, stored as the SHA-256 of its secret. Times in Unix seconds."""

    secret_sha256: bytes
    member: MemberId
    expires_at: int
    used_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A certificate from the hub's CA: SHA-256 of the subject public key info, serial, and expiry (Unix seconds)."""

    member: MemberId
    serial: int
    spki_sha256: bytes
    not_after: int
    issued_at: int


class HubReader(Protocol):
    """Reads data that only a hub keeps."""

    def invitation(self, secret_sha256: bytes) -> Invitation | None: ...

    def join_requests(self, *, state: str = "") -> list[JoinRequest]: ...

    def join_request(self, member: MemberId) -> JoinRequest | None: ...

    def certificates(self, member: MemberId) -> list[IssuedCertificate]: ...

    def owners_of_key(self, spki_sha256: bytes) -> set[MemberId]:
        """The members to whom a certificate for this key was ever issued."""
        ...

    def mailbox(self, asker: MemberId, limit: int) -> list[tuple[int, bytes, SignedAnswer]]:
        """Late answers that wait for their asker: (id, query id, answer)."""
        ...

    def mailbox_size(self, asker: MemberId) -> int:
        """How many there are, without reading them."""
        ...

    def mail_of(self, asker: MemberId, answerer: MemberId) -> tuple[int, int]:
        """How many of them are of this answerer, and their bytes."""
        ...

    def promised(self, answerer: MemberId, asker: MemberId, query_id: bytes) -> bool:
        """Whether this member holds this query and may answer it once more."""
        ...

    def promises(self, answerer: MemberId) -> int:
        """How many queries this member holds and may answer once more."""
        ...

    def switchboard_messages(self, after: int, limit: int) -> list[tuple[int, str, bytes]]:
        """(id, channel, message) of the database-backed Switchboard."""
        ...


class HubWriter(HubReader, Protocol):
    """Writes it."""

    def put_invitation(self, invitation: Invitation) -> None: ...

    def use_invitation(self, secret_sha256: bytes, now: int) -> bool:
        """Marks it used; False if it was used before or has expired (compare-and-swap in the SQL)."""
        ...

    def put_join_request(self, request: JoinRequest) -> None: ...

    def set_join_state(self, member: MemberId, state: str) -> None: ...

    def put_certificate(self, certificate: IssuedCertificate) -> None: ...

    def put_mail(self, asker: MemberId, query_id: bytes, answer: SignedAnswer, expires_at: int) -> None: ...

    def delete_mail(self, ids: Sequence[int]) -> None: ...

    def expire_mail(self, now: int) -> int: ...

    def put_promise(self, answerer: MemberId, asker: MemberId, query_id: bytes, expires_at: int) -> None:
        """This member holds this query: until `expires_at`, one more answer to it is forwarded."""
        ...

    def take_promise(self, answerer: MemberId, asker: MemberId, query_id: bytes, now: int) -> bool:
        """Ends a promise; False if there is none, or it has ended."""
        ...

    def expire_promises(self, now: int) -> int: ...

    def put_switchboard_message(self, channel: str, message: bytes) -> int: ...

    def trim_switchboard(self, before: int) -> None:
        """Deletes messages with ids below `before`."""
        ...
