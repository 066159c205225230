"""How the hub serves the roster: to members on the main port, and to callers that authenticate without a certificate.

Rules this module upholds:

- Who is a member, and why one is suspended, is confidential to the federation. Without a certificate a caller reads
  only the authority's roots, which contain only its keys. All other files need the secret of an invitation, or the
  signature of a member's statement key.
- A member that is suspended, or has left, may read the roster: it must learn its standing. A revoked key may not read:
  someone else may have it.
- A signature covers this hub's CA as the reader saw it, so an attacker in between cannot use it.
- Watchers are told of a new roster at once. They are only told that there is one: its content is signed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from node.domain.ids import member_id
from node.domain.roster import KeyPurpose, KeyStatus
from node.domain.signing import reading_preimage
from node.errors import BadSignature, Unauthenticated, Unavailable
from node.usecases.signatures import verify_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.domain.ids import FederationId, MemberId
    from node.domain.ports import Clock
    from node.domain.roster import Roster
    from node.domain.services import RosterReader
    from node.domain.stores import HubStore
    from node.hub.brake import Brake
    from node.hub.challenges import Challenges
    from node.usecases.enrolment import MetadataSource
    from node.usecases.roster import Members

_ROOT: Final = re.compile(r"[1-9][0-9]{0,8}\.root\.json")
_REMEDY: Final = "update Vigil on this node; to join, use the token of an invitation"


class RosterDesk:
    """Implements `services.RosterService`, and the reading of `services.EnrolmentService`. Event loop; store and files
    in threads. `ca_sha256`: of the CA that both ports show.
    """

    def __init__(
        self,
        *,
        federation: FederationId,
        store: HubStore,
        members: Members,
        repository: MetadataSource,
        challenges: Challenges,
        brake: Brake,
        ca_sha256: bytes,
        clock: Clock,
    ) -> None:
        self._federation = federation
        self._store = store
        self._members = members
        self._repository = repository
        self._challenges = challenges
        self._brake = brake
        self._ca_sha256 = ca_sha256
        self._clock = clock
        self._told: Roster | None = None
        self._watching: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        members.subscribe(self._look)

    # --- with a certificate -------------------------------------------------------------------------------------------

    async def file(self, member: MemberId, name: str, limit: int) -> bytes:
        """A published file, for a member of any standing that the gate admits. Raises `NotFound`, `Refused`."""
        self._members.current().require_owner(member)
        return await asyncio.to_thread(self._repository.read, name, limit)

    async def changes(self, member: MemberId) -> AsyncIterator[None]:
        """Once at first, so that earlier changes are fetched. Afterwards for each new roster."""
        self._members.current().require_owner(member)
        changed = asyncio.Event()
        watching = (asyncio.get_running_loop(), changed)
        self._watching.add(watching)
        try:
            while True:
                yield None
                await changed.wait()
                changed.clear()
        finally:
            self._watching.discard(watching)

    def _look(self, roster: Roster) -> None:
        """Called in the thread that replaces the roster. A later date alone is no news."""
        told, self._told = self._told, replace(roster, expires=0)
        if told == self._told:
            return
        for loop, changed in list(self._watching):
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

    # --- without one --------------------------------------------------------------------------------------------------

    async def metadata(self, name: str, limit: int, reader: RosterReader, *, address: str) -> bytes:
        """A published file, for a caller that may read it. Raises `Unauthenticated`, `Overloaded` for guesses,
        `NotFound`, `Refused`.
        """
        return await asyncio.to_thread(self._metadata, name, limit, reader, address)

    def _metadata(self, name: str, limit: int, reader: RosterReader, address: str) -> bytes:
        if _ROOT.fullmatch(name):
            pass
        elif reader.secret:
            self._check_invited(reader.secret, address)
        elif reader.member:
            self._check_member(reader)
        else:
            raise Unauthenticated("only members and invited units may read the roster", remedy=_REMEDY)
        return self._repository.read(name, limit)

    def _check_invited(self, secret: bytes, address: str) -> None:
        """Raises `Unauthenticated` unless the invitation is still valid, or its petition is stored."""
        self._brake.check(address)
        digest = hashlib.sha256(secret).digest()
        with self._store.read() as reader:
            invitation = reader.invitation(digest)
            filed = reader.join_request(invitation.member) if invitation else None
        if invitation is None:
            self._brake.failed(address)
            raise Unauthenticated("this hub did not issue this token", remedy="ask the hub's operator for a new one")
        stands = filed is not None and hmac.compare_digest(filed.secret_sha256, digest) and filed.state != "refused"
        if invitation.expires_at <= self._clock() and not stands:
            raise Unauthenticated("this token has expired", remedy="ask the hub's operator for a new one")

    def _check_member(self, reader: RosterReader) -> None:
        """1. our challenge, for this member, recent; 2. signed by a statement key of the member that was not revoked. A
        caller that fails does not learn whether there is such a member. Raises `Unauthenticated`, `Expired`.
        """
        member = member_id(reader.member)
        self._challenges.check(member, reader.challenge)
        message = reading_preimage(self._federation, member, self._ca_sha256, reader.challenge)
        try:
            verify_message(message, reader.signature, self._readers_keys(member))
        except BadSignature as error:
            raise Unauthenticated("not signed with a key of a member that may read the roster") from error

    def _readers_keys(self, member: MemberId) -> tuple[str, ...]:
        # Dates are not checked: a roster that has expired at the hub must not keep nodes from fetching the next one.
        roster = self._members.latest()
        if roster is None:
            raise Unavailable("the authority has not signed in any member yet", remedy="wait for its signature")
        known = roster.members.get(member)
        if known is None:
            return ()
        return tuple(
            key.vkey
            for key in known.keys
            if key.purpose is KeyPurpose.STATEMENT and key.status is not KeyStatus.REVOKED
        )
