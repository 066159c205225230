"""Alerts: raised in the transaction of what they are about, listed, and marked as seen.

Rules this module upholds:

- An alert is durable exactly if what it is about is: both are written in one transaction.
- What another member sends raises an alert only if we asked for it, if it is about a record of ours, or if it is a
  message to us.
- The audit log has who looks at alerts, and who marks them as seen. Marking is for the whole node: of two officers the
  second is told that it was seen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.alerts import AlertKind, Raised
from node.domain.case_files import CaseStatus
from node.domain.mentions import Role
from node.domain.reviews import ReviewState
from node.domain.watches import WatchReply, WatchState
from node.errors import Malformed, NotFound
from node.usecases.access import record_access
from node.usecases.acting import caller
from node.usecases.acts import perform
from node.usecases.own_watches import own_watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from node.domain.alerts import Alert
    from node.domain.ids import MemberId
    from node.domain.mentions import Mention
    from node.domain.ports import Clock, Codec
    from node.domain.stored_hits import FoundHit
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.audit import AuditLog

MOST_LISTED: Final = 10_000
_TOLD: Final = frozenset({Role.OPENS, Role.THREAD})
"""A message is for us whatever it is about."""


def raise_alerts(tx: NodeStoreWriter, raised: Sequence[Raised], now: int) -> None:
    """Raises alerts inside the transaction of what they are about. Every use case calls this."""
    if raised:
        tx.raise_alerts(raised, now)


def raise_case_hits(tx: NodeStoreWriter, found: Iterable[FoundHit], now: int) -> None:
    """New hits of arriving records on holdings of open cases: one alert for each case and member. A pair that an
    officer rejected before raises none.
    """
    hits = list(found)
    stored = tx.hits_of_pairs([each.pair for each in hits])
    hits = [each for each in hits if each.pair in stored and stored[each.pair].state is ReviewState.NEW]
    holdings = tx.holdings_by_id(sorted({each.holding for each in hits})) if hits else {}
    files = tx.case_files_of(sorted({case for each in holdings.values() for case in each.cases}))
    counted: Counter[tuple[str, str]] = Counter()
    for hit in hits:
        for case in holdings[hit.holding].cases if hit.holding in holdings else ():
            file = files.get(case)
            if file is None or file.status is CaseStatus.OPEN:
                counted[case, hit.record.origin.member] += 1
    raised = [Raised(kind=AlertKind.CASE_HIT, about="", case=case, member=member) for case, member in sorted(counted)]
    raise_alerts(tx, raised, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalAlerts:
    """Alerts about statements of others, as they are stored. `own`: this member."""

    own: MemberId
    codec: Codec
    clock: Clock

    def note(self, tx: NodeStoreWriter, mentions: Sequence[Mention]) -> None:
        """`mentions`: what the stored statements mention, with the records as they name them."""
        own = self.own
        told = [each for each in mentions if each.role in _TOLD or each.record.origin.member == own]
        raised = [alert for each in told if (alert := self._alert(tx, each)) is not None]
        raise_alerts(tx, raised, int(self.clock()))

    def _alert(self, tx: NodeStoreWriter, mention: Mention) -> Raised | None:
        """The alert about a mention of a record of ours, or of any message."""
        member, record = mention.origin.member, mention.record
        if member == self.own:
            return None
        if mention.role in _TOLD:
            return Raised(AlertKind.CONSULTATION, str(record), member=member)
        if mention.role is Role.LINKED:
            return Raised(AlertKind.RECORD_LINKED, str(record), member=member)
        return self._answered(tx, mention) if mention.role is Role.WATCH else None

    def _answered(self, tx: NodeStoreWriter, mention: Mention) -> Raised | None:
        watch = own_watch(tx, mention.record)
        shown = tx.held_at(mention.origin, [mention.index]).get(mention.index)
        member = mention.origin.member
        if watch is None or shown is None or member not in watch.members:
            return None
        try:
            said = self.codec.decode_body(mention.kind, shown[1])
        except Malformed:
            return None
        if not isinstance(said, WatchReply) or said.state is not WatchState.HIT:
            return None
        return Raised(kind=AlertKind.WATCH_ANSWERED, about=str(mention.record), case=watch.case, member=member)


class AlertReading:
    """Blocking: never on the event loop."""

    def __init__(self, *, store: NodeStore, audit: AuditLog, clock: Clock) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock

    def listed(self, *, new: bool = False, case: str = "", before: int = 0, limit: int = 100) -> list[Alert]:
        """At most `limit` alerts, the newest numbers first, with numbers below `before` (0: all)."""
        record_access(self._audit, "alerts", **({"case": case} if case else {}))
        with self._store.read() as tx:
            return tx.alerts(new=new, case=case, before=before, limit=min(limit, MOST_LISTED))

    def see(self, ids: Sequence[int]) -> list[int]:
        """Marks alerts as seen by the caller; returns those that nobody had seen before. Raises `NotFound` if this node
        has none of them.
        """

        def work() -> list[int]:
            with self._store.write() as tx:
                return tx.see_alerts(ids, caller().name, int(self._clock()))

        with self._store.read() as tx:
            known = {each.id for number in ids for each in tx.alerts(before=number + 1, limit=1) if each.id == number}
        if not known:
            raise NotFound("this node has no such alert", remedy="vigil alerts shows their numbers")
        return perform(self._audit, "alerts seen", work, alerts=sorted(known))
