"""Enrolment at the hub: invitations, petitions, certificates and their renewal.

Rules this module upholds:

- No claim of a caller is trusted: token, proofs, roster and dates are checked here, the cheap checks first.
- A token is valid once. The same petition with it may be sent again at any time (a lost answer); another petition is
  refused. A petition endorsed by the member's present statement key needs no token: a change of keys.
- The hub admits no member. A petition is pending until the roster, signed by the authority, has exactly its keys.
- A certificate is durable in the store before it is sent, and its key is pinned before it can be used.
- A certificate is issued only for a key whose holder made the request for this very member. The key was never certified
  for another member, and the member has not given it up.
- A member that was away renews with its statement key, over a challenge valid for two minutes and one use. A suspended
  member cannot renew. A member that has left can renew: with the certificate it can retract its records, and nothing
  else.
- Who is a member, and its standing, is only told to callers that have shown a token or signed with that member's key.
- Guessing tokens is slowed down (`Brake`).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from node.domain.hub_ports import HubReader, Invitation, JoinRequest
from node.domain.ids import FederationId, MemberId, check_not_the_hub
from node.domain.ports import Clock
from node.domain.roster import Member, MemberStatus
from node.domain.services import ANYBODY, JoinPetition, JoinStatus, RosterReader
from node.domain.signing import PREVIOUS, renewal_preimage
from node.domain.stores import HubStore
from node.domain.texts import check_untaken
from node.domain.token import INVITATION_SECONDS, SECRET_SIZE, Token
from node.errors import Expired, Malformed, Misuse, NotFound, Refused, Suspended, Unauthenticated, Unavailable
from node.hub.brake import Brake
from node.hub.challenges import Challenges
from node.hub.key_changes import KeyChanges, check_key, check_number, open_log
from node.hub.roster_desk import RosterDesk
from node.usecases.enrolment import MetadataSource, Registrar
from node.usecases.roster import Members, Pins
from node.usecases.signatures import verify_message

REISSUE_SECONDS: Final = 72 * 3_600
"""How long after its first certificate a petition may be sent again for another one: the lifetime of that certificate.
"""
_OUR_KEYS: Final = ("log", "statement", "witness")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issued:
    csr_sha256: bytes
    chain: tuple[bytes, ...]
    until: float


class EnrolmentDesk:
    """Implements `services.EnrolmentService` and `services.RenewalService`. Event loop; store and keys in threads."""

    def __init__(
        self,
        *,
        federation: FederationId,
        store: HubStore,
        members: Members,
        pins: Pins,
        registrar: Registrar,
        repository: MetadataSource,
        challenges: Challenges,
        brake: Brake,
        roster: RosterDesk,
        clock: Clock,
    ) -> None:
        self._federation = federation
        self._store = store
        self._members = members
        self._pins = pins
        self._registrar = registrar
        self._repository = repository
        self._clock = clock
        self._changes = KeyChanges(store=store, pins=pins, clock=clock)
        self._challenges = challenges
        self._brake = brake
        self._roster = roster
        self._handed_out: dict[MemberId, _Issued] = {}

    # --- for the operator ---------------------------------------------------------------------------------------------

    def invite(
        self, member: MemberId, *, hub: str, enrolment: str, ca_sha256: bytes, lifetime: int = INVITATION_SECONDS
    ) -> Token:
        """A one-time token for `member`, to join or to change its keys. Blocking.

        A suspended member may have one: it changes stolen keys before its suspension is lifted.
        """
        if lifetime <= 0:
            raise Misuse("an invitation must be valid for at least one second")
        check_not_the_hub(member)
        version, root_sha256 = self._repository.root_pin()
        token = Token(
            federation=self._federation,
            member=member,
            hub=hub,
            enrolment=enrolment,
            ca_sha256=ca_sha256,
            root_version=version,
            root_sha256=root_sha256,
            secret=secrets.token_bytes(SECRET_SIZE),
            expires=int(self._clock()) + lifetime,
        )
        with self._store.write() as writer:
            writer.put_invitation(
                Invitation(secret_sha256=token.secret_sha256, member=member, expires_at=token.expires)
            )
        return token

    def refuse(self, member: MemberId) -> None:
        """Refuses a pending petition. Blocking. Raises `NotFound` if the member has none."""
        with self._store.write() as writer:
            asked = writer.join_request(member)
            if asked is None or asked.state != "pending":
                raise NotFound(
                    f"there is no pending petition of {member}",
                    remedy="to stop a member for now, use vigil hub suspend",
                )
            writer.set_join_state(member, "refused")
            open_log(writer, member)

    def settle(self) -> list[MemberId]:
        """Marks petitions as admitted whose keys are now in the roster. Blocking; call it after a new roster."""
        with self._store.read() as reader:
            pending = reader.join_requests(state="pending")
        done = [each.member for each in pending if _holds(self._standing_of(each.member), each.vkeys)]
        if done:
            with self._store.write() as writer:
                for member in done:
                    writer.set_join_state(member, "admitted")
                    open_log(writer, member)
        return done

    def announce(self, coming: Mapping[MemberId, Member]) -> None:
        """Before the members in `coming` are published: ends the certificates of those whose keys change. Blocking."""
        latest = self._members.latest()
        self._changes.announce(latest.members if latest else {}, coming)

    # --- for nodes ----------------------------------------------------------------------------------------------------

    async def join(self, petition: JoinPetition, *, address: str = "") -> JoinStatus:
        """Files a petition, or reports its state. Raises `Unauthenticated` for the token, `Overloaded` for guesses,
        `Expired`, `Malformed`, `BadSignature`, `Suspended`, `Refused`.
        """
        return await asyncio.to_thread(self._join, petition, address)

    async def challenge(self, member: MemberId) -> bytes:
        """32 fresh bytes for `renew_expired` and for reading the roster, bound to `member`, valid for two minutes."""
        return self._challenges.make(member)

    async def renew_expired(
        self, member: MemberId, csr: bytes, challenge: bytes, signature: bytes
    ) -> tuple[bytes, ...]:
        """A new chain for a member that was away. Raises `Expired` and `Unauthenticated` for the challenge,
        `BadSignature`, `Suspended`, `Refused`.
        """
        return await asyncio.to_thread(self._renew_expired, member, csr, challenge, signature)

    async def metadata(self, name: str, limit: int, reader: RosterReader = ANYBODY, *, address: str = "") -> bytes:
        """A file of the roster, for a caller that may read it. Raises as `RosterDesk.metadata`."""
        return await self._roster.metadata(name, limit, reader, address=address)

    async def renew(self, member: MemberId, csr: bytes) -> tuple[bytes, ...]:
        """A new chain for an authenticated member, for its present TLS key or another."""
        return await asyncio.to_thread(self._renew, member, csr)

    # --- joining ------------------------------------------------------------------------------------------------------

    def _join(self, petition: JoinPetition, address: str) -> JoinStatus:
        """1. exactly this petition was filed before; or 2. the token is known, for this member, unused and not expired,
        or there is none and the member's present statement key endorses the petition; 3. the petition's proofs are
        valid, and its name is not taken; 4. token and petition are stored in one transaction; 5. the roster gives its
        state.
        """
        if len(petition.secret) != SECRET_SIZE:
            raise Malformed("a token's secret has another length")
        self._brake.check(address)
        secret_sha256 = hashlib.sha256(petition.secret).digest()
        with self._store.read() as reader:
            invitation = reader.invitation(secret_sha256)
            filed = reader.join_request(petition.member)
        theirs = invitation if invitation is not None and invitation.member == petition.member else None
        used = invitation is None or (theirs is not None and bool(theirs.used_at))
        if used and filed is not None and _same(filed, petition, secret_sha256):
            return self._standing(filed)
        now = self._clock()
        if theirs is not None:
            _check_unused(theirs, now)
        elif invitation is not None or not self._names_endorser(petition):
            self._brake.failed(address)
            raise Unauthenticated("this hub did not issue this token", remedy="ask the hub's operator for a new one")
        request = self._registrar.check(petition, now)
        if theirs is None:
            self._check_endorser(petition.member)
        with self._store.write() as writer:
            check_untaken(petition.name, self._names(writer), petition.member)
            # A crash before the block ends leaves the token unused; after it, the petition is stored and may be
            # repeated.
            if theirs is not None and not writer.use_invitation(secret_sha256, int(now)):
                raise Unauthenticated("another request has just used this token", remedy="try again")
            writer.put_join_request(request)
        return self._standing(request)

    def _names(self, reader: HubReader) -> dict[MemberId, str]:
        """The names of the members, and of petitioners."""
        latest = self._members.latest()
        waiting = {each.member: each.name for each in reader.join_requests(state="pending")}
        return waiting | {member.id: member.name for member in (latest.members.values() if latest else ())}

    def _names_endorser(self, petition: JoinPetition) -> bool:
        """Whether the petition names the member's present statement key as its endorser; `check` verifies the proof."""
        endorsing = petition.vkeys.get(PREVIOUS)
        if not endorsing:
            return False
        known = self._members.current().members.get(petition.member)
        return known is not None and endorsing in known.statement_vkeys()

    def _check_endorser(self, member: MemberId) -> None:
        """Raises `Suspended`: a thief of a suspended member's keys could endorse others. The same for a member that has
        left: `Unauthenticated`.
        """
        status = self._members.current().members[member].status
        if status is MemberStatus.SUSPENDED:
            raise Suspended(
                f"{member} is suspended, so its present keys endorse no others",
                remedy="ask the hub's operator for a token: vigil node rekey --token TOKEN",
            )
        if status is not MemberStatus.ACTIVE:
            raise Unauthenticated("this hub did not issue this token", remedy="ask the hub's operator for a new one")

    def _standing_of(self, name: MemberId) -> Member | None:
        try:
            return self._members.current().members.get(name)
        except Unavailable:
            return None

    def _standing(self, request: JoinRequest) -> JoinStatus:
        """The state of a filed petition, by the roster. Raises `Expired` if the roster has expired."""
        if request.state == "refused":
            return JoinStatus(state="refused")
        member = self._standing_of(request.member)
        if not _holds(member, request.vkeys) or member is None:
            return JoinStatus(state="pending")
        if member.status is MemberStatus.LEFT:
            return JoinStatus(state="refused")
        self._members.current().require_active(request.member)
        return JoinStatus(state="admitted", certificates=self._first_chain(request))

    def _first_chain(self, request: JoinRequest) -> tuple[bytes, ...]:
        """The same chain while it is fresh, else another, for the lifetime of the first one; after that, renewal
        applies.
        """
        now, csr_sha256 = self._clock(), hashlib.sha256(request.csr).digest()
        handed = self._handed_out.get(request.member)
        if handed is not None and handed.csr_sha256 == csr_sha256 and now < handed.until:
            return handed.chain
        key = self._registrar.key_of(request.csr)
        with self._store.read() as reader:
            earlier = [
                each.issued_at
                for each in reader.certificates(request.member)
                if each.spki_sha256 == key and each.issued_at >= request.requested_at
            ]
        if earlier and now - min(earlier) > REISSUE_SECONDS:
            raise Refused(
                "this petition was answered long ago", remedy="renew the certificate instead of joining again"
            )
        chain = self._issue(request.member, request.csr, now=now, admitted=True)
        self._handed_out[request.member] = _Issued(csr_sha256=csr_sha256, chain=chain, until=now + REISSUE_SECONDS / 3)
        return chain

    # --- certificates -------------------------------------------------------------------------------------------------

    def _issue(self, member: MemberId, csr: bytes, *, now: float, admitted: bool = False) -> tuple[bytes, ...]:
        """Durable, then pinned, then sent. A crash in between leaves a certificate that nobody has.

        Raises `Malformed`, `BadSignature` and `Refused` for a key that may not be certified for this member, and
        `Overloaded` for one renewal too many.
        """
        chain, certificate = self._registrar.issue(member, csr, now)
        with self._store.write() as writer:
            filed = writer.join_request(member)
            petitioned = self._registrar.key_of(filed.csr) if filed is not None else b""
            check_key(writer, member, certificate.spki_sha256, petitioned)
            if not admitted:
                check_number(writer, member, now)
            writer.put_certificate(certificate)
            if admitted:
                writer.set_join_state(member, "admitted")
        self._pins.add(certificate)
        return chain

    def _renew(self, member: MemberId, csr: bytes) -> tuple[bytes, ...]:
        self._members.current().require_owner(member)
        self._changes.check_renewal(member)
        with self._store.read() as reader:
            # Also before anything is signed: a signature takes longer than this refusal.
            check_number(reader, member, self._clock())
        return self._issue(member, csr, now=self._clock())

    def _renew_expired(self, member: MemberId, csr: bytes, challenge: bytes, signature: bytes) -> tuple[bytes, ...]:
        """1. our challenge, for this member, recent; 2. signed by its statement key; 3. a member, active or one that
        has left; 4. used once. In this order: only the member itself learns its standing.
        """
        self._challenges.check(member, challenge)
        known = self._members.current().members.get(member)
        message = renewal_preimage(self._federation, member, csr, challenge)
        verify_message(message, signature, known.statement_vkeys() if known else ())
        self._members.current().require_owner(member)
        self._challenges.spend(challenge)
        return self._issue(member, csr, now=self._clock())


def _check_unused(invitation: Invitation, now: float) -> None:
    if invitation.used_at:
        raise Unauthenticated(
            "this token was used before, with another petition",
            remedy="if that was not this node, tell the hub's operator at once; else ask for a new token",
        )
    if invitation.expires_at <= now:
        raise Expired("this token has expired", remedy="ask the hub's operator for a new one")


def _same(filed: JoinRequest, petition: JoinPetition, secret_sha256: bytes) -> bool:
    return (
        hmac.compare_digest(filed.secret_sha256, secret_sha256)
        and filed.csr == petition.csr
        and dict(filed.vkeys) == dict(petition.vkeys)
    )


def _holds(member: Member | None, vkeys: Mapping[str, str]) -> bool:
    """Whether the roster gives the member exactly these keys."""
    if member is None:
        return False
    return member.active_vkeys() == {purpose: vkeys.get(purpose) for purpose in _OUR_KEYS}
