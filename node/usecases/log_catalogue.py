"""Changes to the bodies of a database, as a node and a hub make them alike.

Rules this module upholds:

- Whoever writes or purges bodies does so inside `LogCatalogue.change`.
- When `change` has ended, purged data is in no journal of the database.
- Deletions that do not fit into one transaction are noted in the database, and done in further ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from node.domain.envelope import UNDERSTOOD
from node.domain.ports import Codec
from node.domain.stores import LogStore
from node.domain.turns import TurnLock
from node.usecases.change import LogChange


class LogCatalogue:
    """Safe to use from any thread. The whole catalogue of a hub, which searches nothing; a node has a `Catalogue`.

    `in_step`: held from the transaction until all that follows a change has followed.
    """

    def __init__(self, *, store: LogStore, codec: Codec, in_step: TurnLock | None = None) -> None:
        self._store = store
        self._codec = codec
        # An index that applied changes in another order than the store could keep a purged row.
        self._in_step = in_step or TurnLock()
        self._owes_scrub = False

    @contextmanager
    def change(self) -> Iterator[LogChange]:
        """A transaction over bodies. When the block ends without an error, it is durable.

        Deletions that did not fit are done then too, in transactions that let other writers in between. A crash in
        between leaves a note of the rest: `pay` continues with it.
        """
        with self._change() as change:
            yield change
        if change.owes:
            self.pay()

    def pay(self) -> None:
        """Does pending deletions: those that a change, or a crashed process, left."""
        with self._store.read() as reader:
            owes = bool(reader.owed(1))
        while owes:
            with self._change() as change:
                change.purge().pay()
            owes = change.owes

    def read_later(self) -> None:
        """Reads what an earlier version stored without understanding it."""
        with self._store.read() as reader:
            waits = bool(reader.unread(UNDERSTOOD, 1))
        while waits:
            with self.change() as change:
                waits = change.read_later(UNDERSTOOD)

    @contextmanager
    def _change(self) -> Iterator[LogChange]:
        with self._in_step:
            with self._store.write() as writer:
                change = LogChange(writer=writer, codec=self._codec)
                yield change
                # Set before the transaction ends: a commit that is reported as failed may still stand.
                self._owes_scrub |= change.deleted
            self.settle()

    def settle(self) -> None:
        """Scrubs deleted data; call it before you report that something is deleted.

        If that fails (a full disk, a long reader), the caller gets the error, and the work stays pending for the next
        change, sweep or submission. After a crash, the next start does it.
        """
        with self._in_step:
            if self._owes_scrub:
                self._store.scrub()
                self._owes_scrub = False
