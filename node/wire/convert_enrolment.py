"""Enrolment and renewal: domain values to federation.proto's messages, and back.

Rules this module upholds:

- As `convert_federation`: pairs with equal round trips, and `from_pb` raises only `Malformed`.
- The peer may be unauthenticated: everything is bounded before it is read.
"""

from collections.abc import Sequence
from typing import Final

from node.domain.ids import member_id
from node.domain.services import JoinPetition, JoinStatus, RosterReader
from node.errors import Malformed, Misuse
from node.wire import checks, limits
from node.wire.convert_federation import SIGNATURE_SIZE
from node.wire.pb import federation_pb2 as pb

SECRET_BYTES: Final = 64
"""The longest secret of a one-time token."""

_STATE_TO_PB: Final = {
    "pending": pb.JOIN_STATE_PENDING,
    "admitted": pb.JOIN_STATE_ADMITTED,
    "refused": pb.JOIN_STATE_REFUSED,
}
_STATE_FROM_PB: Final = {number: state for state, number in _STATE_TO_PB.items()}


def petition_to_pb(petition: JoinPetition) -> pb.JoinPetition:
    """A petition to join. Raises `Misuse` unless every key has its proof."""
    if set(petition.vkeys) != set(petition.proofs):
        raise Misuse("a petition proves possession of every key in it, and of no other")
    return pb.JoinPetition(
        secret=petition.secret,
        member=petition.member,
        name=petition.name,
        csr=petition.csr,
        keys=[
            pb.KeyClaim(purpose=purpose, vkey=vkey, proof=petition.proofs[purpose])
            for purpose, vkey in petition.vkeys.items()
        ],
    )


def petition_from_pb(message: pb.JoinPetition) -> JoinPetition:
    """The inverse; a purpose named twice is `Malformed`."""
    checks.bounded((message.secret,), SECRET_BYTES, "a token's secret")
    checks.at_most(len(message.keys), limits.KEY_CLAIMS, "keys in a petition")
    claims = {checks.text(claim.purpose, "a key's purpose"): claim for claim in message.keys}
    if len(claims) != len(message.keys):
        raise Malformed("a petition names two keys for one purpose")
    return JoinPetition(
        secret=message.secret,
        member=member_id(message.member),
        name=checks.text(message.name, "a member's name"),
        csr=csr_from_pb(message.csr),
        vkeys={purpose: checks.text(claim.vkey, "a key", checks.MAX_VKEY) for purpose, claim in claims.items()},
        proofs={purpose: checks.size(claim.proof, "a proof", SIGNATURE_SIZE) for purpose, claim in claims.items()},
    )


def csr_from_pb(csr: bytes) -> bytes:
    """A certificate request, bounded."""
    checks.bounded((csr,), limits.CSR_BYTES, "a certificate request")
    return csr


def join_status_to_pb(status: JoinStatus) -> pb.JoinStatus:
    """The state of a petition. Raises `Misuse` for an unknown state."""
    state = _STATE_TO_PB.get(status.state)
    if state is None:
        raise Misuse("a petition is pending, admitted or refused")
    return pb.JoinStatus(state=state, chain=status.certificates)


def join_status_from_pb(message: pb.JoinStatus) -> JoinStatus:
    """The other way."""
    state = _STATE_FROM_PB.get(message.state)
    if state is None:
        raise Malformed("a petition has a state that this version does not know")
    return JoinStatus(state=state, certificates=chain_from_pb(message.chain))


def chain_from_pb(chain: Sequence[bytes]) -> tuple[bytes, ...]:
    """A chain of certificates (DER), bounded. Its signatures are not checked yet."""
    checks.at_most(len(chain), limits.CHAIN_CERTIFICATES, "certificates in a chain")
    checks.bounded(chain, limits.CERTIFICATE_BYTES, "a certificate")
    return tuple(chain)


def file_to_pb(name: str, limit: int, reader: RosterReader) -> pb.MetadataRequest:
    """A request for a file of the roster."""
    return pb.MetadataRequest(
        name=name,
        limit=min(limit, limits.METADATA_BYTES),
        secret=reader.secret,
        member=reader.member,
        challenge=reader.challenge,
        signature=reader.signature,
    )


def file_from_pb(message: pb.MetadataRequest) -> tuple[str, int]:
    """The inverse, for the file: its name, and the most bytes that may be sent of it."""
    return checks.text(message.name, "a file of the roster"), min(message.limit, limits.METADATA_BYTES)


def reader_from_pb(message: pb.MetadataRequest) -> RosterReader:
    """The inverse, for the reader. Two proofs, or half a proof, are `Malformed`."""
    checks.bounded((message.secret,), SECRET_BYTES, "a token's secret")
    if not (message.member or message.challenge or message.signature):
        return RosterReader(secret=message.secret)
    if message.secret:
        raise Malformed("a reader of the roster shows a token or a signature, not both")
    return RosterReader(
        member=member_id(message.member),
        challenge=checks.size(message.challenge, "a challenge", *limits.CHALLENGE_BYTES),
        signature=checks.size(message.signature, "a signature", SIGNATURE_SIZE),
    )
