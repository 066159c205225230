"""Custody: which data must be deleted, when, and how certain the date must be.

Rules this module upholds:

- Expiry cannot be undone, so two clocks must agree that the day is over: our own, and an independent one. One clock
  that jumps ahead expires nothing.
- A record is kept through its expiry day and deleted the day after, together with the remarks about it.
- A node that may no longer read a record deletes the remarks about it, once all logs are caught up: before that, the
  version that this node may read may still arrive. A member keeps its own remarks.
- When a method here has returned, the purged data is in no index and in no journal of the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import decode
from node.domain.ids import MemberId
from node.domain.log_ports import LogReader, LogState
from node.domain.ports import Clock
from node.domain.roster import KeyStatus, Roster
from node.domain.stores import LogStore, NodeStore
from node.errors import BadSignature, Malformed
from node.tlog import note as notes
from node.usecases.catalogue import Catalogue
from node.usecases.checkpoint_trust import verify_hub
from node.usecases.log_catalogue import LogCatalogue
from node.usecases.neighbourhood import YEAR
from node.usecases.own_watches import forget_own_watches
from node.usecases.purging import leaf_at

PURGE_AT_ONCE: Final = 100
"""How many records one transaction of a sweep purges; between two of them other writers get their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """`expired`: records that lost their body; `before`: their expiry day was before this day (days since 1970)."""

    expired: int
    before: int


class Custody:
    """Safe to use from any thread, blocking. `witnessed`: a time in Unix seconds that does not come from our own clock,
    0 if there is none yet (`newest_cosignature` at a node, `newest_entry` at the hub). `member`: the node's owner, None
    at the hub.
    """

    def __init__(
        self,
        *,
        store: LogStore,
        catalogue: LogCatalogue,
        clock: Clock,
        witnessed: Callable[[LogReader], float],
        member: MemberId | None = None,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._witnessed = witnessed
        self._member = member

    def today(self) -> int:
        """The day (since 1970) that both clocks have reached; 0 while only our clock is known."""
        with self._store.read() as reader:
            return int(min(self._clock(), self._witnessed(reader))) // SECONDS_A_DAY

    def sweep(self) -> Swept:
        """Purges every record whose expiry day is over, and remarks about records that this node may no longer read.
        After an interruption, the next sweep continues.
        """
        self._catalogue.settle()
        self._catalogue.pay()
        self._sweep_barred()
        before, expired = self.today(), 0
        while True:
            with self._store.read() as reader:
                due = reader.expiring(before, PURGE_AT_ONCE)
            if not due:
                return Swept(expired=expired, before=before)
            with self._catalogue.change() as change:
                purge = change.purge()
                for origin, index in due:
                    purge.record(origin, index, leaf_at(change.writer, origin, index))
            # A crash right here leaves the rest for the next sweep.
            expired += len(due)

    def _sweep_barred(self) -> None:
        while True:
            with self._store.read() as reader:
                behind = any(log.size < log.checkpoint_size and not log.frozen for log in reader.logs())
                barred = [] if behind else reader.barred(PURGE_AT_ONCE)
            if not barred:
                return
            with self._catalogue.change() as change:
                purge = change.purge()
                for chain in barred:
                    purge.remarks(chain.root, spare=self._member)
                    change.writer.put_chain(replace(chain, barred=False))


class NodeCustody(Custody):
    """The custody of a node, which also has queries and hits."""

    _store: NodeStore
    _catalogue: Catalogue

    def __init__(
        self,
        *,
        store: NodeStore,
        catalogue: Catalogue,
        clock: Clock,
        witnessed: Callable[[LogReader], float],
        member: MemberId,
    ) -> None:
        super().__init__(store=store, catalogue=catalogue, clock=clock, witnessed=witnessed, member=member)

    def forget_queries(self, days: int) -> int:
        """Deletes the queries asked, answered and held more than `days` days ago; returns how many. Their audit entries
        stay, with bodies that expire on their own dates. What members learned near our holdings is remembered for a
        year. With the queries go events of the same age of cases that do not exist any more, or never did.
        """
        self._catalogue.settle()
        before = (self.today() - days) * SECONDS_A_DAY
        with self._catalogue.change() as change:
            gone = change.writer.forget_queries(before) + change.writer.forget_held(before)
            near = change.writer.forget_near_questions(self.today() * SECONDS_A_DAY - YEAR)
            stray = change.writer.forget_stray_events(before)
            change.purged += gone + near + stray
        return gone

    def forget_watches(self, days: int) -> int:
        """Deletes what is remembered of watches that ended, or were refused, more than `days` days ago, and alerts that
        were seen before that; returns how many. Our own watches are remembered until the last reply to them expires.
        """
        today = self.today()
        before = (today - days) * SECONDS_A_DAY
        with self._store.write() as writer:
            gone = writer.forget_ended_watches(before) + writer.forget_alerts(before)
            return gone + forget_own_watches(writer, today)

    def forget_hits(self, days: int) -> int:
        """Deletes hits whose record no longer has a body and that were last found more than `days` days ago; returns
        how many. These hits only say that there was a hit.
        """
        before = (self.today() - days) * SECONDS_A_DAY
        with self._store.write() as writer:
            return writer.forget_ended_hits(before)


def newest_cosignature(roster: Callable[[], Roster]) -> Callable[[LogReader], float]:
    """For a node: the newest time that the hub has signed under any log's checkpoint."""

    def witnessed(reader: LogReader) -> float:
        now = roster()
        return max((_cosigned_at(log, now) for log in reader.logs() if log.cosigned), default=0)

    return witnessed


def _cosigned_at(log: LogState, roster: Roster) -> int:
    try:
        word = verify_hub(roster, log.origin, log.cosigned_size, notes.parse(log.cosigned))
    except BadSignature:
        return 0
    # The holder of a revoked key chooses the time that it states.
    revoked = word.former is not None and word.former.status is KeyStatus.REVOKED
    return 0 if revoked else word.time


def newest_entry(reader: LogReader) -> float:
    """For the hub, whose cosignatures are its own clock: the latest day on which two different members issued an entry.

    One member with a wrong clock does not move it. It lags behind the true day, and is never ahead of two members.
    """
    days: dict[str, int] = {}
    for log in reader.logs():
        if log.size and log.origin.stream == "log":
            entry = reader.run(log.origin, log.size - 1, log.size, 0).entries[0]
            days[log.origin.member] = max(days.get(log.origin.member, 0), _issued(entry))
    two = sorted(days.values())[-2:]
    return two[0] * SECONDS_A_DAY if len(two) > 1 else 0


def _issued(entry: bytes) -> int:
    try:
        envelope = decode(entry)
    except Malformed:
        return 0
    return envelope.issued_day if envelope else 0
