"""Joining, as the node does it, and what enrolment needs from elsewhere.

Rules this module upholds:

- The same petition is sent until it is answered: a lost answer, or a restart, costs nothing and changes nothing.
- Waiting for the authority is a state, not an error.
- An expired certificate is renewed with the statement key; a suspension is not got round by it.
"""

from __future__ import annotations

from typing import Protocol

from node.domain.hub_ports import IssuedCertificate, JoinRequest
from node.domain.ids import FederationId, MemberId
from node.domain.ports import Signer
from node.domain.services import Enrolment, JoinPetition, RosterReader
from node.domain.signing import reading_preimage, renewal_preimage
from node.errors import Malformed, Refused


class Registrar(Protocol):
    """Judges petitions and issues certificates (`node.pki.registrar`). Blocking, milliseconds; any thread."""

    def check(self, petition: JoinPetition, now: float) -> JoinRequest:
        """The petition as it is kept, all its proofs checked. Raises `PeerFault` and its kin."""
        ...

    def issue(self, member: MemberId, csr: bytes, now: float) -> tuple[tuple[bytes, ...], IssuedCertificate]:
        """A chain (DER, leaf first) for a member who the caller has checked may have one. Raises as `check`."""
        ...

    def key_of(self, csr: bytes) -> bytes:
        """SHA-256 of the key that a certificate request is for (its SPKI). Raises as `check`."""
        ...


class MetadataSource(Protocol):
    """The roster's files as the hub serves them (`node.pki.repository`). Blocking."""

    def read(self, name: str, limit: int) -> bytes:
        """Raises `NotFound`."""
        ...

    def root_pin(self) -> tuple[int, bytes]:
        """(version, SHA-256) of the newest root."""
        ...


async def ask_to_join(enrolment: Enrolment, petition: JoinPetition) -> tuple[bytes, ...]:
    """The certificate chain once the authority has admitted us, () while it has not. Ask again in a while.

    Raises `Refused` where the petition was turned down. Left to the caller: to check the chain before it is used.
    """
    status = await enrolment.join(petition)
    if status.state == "refused":
        raise Refused("the petition to join was refused", remedy="ask the hub's operator why, and for a new token")
    if status.state == "pending":
        return ()
    if not status.certificates:
        raise Malformed("the hub says admitted, and sends no certificate")
    return status.certificates


async def renew_after_absence(
    enrolment: Enrolment, *, federation: FederationId, member: MemberId, csr: bytes, statement: Signer
) -> tuple[bytes, ...]:
    """A new chain for a member whose certificate ran out. Raises what the hub raises: `Suspended`, `Refused`.

    Left to the caller: to check the chain before it is used.
    """
    challenge = await enrolment.challenge(member)
    signature = statement.sign(renewal_preimage(federation, member, csr, challenge))
    return await enrolment.renew_expired(member, csr, challenge, signature)


async def reader_by_key(
    enrolment: Enrolment, *, federation: FederationId, member: MemberId, ca_sha256: bytes, statement: Signer
) -> RosterReader:
    """What lets this member read the roster for two minutes without a certificate, at the hub that showed this CA."""
    challenge = await enrolment.challenge(member)
    signature = statement.sign(reading_preimage(federation, member, ca_sha256, challenge))
    return RosterReader(member=member, challenge=challenge, signature=signature)
