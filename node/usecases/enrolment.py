"""Joining, from the node's side, and the interfaces that enrolment needs.

Rules this module upholds:

- The same petition is sent until it is answered: a lost answer or a restart has no cost and changes nothing.
- Waiting for the authority is a state, not an error.
- An expired certificate is renewed with the statement key. Renewal does not bypass a suspension.
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
        """The stored petition, with all its proofs checked. Raises `PeerFault` and its subclasses."""
        ...

    def issue(self, member: MemberId, csr: bytes, now: float) -> tuple[tuple[bytes, ...], IssuedCertificate]:
        """A chain (DER, leaf first) for a member; the caller has checked that it may have one. Raises as `check`."""
        ...

    def key_of(self, csr: bytes) -> bytes:
        """SHA-256 of the public key of a certificate request (its SPKI). Raises as `check`."""
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
    """The certificate chain once the authority has admitted us, () before. Ask again after a pause.

    Raises `Refused` if the petition was refused. The caller must check the chain before use.
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
    """A new chain for a member whose certificate has expired. Raises what the hub raises: `Suspended`, `Refused`.

    The caller must check the chain before use.
    """
    challenge = await enrolment.challenge(member)
    signature = statement.sign(renewal_preimage(federation, member, csr, challenge))
    return await enrolment.renew_expired(member, csr, challenge, signature)


async def reader_by_key(
    enrolment: Enrolment, *, federation: FederationId, member: MemberId, ca_sha256: bytes, statement: Signer
) -> RosterReader:
    """The proof with which this member reads the roster for two minutes without a certificate, at this CA's hub."""
    challenge = await enrolment.challenge(member)
    signature = statement.sign(reading_preimage(federation, member, ca_sha256, challenge))
    return RosterReader(member=member, challenge=challenge, signature=signature)
