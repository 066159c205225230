"""How much of the others' logs a node accepts: the limits of the policy, applied without trusting the hub.

Rules this module upholds:

- A log whose member is at a limit waits. It is neither frozen nor set aside, and nothing of it is lost. It continues
  the next day, or with a higher limit. All other logs continue.
- A node never waits for entries that a correct hub accepted in time. Entries that were in a log before the node first
  saw it, or that came while the node was away, count to the total and not to the day. The daily limit is taken twice,
  because entries that the hub accepted before midnight arrive after it.
- The limit is compared with what is already stored: a run that passes a limit is accepted, and the next one waits. So
  no run is too large for a day.
- Counts are durable in the transaction of the entries that they count: a crash loses both or neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.usage import OF_LOGS, Period, Resource, add, used
from node.errors import Misuse
from node.usecases.quotas import RULES, TAKEN_BACK, charges, cost_of_run, left_of_window, merged, only_retractions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.batch import VerifiedBatch
    from node.domain.ids import MemberId, Origin
    from node.domain.limits import Limits
    from node.domain.stores import LogStoreReader, LogStoreWriter
    from node.domain.usage import Charge, Usage
    from node.usecases.quotas import Rule
    from node.usecases.replica import Verified

DAYS_AWAY: Final = 30
"""Most days of absence that a node catches up with in one day."""
LATE: Final = 2
"""This multiple of the daily limit: entries that the hub accepted on two days may arrive on one."""
_HISTORY: Final = "history/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why a log waits. `until`: Unix seconds; 0 if only a higher limit helps."""

    rule: Rule
    allowed: int
    until: float = 0.0

    def words(self, member: MemberId) -> str:
        """For a person."""
        when = "it goes on tomorrow (UTC)" if self.until else "it goes on once the limit is raised"
        return f"{member} is at its limit of {self.allowed:,} {self.rule.what} ({self.rule.limit}): {when}"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Entries of a log below `size` do not count to a day. `day`: the last day on which entries came."""

    size: int
    day: int

    def pack(self) -> bytes:
        """As it is kept."""
        return f"{self.size} {self.day}".encode("ascii")

    @classmethod
    def unpack(cls, data: bytes) -> History | None:
        """The inverse; None if nothing was stored."""
        if not data:
            return None
        size, day = data.split()
        return cls(size=int(size), day=int(day))


class Allowance:
    """For one node. `admit` is for one thread at a time; `record` may run in another one, for runs admitted before,
    whole or in pieces.
    """

    def __init__(self) -> None:
        self._usage: dict[MemberId, Usage] = {}
        self._histories: dict[Origin, History | None] = {}

    def load(self, tx: LogStoreReader) -> None:
        """Forgets the runs that were admitted and not stored."""
        self._usage = {member: dict(usage) for member, usage in tx.usage_of_all().items()}
        self._histories = {
            log.origin: History.unpack(tx.setting(_HISTORY + str(log.origin)))
            for log in tx.logs()
            if log.origin.stream == "log"
        }

    def paused(self, limits: Limits, member: MemberId, now: float, *, times: int = 1) -> Pause | None:
        """Why the logs of this member wait now; None if they do not. `times`: see `quotas.passed`."""
        usage = self._usage.get(member, {})
        for rule in RULES:
            if rule.resource in OF_LOGS and rule.period is not Period.MINUTE:
                allowed = getattr(limits, rule.limit)
                most = allowed if rule.resource is Resource.SET_ASIDE else allowed * times
                most *= LATE if rule.period is Period.DAY else 1
                if used(usage, rule.resource, rule.period, now) > max(most - 1, 0):
                    until = now + left_of_window(rule.period, now) if rule.period else 0.0
                    return Pause(rule=rule, allowed=allowed, until=until)
        return None

    def admit(self, limits: Limits, verified: Verified, now: float) -> Pause | None:
        """Counts a run that is verified and about to be stored, or returns why its log waits."""
        batch = verified.batch
        member = batch.origin.member
        times = TAKEN_BACK if only_retractions(batch.entries) else 1
        if pause := self.paused(limits, member, now, times=times):
            return pause
        history = _moved(self._histories.get(batch.origin), limits, verified, Period.DAY.window(now))
        self._histories[batch.origin] = history
        for charge in _counted(batch, history):
            add(self._usage.setdefault(member, {}), charge, now)
        return None

    def record(self, tx: LogStoreWriter, group: Sequence[Verified], now: float) -> None:
        """Records the use of these runs, in the transaction that stores them."""
        counted: list[Charge] = []
        for verified in group:
            batch = verified.batch
            history = self._histories.get(batch.origin)
            if history is None:
                raise Misuse("a run is recorded that was not admitted")
            counted += _counted(batch, history)
            name, value = _HISTORY + str(batch.origin), history.pack()
            if tx.setting(name) != value:
                tx.set_setting(name, value)
        tx.charge(merged(counted), now)


def _counted(batch: VerifiedBatch, history: History) -> list[Charge]:
    periods = (Period.DAY, Period.ALL) if batch.start >= history.size else (Period.ALL,)
    return charges(batch.origin.member, cost_of_run(batch), periods)


def _moved(history: History | None, limits: Limits, verified: Verified, today: int) -> History:
    """The log size up to which entries do not count to a day, once this run is stored.

    For a log that the node sees for the first time, it is the size that its checkpoint, cosigned by the hub, vouches
    for. After days without an entry, it is as much as those days allow.
    """
    batch, vouched = verified.batch, verified.after.state.checkpoint_size
    if history is None:
        return History(size=vouched, day=today)
    away = min(today - history.day - 1, DAYS_AWAY)
    if away <= 0:
        return History(size=history.size, day=max(today, history.day))
    return History(size=max(history.size, min(vouched, batch.start + away * limits.log_entries_a_day)), day=today)
