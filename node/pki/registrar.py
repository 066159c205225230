"""Checks petitions and issues certificates for the hub's enrolment.

Rules this module upholds: those of `node.pki.petition` and `node.pki.ca`. It connects these two and decides nothing.
"""

from __future__ import annotations

from node.domain.hub_ports import IssuedCertificate, JoinRequest
from node.domain.ids import FederationId, MemberId
from node.domain.services import JoinPetition
from node.pki.ca import CertificateAuthority, check_request, check_requester, issued, spki_sha256
from node.pki.petition import check_petition, to_request


class Registrar:
    """Implements `usecases.enrolment.Registrar` over the hub's CA."""

    def __init__(self, *, federation: FederationId, ca: CertificateAuthority) -> None:
        self._federation = federation
        self._ca = ca

    def check(self, petition: JoinPetition, now: float) -> JoinRequest:
        """The petition as stored, after all its proofs were checked. Raises `Malformed`, `BadSignature`."""
        request = to_request(petition, now=now)
        check_petition(request, self._federation)
        return request

    def issue(self, member: MemberId, csr: bytes, now: float) -> tuple[tuple[bytes, ...], IssuedCertificate]:
        """A chain of one leaf, and the data that is stored about it. Raises `Malformed`, and `BadSignature` if the key
        of the request did not sign it, or signed it for another member.
        """
        check_requester(csr, self._federation, member)
        leaf = self._ca.issue_member(member, csr, now=now)
        return (leaf.der,), issued(member, leaf, now=now)

    def key_of(self, csr: bytes) -> bytes:
        """SHA-256 of the SPKI in a request. Raises `Malformed`, `BadSignature`."""
        return spki_sha256(check_request(csr))
