"""A change of a node's keys: new keys, a petition to the authority, and the switch after it has signed.

Rules this module upholds:

- Idempotent: the same command continues where it stopped. It keeps existing keys, and sends the same petition.
- The former statement key endorses the new keys. If a person says that it is lost, a token of the hub's operator
  replaces the endorsement, and the authority decides alone whether to replace the keys.
- The node uses its former keys until its own verified roster has the new ones.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from node.app.node_keys import COMING_FILE, PETITION_FILE, forget_petition, gives, load_coming, put_in_force
from node.app.roster_fetching import refreshed_by_key
from node.domain.ids import Origin, federation_id, member_id, spoken
from node.domain.token import SECRET_SIZE
from node.errors import Damaged, NotFound, PeerFault, Refused, Suspended
from node.pki.ca import make_request
from node.pki.files import read_bounded, store_errors, write_atomic
from node.pki.keys import KeyRing
from node.pki.petition import keys_fingerprint, make_petition
from node.pki.strictjson import decode, decode_hex, encode
from node.tlog.text import decode_base64, encode_base64
from node.usecases.enrolment import ask_to_join
from node.usecases.roster import OwnLine
from node.wire.client import EnrolmentChannel

if TYPE_CHECKING:
    from node.config import Config, Home
    from node.domain.roster import Roster
    from node.domain.services import JoinPetition
    from node.domain.stores import NodeStore
    from node.domain.token import Token
    from node.pki.client import RosterClient
    from node.pki.wrapping import Passphrase

Line = dict[str, Any]

POLL_SECONDS: Final = 2.0
"""Seconds between two checks whether the authority has signed."""
_PETITION: Final = "vigil/rekeying/v1"
_MAX_PETITION: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class _Petition:
    """The inputs that give the same petition again: the token's secret or our own, the request, the endorser."""

    secret: bytes
    csr: bytes
    endorsed: bool


class Rekeying:
    """One change of keys. `former`: the keys in force, or None if they are lost. The caller holds the home's lock.

    All methods except `ask` block. They may be called from any thread, one at a time.
    """

    def __init__(
        self,
        *,
        home: Home,
        settings: Config,
        secret: Passphrase,
        former: KeyRing | None,
        client: RosterClient,
        store: NodeStore,
    ) -> None:
        self._home = home
        self._settings = settings
        self._secret = secret
        self._former = former
        self._client = client
        self._store = store

    # --- what is under way --------------------------------------------------------------------------------------------

    def standing(self) -> Line:
        """{"state": "none" or "pending", "epoch" of the keys in force, "coming": the epoch of the new keys}."""
        coming = load_coming(self._home, self._settings, self._secret)
        return {
            "state": "pending" if coming else "none",
            "epoch": self._former.log_epoch if self._former else None,
            "coming": coming.log_epoch if coming else None,
        }

    def own_line(self) -> OwnLine:
        """This node's line with the new keys, for the next roster."""
        coming = load_coming(self._home, self._settings, self._secret)
        return OwnLine(
            member=member_id(self._settings.member),
            vkeys=self._former.member_vkeys() if self._former else {},
            coming=coming.member_vkeys() if coming else {},
        )

    # --- the petition -------------------------------------------------------------------------------------------------

    def begin(self, token: Token | None) -> Line:
        """Makes or finds the new keys and the inputs of their petition. Returns the digits to read to the authority.

        Raises `Refused` if there is neither a former key nor a token for this member, `NotFound` without a roster.
        """
        if self._former is None and token is None and not (self._home.folder / PETITION_FILE).exists():
            raise Refused(
                "the former keys are lost, so this node cannot prove to the hub who it is",
                remedy="ask the hub's operator for a token (vigil hub invite), and give it: --token TOKEN",
            )
        roster = self._client.load()
        member = roster.members.get(member_id(self._settings.member))
        if member is None:
            raise NotFound(
                f"the roster does not have {self._settings.member}",
                remedy="a node that is not a member must join: vigil node join --token TOKEN",
            )
        ring = self._prepare_keys(roster, member.log_epoch + 1)
        petition = self._prepare_petition(ring, token)
        return {
            "step": "keys",
            "member": member.id,
            "fingerprint": spoken(keys_fingerprint(member.id, ring.member_vkeys())),
            "epoch": ring.log_epoch,
            "endorsed": petition.endorsed,
            "published": self._published(member.log_epoch),
        }

    def _prepare_keys(self, roster: Roster, epoch: int) -> KeyRing:
        """The keys are durable before they are announced. Only keys for the next epoch can be admitted."""
        coming = load_coming(self._home, self._settings, self._secret)
        if coming is not None and (coming.log_epoch == epoch or gives(roster, coming)):
            return coming
        ring = KeyRing.for_member(
            federation_id(self._settings.federation), member_id(self._settings.member), epoch=epoch
        )
        forget_petition(self._home)
        ring.save(self._home.keys / COMING_FILE, self._secret)
        # A crash here leaves keys without a petition: the same command makes one for them.
        return ring

    def _prepare_petition(self, ring: KeyRing, token: Token | None) -> _Petition:
        kept = self._kept()
        if kept is not None and (token is None or token.secret == kept.secret):
            return kept
        secret = token.secret if token else os.urandom(SECRET_SIZE)
        csr = kept.csr if kept else make_request(ring)
        petition = _Petition(secret=secret, csr=csr, endorsed=self._former is not None)
        write_atomic(
            self._home.folder / PETITION_FILE,
            encode(
                {
                    "type": _PETITION,
                    "secret": petition.secret.hex(),
                    "csr": encode_base64(petition.csr),
                    "endorsed": "yes" if petition.endorsed else "no",
                }
            ),
        )
        return petition

    def _kept(self) -> _Petition | None:
        try:
            data = read_bounded(self._home.folder / PETITION_FILE, _MAX_PETITION, what="petition")
        except NotFound:
            return None
        try:
            fields = decode(data, _PETITION, "the petition")
            petition = _Petition(
                secret=decode_hex(fields.text("secret"), SECRET_SIZE, "the petition"),
                csr=decode_base64(fields.text("csr"), "the petition's certificate request"),
                endorsed=fields.text("endorsed") == "yes",
            )
            fields.end()
        except PeerFault as error:
            raise Damaged(
                "the petition kept here cannot be read", remedy="vigil node rekey --cancel, then vigil node rekey again"
            ) from error
        return petition

    def _published(self, epoch: int) -> int:
        origin = Origin(federation_id(self._settings.federation), member_id(self._settings.member), epoch)
        with self._store.read() as reader:
            log = reader.log(origin)
        return log.cosigned_size if log else 0

    async def ask(self) -> str:
        """Sends the petition, or asks for its state: "pending", or "signed" when the hub's roster has the new keys.

        Raises `Refused` if it was refused, `Unavailable`, and what else the hub raises.
        """
        # Runs in a thread: a refresh of the roster holds its lock, and needs the event loop to continue.
        sent, pin = await asyncio.to_thread(lambda: (self._petition(), self._hub_pin()))
        async with await EnrolmentChannel.open(self._settings.enrolment, pin) as channel:
            try:
                return "signed" if await ask_to_join(channel, sent) else "pending"
            except Suspended:
                # Signed, but suspended: the keys change anyway, and the node works again when the hub's operator lifts
                # the suspension.
                return "signed"

    def _petition(self) -> JoinPetition:
        ring, petition = load_coming(self._home, self._settings, self._secret), self._kept()
        if ring is None or petition is None:
            raise NotFound("no change of keys is in progress here", remedy="start one: vigil node rekey")
        return make_petition(
            ring,
            name=self._settings.name or self._settings.member,
            secret=petition.secret,
            csr=petition.csr,
            previous=self._former if petition.endorsed else None,
        )

    def _hub_pin(self) -> bytes:
        return self._client.load().hub.ca_sha256

    def cancel(self) -> Line:
        """Deletes the new keys. Raises `Refused` if the roster has them, `NotFound` if there are none."""
        coming = load_coming(self._home, self._settings, self._secret)
        if coming is None:
            raise NotFound("no change of keys is in progress here")
        if gives(self._client.load(), coming):
            raise Refused(
                "the authority has signed these keys: they are valid now",
                remedy="start the node (vigil node run): it switches to them",
            )
        # The petition is deleted first: keys without a petition are used again, a petition without keys never.
        forget_petition(self._home)
        with store_errors("giving up new keys"):
            (self._home.keys / COMING_FILE).unlink()
        return {"step": "done", "state": "cancelled", "epoch": self._former.log_epoch if self._former else None}

    # --- the switch, where no daemon runs -----------------------------------------------------------------------------

    async def fetch_roster(self) -> Roster:
        """The newest roster, verified and kept."""
        settings = self._settings
        federation, member = federation_id(settings.federation), member_id(settings.member)
        rings = (lambda: load_coming(self._home, settings, self._secret), lambda: self._former)
        pin = await asyncio.to_thread(self._hub_pin)
        async with await EnrolmentChannel.open(settings.enrolment, pin) as channel:
            return await refreshed_by_key(self._client, channel, federation, member, rings)

    def switch(self, roster: Roster) -> Line | None:
        """Puts the new keys in force if the roster has them; otherwise returns None."""
        coming = load_coming(self._home, self._settings, self._secret)
        if coming is None or not gives(roster, coming):
            return None
        moved = put_in_force(self._home, coming, roster, self._store)
        return {"step": "done", "state": "changed", "epoch": coming.log_epoch, "moved": moved, "next": "vigil node run"}
