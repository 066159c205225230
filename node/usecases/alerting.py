"""Alerts: raised in the transaction of what they are about, listed, and marked as seen.

Rules this module upholds:

- An alert is durable exactly if what it is about is: both are written in one transaction.
- What raises which alert is in `hit_alerts` (hits) and `arrival_alerts` (what others say).
- The audit log has who looks at alerts, and who marks them as seen. Marking is for the whole node: of two officers the
  second is told that it was seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.errors import NotFound
from node.usecases.access import record_access
from node.usecases.acting import caller
from node.usecases.acts import perform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.alerts import Alert, Raised
    from node.domain.ports import Clock
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.audit import AuditLog

MOST_LISTED: Final = 10_000


def raise_alerts(tx: NodeStoreWriter, raised: Sequence[Raised], now: int) -> None:
    """Raises alerts inside the transaction of what they are about. Every use case calls this."""
    if raised:
        tx.raise_alerts(raised, now)


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
