"""Matches arriving records against the local watches of officers, and raises an alert for each record once.

Rules this module upholds:

- What arrives proposes watches (`watched_index`), and each of them is searched for among the arrivals as `vigil match`
  searches: every hit is checked in the store, and records of muted or suspended members are left out.
- `arrivals` calls this before it stores that a run was matched. So a record is matched again after a crash, and raises
  nothing twice, because the alert and the memory of the record are written in one transaction.
- Nothing here is published: a watch is known to no other member.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from node.domain.alerts import AlertKind, Raised
from node.domain.calendar import SECONDS_A_DAY
from node.domain.ids import RecordId
from node.errors import Malformed
from node.usecases.alerting import raise_alerts
from node.usecases.arriving_columns import of_rows
from node.usecases.purging import root_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.batch import FingerprintColumns
    from node.domain.ids import MemberId
    from node.domain.local_watches import LocalWatch
    from node.domain.ports import Clock, Codec
    from node.domain.queries import Hit, QueryPayload
    from node.domain.search_ports import SearchIndex
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.matching import Matcher
    from node.usecases.watched_index import WatchedIndex


class LocalWatches:
    """Safe to use from any thread, blocking. `index` has the watches; `beside` makes an empty index; `radius` gives the
    policy's radius in bits; `own`: this member, whose records are not searched.
    """

    def __init__(
        self,
        *,
        store: NodeStore,
        codec: Codec,
        matcher: Matcher,
        index: WatchedIndex,
        beside: Callable[[], SearchIndex],
        radius: Callable[[], int],
        own: MemberId,
        clock: Clock,
    ) -> None:
        self._store = store
        self._codec = codec
        self._matcher = matcher
        self._index = index
        self._beside = beside
        self._radius = radius
        self._own = own
        self._clock = clock
        self._lock = threading.Lock()
        self._is_loaded = False
        self._unreadable: set[int] = set()

    @property
    def trouble(self) -> str:
        """Which watches cannot be read; "" if none."""
        names = ", ".join(f"local-{number}" for number in sorted(self._unreadable))
        return f"what these watches look for cannot be read, remove them and add them again: {names}" if names else ""

    def is_live(self) -> bool:
        """Whether there is anything to match against."""
        with self._lock:
            self._load()
            return len(self._index) > 0

    def put(self, number: int, payload: QueryPayload) -> None:
        """Matches against this watch from now on. Call it inside the change that stores the watch
        (`Catalogue.change`): a record is then either in the index, where the officer's first search finds it, or comes
        later, and is matched here.
        """
        with self._lock:
            self._load()
            self._index.put(number, payload.subjects, payload.rule)

    def drop(self, number: int) -> None:
        """This watch is gone."""
        with self._lock:
            self._index.drop(number)
            self._unreadable.discard(number)

    def payload(self, tx: NodeStoreReader, number: int) -> QueryPayload | None:
        """What a watch looks for; None if there is no such watch. Raises `Malformed`."""
        stored = tx.local_payloads([number]).get(number)
        return None if stored is None else self._codec.decode_payload(stored)

    def packed(self, payload: QueryPayload) -> bytes:
        """The form in which it is stored."""
        return self._codec.encode_payload(payload)

    def match(self, source: int, columns: FingerprintColumns) -> None:
        """Raises alerts for the records of log number `source` with these fingerprints."""
        with self._lock:
            self._load()
            near = self._index.near(columns, self._radius())
        for number, rows in sorted(near.items()):
            with self._store.read() as tx:
                watch, payload = tx.local_watch(number), self.payload(tx, number)
            if watch is None or payload is None:
                self.drop(number)
            elif not watch.is_full and watch.until_day >= int(self._clock()) // SECONDS_A_DAY:
                among = self._beside()
                among.add(source, of_rows(columns, rows))
                self._found(watch, self.search(payload, among))

    def search(self, payload: QueryPayload, among: SearchIndex | None = None) -> list[Hit]:
        """The hits on records of others, in this index or in all that is here."""
        matcher = self._matcher if among is None else self._matcher.against(among)
        hits = matcher.local(payload.subjects, self._radius(), payload.rule).hits
        return [hit for hit in hits if hit.record is not None and hit.record.origin.member != self._own]

    def remember(self, watch: LocalWatch, hits: Sequence[Hit], *, alert: bool = False) -> list[RecordId]:
        """Notes that a watch has found these; returns the first versions of the records that are new. `alert`: raises
        an alert for each of them.
        """
        with self._store.write() as tx:
            fresh = tx.add_local_finds(watch.id, [root for hit in hits if (root := _root(tx, hit)) is not None])
            about = [
                Raised(kind=AlertKind.LOCAL_WATCH, about=watch.name, case=watch.case, member=each.origin.member)
                for each in fresh
            ]
            raise_alerts(tx, about if alert else [], int(self._clock()))
        return fresh

    def _found(self, watch: LocalWatch, hits: Sequence[Hit]) -> None:
        if hits:
            self.remember(watch, hits, alert=True)

    def _load(self) -> None:
        """Fills the index from the store, once."""
        if self._is_loaded:
            return
        with self._store.read() as tx:
            numbers = [each.id for each in tx.local_watches()]
            payloads = tx.local_payloads(numbers)
        for number, stored in payloads.items():
            try:
                payload = self._codec.decode_payload(stored)
            except Malformed:
                self._unreadable.add(number)
                continue
            self._index.put(number, payload.subjects, payload.rule)
        self._is_loaded = True


def _root(tx: NodeStoreReader, hit: Hit) -> RecordId | None:
    if hit.record is None or hit.place is None:
        return None
    return root_of(tx, hit.record.origin, hit.place, hit.record.leaf)[0]
