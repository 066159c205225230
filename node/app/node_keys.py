"""A node's key files: those in force, those that are coming, and the step from the one to the other.

Rules this module upholds:

- Keys that are coming stand beside those in force, wrapped under the same passphrase, until the roster that was
  verified here gives them to this member. No word of the hub alone puts them in force.
- The step: first the store (the former log ends, what is not published goes on in the next), then the keys, then what
  the change left behind. A crash after any of these is taken up at the next opening of the home.
- After the step no former key is left on the disk: none of them could sign anything that counts.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.ids import Origin, federation_id, member_id
from node.domain.roster import KeyStatus
from node.errors import NotFound
from node.pki.files import store_errors, sync_folder
from node.pki.keys import STATEMENT, KeyRing
from node.usecases.catalogue import Catalogue
from node.usecases.epochs import begin_epoch
from node.usecases.roster import OwnLine, has_come
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from node.config import Config, Home
    from node.domain.ports import Store
    from node.domain.roster import Roster
    from node.pki.client import RosterClient
    from node.pki.wrapping import Passphrase

KEY_FILE: Final = "node.keys"
COMING_FILE: Final = "coming.keys"
PETITION_FILE: Final = "rekeying.json"
"""In the home: what the petition for the keys that are coming was made of."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysInForce:
    """`ring`: what this node signs with. `coming`: what it has asked the authority for; None where it has not."""

    ring: KeyRing
    coming: KeyRing | None = None

    def own_line(self) -> OwnLine:
        """This node's line, as each roster is checked for it."""
        vkeys = self.coming.member_vkeys() if self.coming else {}
        return OwnLine(member=member_id(self.ring.owner), vkeys=self.ring.member_vkeys(), coming=vkeys)


def load_ring(home: Home, settings: Config, passphrase: Passphrase, file: str = KEY_FILE) -> KeyRing:
    """The node's keys in `file`. Raises `NotFound`, `Damaged`."""
    return KeyRing.load(
        home.keys / file, passphrase, federation=federation_id(settings.federation), owner=settings.member
    )


def load_coming(home: Home, settings: Config, passphrase: Passphrase) -> KeyRing | None:
    """The keys that are coming; None where no change is under way. Raises `Damaged`."""
    try:
        return load_ring(home, settings, passphrase, COMING_FILE)
    except NotFound:
        return None


def keys_in_force(
    home: Home, settings: Config, passphrase: Passphrase, client: RosterClient, store: Store
) -> KeysInForce:
    """The keys to work with, once `finish_change` has done what is due. The caller holds the home's lock, and has no
    search index open. Raises `NotFound`, `Damaged`, `StoreError`.
    """
    coming = finish_change(home, settings, passphrase, client, store)
    try:
        return KeysInForce(ring=load_ring(home, settings, passphrase), coming=coming)
    except NotFound as error:
        raise NotFound(
            "the keys of this node are missing",
            remedy="put the keys folder back from its backup; if there is none: vigil node rekey --keys-lost",
        ) from error


def finish_change(
    home: Home, settings: Config, passphrase: Passphrase, client: RosterClient, store: Store
) -> KeyRing | None:
    """Brings a change of keys to its end where the roster kept here has the new ones; the ring that still waits."""
    coming = load_coming(home, settings, passphrase)
    if coming is not None:
        roster = _kept(client)
        if roster is None or not gives(roster, coming):
            return coming
        put_in_force(home, coming, roster, store)
    # Left behind by a crash after the step, if at all: a petition is made after the keys that it is for.
    forget_petition(home)
    return None


def put_in_force(home: Home, coming: KeyRing, roster: Roster, store: Store) -> int:
    """The step (see the rules above); how many statements go on in the next epoch. Idempotent."""
    member = roster.members[member_id(coming.owner)]
    catalogue = Catalogue(store=store, index=None, codec=ProtoCodec())
    with catalogue.change() as change:
        moved = begin_epoch(
            change,
            origin=Origin(coming.federation, member.id, coming.log_epoch),
            ends=member.log_ends(),
            random=os.urandom,
        )
    if moved.cut_published:
        _log.error(
            "the roster ends the former log %d entries before what the hub had cosigned: call the authority",
            moved.cut_published,
        )
    # A crash right here leaves the former keys, and the roster that gives others: the next opening comes back here.
    with store_errors("putting the new keys in their place"):
        (home.keys / COMING_FILE).replace(home.keys / KEY_FILE)
        sync_folder(home.keys)
    # A crash right here leaves a petition that was carried out. Nobody sends it without the keys it is for.
    forget_petition(home)
    _log.info(
        "the keys of this node were changed: epoch %d, %d statements go on in it", coming.log_epoch, moved.statements
    )
    return moved.statements


def forget_petition(home: Home) -> None:
    """Deletes what the petition was made of. Idempotent."""
    with store_errors("ending a change of keys"):
        (home.folder / PETITION_FILE).unlink(missing_ok=True)


def given_up_in_order(roster: Roster, former: KeyRing) -> bool:
    """Whether the roster retired the statement key of `former`, so that it counts a while longer, or revoked it."""
    vkey = former.vkey(STATEMENT)
    keys = roster.members[member_id(former.owner)].keys
    return any(key.vkey == vkey and key.status is KeyStatus.RETIRED for key in keys)


def gives(roster: Roster, coming: KeyRing) -> bool:
    """Whether the roster has exactly these keys for their member."""
    line = OwnLine(member=member_id(coming.owner), vkeys={}, coming=coming.member_vkeys())
    return has_come(roster, line)


def _kept(client: RosterClient) -> Roster | None:
    try:
        return client.load()
    except NotFound:
        return None
