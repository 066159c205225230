"""A node's key files: the present keys, the new keys, and the switch between them.

Rules this module upholds:

- New keys are stored next to the present ones, wrapped with the same passphrase, until the verified roster gives them
  to this member. The hub alone cannot put them in force.
- The switch: first the store (the former log ends, unpublished statements move to the next log), then the keys, then
  the clean-up. After a crash at any step the next opening of the home continues.
- After the switch no former key is on the disk: its signatures would not count any more.
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
    from node.domain.roster import Roster
    from node.domain.stores import NodeStore
    from node.pki.client import RosterClient
    from node.pki.wrapping import Passphrase

KEY_FILE: Final = "node.keys"
COMING_FILE: Final = "coming.keys"
PETITION_FILE: Final = "rekeying.json"
"""File in the home: the inputs of the petition for the new keys."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysInForce:
    """`ring`: the keys that this node signs with. `coming`: keys that it has asked the authority to sign, or None."""

    ring: KeyRing
    coming: KeyRing | None = None

    def own_line(self) -> OwnLine:
        """This node's roster line, which each roster must contain."""
        vkeys = self.coming.member_vkeys() if self.coming else {}
        return OwnLine(member=member_id(self.ring.owner), vkeys=self.ring.member_vkeys(), coming=vkeys)


def load_ring(home: Home, settings: Config, passphrase: Passphrase, file: str = KEY_FILE) -> KeyRing:
    """The node's keys in `file`. Raises `NotFound`, `Damaged`."""
    return KeyRing.load(
        home.keys / file, passphrase, federation=federation_id(settings.federation), owner=settings.member
    )


def load_coming(home: Home, settings: Config, passphrase: Passphrase) -> KeyRing | None:
    """The new keys; None if no change is in progress. Raises `Damaged`."""
    try:
        return load_ring(home, settings, passphrase, COMING_FILE)
    except NotFound:
        return None


def keys_in_force(
    home: Home, settings: Config, passphrase: Passphrase, client: RosterClient, store: NodeStore
) -> KeysInForce:
    """The keys to use, after `finish_change` has finished a due switch. The caller holds the home's lock, and has no
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
    home: Home, settings: Config, passphrase: Passphrase, client: RosterClient, store: NodeStore
) -> KeyRing | None:
    """Finishes a change of keys if the roster kept here has the new keys. Returns the ring that waits, or None."""
    coming = load_coming(home, settings, passphrase)
    if coming is not None:
        roster = _kept(client)
        if roster is None or not gives(roster, coming):
            return coming
        put_in_force(home, coming, roster, store)
    # A crash after the switch may leave it: a petition is made after its keys.
    forget_petition(home)
    return None


def put_in_force(home: Home, coming: KeyRing, roster: Roster, store: NodeStore) -> int:
    """The switch (see the rules above). Returns the number of statements that move to the next epoch. Idempotent."""
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
    # A crash here leaves the former keys and a roster with the new ones: the next opening continues here.
    with store_errors("writing the new keys"):
        (home.keys / COMING_FILE).replace(home.keys / KEY_FILE)
        sync_folder(home.keys)
    # A crash here leaves a finished petition. It is never sent without its keys.
    forget_petition(home)
    _log.info(
        "the keys of this node were changed: epoch %d, %d statements moved to it", coming.log_epoch, moved.statements
    )
    return moved.statements


def forget_petition(home: Home) -> None:
    """Deletes the inputs of the petition. Idempotent."""
    with store_errors("ending a change of keys"):
        (home.folder / PETITION_FILE).unlink(missing_ok=True)


def given_up_in_order(roster: Roster, former: KeyRing) -> bool:
    """Whether the roster only retired, not revoked, the statement key of `former`: it stays valid for some time."""
    vkey = former.vkey(STATEMENT)
    keys = roster.members[member_id(former.owner)].keys
    return any(key.vkey == vkey and key.status is KeyStatus.RETIRED for key in keys)


def gives(roster: Roster, coming: KeyRing) -> bool:
    """Whether the roster has exactly these keys for this member."""
    line = OwnLine(member=member_id(coming.owner), vkeys={}, coming=coming.member_vkeys())
    return has_come(roster, line)


def _kept(client: RosterClient) -> Roster | None:
    try:
        return client.load()
    except NotFound:
        return None
