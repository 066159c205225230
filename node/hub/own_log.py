"""The hub's own log, in which its operator decides on notices.

Rules this module upholds:

- It is a log like a member's: the same order of checkpoints (`usecases.ownlog`), a key of its own in the roster, and
  the hub's cosignature under it. The hub writes nothing else with this key.
- It fails closed. Without a key that the authority has signed, and after the hub was restored from a backup, nothing is
  written: a restored hub does not know what it published before, and would sign a second history.
- An acknowledged decision is published by the next start, wherever a crash interrupted it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind
from node.domain.ids import HUB_NAME, Origin
from node.domain.services import Head
from node.errors import Unavailable
from node.hub.key_changes import check_open
from node.usecases.acknowledging import Author
from node.usecases.ownlog import OwnLog
from node.usecases.waiting import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from node.domain.handling import Handling
    from node.domain.ids import FederationId, RecordId
    from node.domain.ports import Clock, Codec, Signer
    from node.domain.roster import Roster
    from node.domain.statements import Statement
    from node.domain.stores import LogStore
    from node.usecases.log_catalogue import LogCatalogue

RESTORED: Final = "hub-log/restored"
"""The setting that a restored database has until its hub has a new key for its log."""
_NEW_KEY: Final = "vigil hub log-key"
_CEREMONY: Final = "vigil hub requests --out FILE; vigil authority sign; vigil hub admit FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey:
    """The key of the hub's log of `epoch`; `vkey`: C2SP verifier key text of `signer`."""

    epoch: int
    vkey: str
    signer: Signer


class HubLog:
    """Safe to use from any thread, blocking. `key`: the present key, None if there is none. `claimed`: what followers
    have of each log beyond this hub. `publish` cosigns a log of this hub, `told` wakes the followers.
    """

    def __init__(
        self,
        *,
        store: LogStore,
        catalogue: LogCatalogue,
        codec: Codec,
        federation: FederationId,
        key: Callable[[], LogKey | None],
        roster: Callable[[], Roster],
        claimed: Callable[[], Mapping[Origin, int]],
        publish: Callable[[Origin], None],
        told: Callable[[], None],
        clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._codec = codec
        self._federation = federation
        self._key = key
        self._roster = roster
        self._claimed = claimed
        self._publish = publish
        self._told = told
        self._clock = clock
        self._random = random
        self._turn = threading.Lock()

    def require_open(self) -> LogKey:
        """The key in use. Raises `Unavailable`, which says why this hub cannot write to its own log."""
        key, roster = self._key(), self._roster()
        if key is None:
            raise Unavailable(
                "this hub has no key for a log of its own, so it cannot publish or refuse notices",
                remedy=f"make one, and have it signed: {_NEW_KEY}; {_CEREMONY}",
            )
        origin = self._origin(key)
        with self._store.read() as reader:
            restored = bool(reader.setting(RESTORED))
            check_open(reader, origin)
        if restored or self._claimed().get(origin):
            raise Unavailable(
                "this hub was restored from a backup, and its own log may lack decisions that members have",
                remedy=f"continue in a new log, with a new key: {_NEW_KEY}; {_CEREMONY}",
            )
        signed = roster.hub.log_key
        if signed is None or signed.vkey != key.vkey:
            raise Unavailable(
                "the authority has not signed the key of this hub's own log yet",
                remedy=f"have it signed: {_CEREMONY}",
            )
        return key

    def begin(self) -> None:
        """The present key is a new one: its log begins empty. Decisions that wait in a former log were never published,
        and are dropped: their requests wait for the operator again.
        """
        key = self._key()
        with self._turn, self._store.write() as writer:
            writer.set_setting(RESTORED, b"")
            for epoch in range(1, key.epoch if key else 1):
                for each in writer.pending(Origin(self._federation, HUB_NAME, epoch), ALL):
                    writer.forget_pending(each.leaf)

    def state(self, kind: Kind, statement: Statement, handling: Handling, target: RecordId | None = None) -> RecordId:
        """Writes one statement, signs the log and publishes it. Durable on return. Raises `Unavailable`, `Misuse`."""
        with self._turn:
            key = self.require_open()
            author = Author(origin=self._origin(key), codec=self._codec, clock=self._clock, random=self._random)
            with self._store.write() as writer:
                said = author.acknowledge(writer, kind, statement, handling, target)
            # A crash from here on leaves a statement that waits: `resume` publishes it.
            self._send(key)
            return said

    def resume(self) -> None:
        """Publishes what a crash left waiting. At every start; does nothing where nothing waits. Raises
        `Unavailable`.
        """
        key = self._key()
        if key is None:
            return
        with self._turn, self._store.read() as reader:
            log = reader.log(self._origin(key))
            waits = bool(reader.pending(self._origin(key), 1))
        if waits or (log is not None and log.cosigned_size < log.size):
            with self._turn:
                self._send(self.require_open())

    def _send(self, key: LogKey) -> None:
        own = OwnLog(
            store=self._store,
            codec=self._codec,
            catalogue=self._catalogue,
            origin=self._origin(key),
            vkey=key.vkey,
            signer=key.signer,
            roster=self._roster,
        )
        # The hub's database is what the hub has of its log. So the comparison of every start is with itself; that it
        # was not restored is checked before.
        log = own.state()
        own.reconcile(Head(origin=log.origin, size=log.size, cosigned=log.cosigned, cosigned_size=log.cosigned_size))
        waiting = True
        while waiting:
            own.place_and_sign()
            with self._store.read() as reader:
                waiting = bool(reader.pending(own.origin, 1))
        self._publish(own.origin)
        self._told()

    def _origin(self, key: LogKey) -> Origin:
        return Origin(self._federation, HUB_NAME, key.epoch)
