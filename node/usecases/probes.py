"""Counts what members ask about, before any work: fingerprints per minute and per day, and the number of recipients.

Rules this module upholds:

- A question costs one unit per fingerprint, or one unit per kilobyte if that is more: bytes that no reader understands
  are not free. A small one costs a few units all the same, because each recipient searches, signs and writes an audit
  entry for it.
- Charged before the work, and never refunded: a refused question was still asked.
- The counts outlive the process. The hub stores them every few seconds (`Booked`), a node with the audit entry of the
  answer. So a crash of the hub loses the charges of the last seconds, and a crash of a node those of answers that were
  never sent.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from node.domain.usage import Charge, Period, Resource, add, used
from node.errors import Overloaded
from node.usecases.budget import Budget
from node.usecases.quotas import Refusals, merged, passed, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.domain.ids import MemberId
    from node.domain.queries import SignedQuery
    from node.domain.roster import Policy
    from node.domain.stores import LogStore
    from node.domain.usage import Usage

UNIT_BYTES: Final = 1_024
"""Bytes of a question that one unit pays for. A picture with all its orientations takes some 140 per fingerprint."""
LEAST_UNITS: Final = 10
"""The least cost of a question."""
QUESTIONS_A_MINUTE: Final = 600
"""The least cost leaves this many questions per minute, however little the policy allows per minute."""
_ASKED: Final = (Period.MINUTE, Period.DAY)


def units(query: SignedQuery, cost: int, policy: Policy) -> int:
    """The charge for a question: its declared `cost` in fingerprints, or its bytes if these are more."""
    least = min(LEAST_UNITS, policy.query_cost_per_minute // QUESTIONS_A_MINUTE)
    return max(1, least, cost, -(-(len(query.header) + len(query.payload)) // UNIT_BYTES))


@lru_cache(maxsize=1_024)
def _charge(member: MemberId, resource: Resource, amount: int) -> Charge:
    """Most questions of a member cost the same."""
    return Charge(member=member, resource=resource, amount=amount, periods=_ASKED)


class Probes:
    """The counts per asker, in memory. Not thread-safe: one event loop, or a lock around it.

    `usage`: the ledger's state at the start. `times`: the multiple of a policy limit that applies.
    """

    def __init__(self, usage: Mapping[MemberId, Usage], *, times: int = 1) -> None:
        self.usage: dict[MemberId, Usage] = {member: dict(counts) for member, counts in usage.items()}
        self.refusals = Refusals()
        self._pace = Budget()
        self._times = times

    def charge(self, member: MemberId, amount: int, policy: Policy, now: float, *, members: int = 0) -> list[Charge]:
        """Charges `amount` units for a question to this many `members`. Raises `Overloaded`, and then charges nothing.
        The caller must store the charge.
        """
        counts = self.usage.setdefault(member, {})
        charged = [_charge(member, Resource.PROBES, amount)]
        if members:
            charged.append(_charge(member, Resource.CARRIED, amount * members))
        over = passed(policy.limits, counts, charged, now, times=self._times)
        if over is not None:
            self.refusals.note(member, over[0].limit, now)
            raise refusal(member, *over, now)
        spent = used(counts, Resource.PROBES, Period.MINUTE, now)
        try:
            self._pace.charge(member, amount, policy.query_cost_per_minute, now, spent=spent)
        except Overloaded:
            self.refusals.note(member, "query_cost_per_minute", now)
            raise
        for each in charged:
            add(counts, each, now)
        return charged


class Booked:
    """`Probes` of a hub; charges are stored in the background, so no question waits for a disk.

    `charge` on the event loop, `flush` in a thread. Processes that share a store see each other's charges at the next
    `flush` that has any for the same member.
    """

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._due: list[Charge] = []
        with store.read() as tx:
            self._probes = Probes(tx.usage_of_all())

    @property
    def refusals(self) -> Refusals:
        """Who was refused today."""
        return self._probes.refusals

    def charge(self, member: MemberId, amount: int, policy: Policy, now: float, *, members: int) -> None:
        """As `Probes.charge`; stored with the next `flush`."""
        with self._lock:
            self._due += self._probes.charge(member, amount, policy, now, members=members)

    def flush(self, now: float) -> None:
        """Stores the charges since the last time. If the store fails, they stay pending. Blocking."""
        with self._lock:
            due, self._due = merged(self._due), []
        if not due:
            return
        try:
            with self._store.write() as tx:
                tx.charge(due, now)
                fresh = {member: tx.usage(member) for member in {each.member for each in due}}
        except BaseException:
            with self._lock:
                self._due = due + self._due
            raise
        with self._lock:
            for member, counts in fresh.items():
                for each in self._due:
                    if each.member == member:
                        add(counts, each, now)
                self._probes.usage[member] = counts
