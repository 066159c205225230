"""What a member may take: its counts in the ledger against the limits of the policy.

Rules this module upholds:

- The hub and every node count by themselves, and by the same rules. Nobody is believed for what another counted.
- What is charged is what it costs who keeps it: an entry of two bytes costs a disk fifty.
- The hub refuses what would pass a limit. A node only waits, and is milder, so that it never waits with what a correct
  hub took in time (`usecases.allowance`).
- Deciding does no I/O and has no clock of its own: counts and time are passed in.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.usage import Charge, Period, Resource, used
from node.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from node.domain.batch import Package, VerifiedBatch
    from node.domain.ids import MemberId
    from node.domain.limits import Limits
    from node.domain.usage import Usage

_log = structlog.get_logger(__name__)

ENTRY_BYTES: Final = 72
"""Bytes that any entry costs on a disk beside its own: its row, its hash in the tree. Measured: 49 to 69."""
MISSING_BYTES: Final = 16
"""A row that says that its body is missing. Measured: 12."""
SET_ASIDE_BYTES: Final = 128
"""A row with the reason for which it was set aside. Measured: 80 to 92."""
DATED_BYTES: Final = 64
"""A row with the day on which it expires, and its place in the order of days."""
TARGET_BYTES: Final = 448
"""What it points at, and the chain that it belongs to. Measured: up to 390."""
REFUSAL_SECONDS: Final = 1.0
"""How long the hub takes to tell a member that it is at a limit: who asks again at once costs little."""
NEAR: Final = 0.9
"""From this share of a limit on a member counts as being at it: the next package may not fit any more."""
TAKEN_BACK: Final = 2
"""So many times a limit for a run of retractions alone: a member at its limit can still take back what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One limit of the policy: its name in `Limits`, and which count it holds down. `what`: its unit, for a person."""

    limit: str
    resource: Resource
    period: Period
    what: str


RULES: Final = (
    Rule(limit="log_entries_a_minute", resource=Resource.ENTRIES, period=Period.MINUTE, what="entries a minute"),
    Rule(limit="log_entries_a_day", resource=Resource.ENTRIES, period=Period.DAY, what="entries a day"),
    Rule(limit="log_entries", resource=Resource.ENTRIES, period=Period.ALL, what="entries in all"),
    Rule(limit="log_bytes_a_day", resource=Resource.BYTES, period=Period.DAY, what="bytes of entries a day"),
    Rule(limit="log_bytes", resource=Resource.BYTES, period=Period.ALL, what="bytes of entries in all"),
    Rule(limit="log_set_aside_a_day", resource=Resource.SET_ASIDE, period=Period.DAY, what="malformed entries a day"),
    Rule(limit="log_set_aside", resource=Resource.SET_ASIDE, period=Period.ALL, what="malformed entries in all"),
    Rule(limit="probes_a_day", resource=Resource.PROBES, period=Period.DAY, what="fingerprints asked about a day"),
    Rule(
        limit="carried_a_minute",
        resource=Resource.CARRIED,
        period=Period.MINUTE,
        what="fingerprints times members asked, a minute",
    ),
    Rule(
        limit="carried_a_day",
        resource=Resource.CARRIED,
        period=Period.DAY,
        what="fingerprints times members asked, a day",
    ),
)
"""The order is the one in which a person is told."""
_BY_RESOURCE: Final = {each: tuple(rule for rule in RULES if rule.resource is each) for each in Resource}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a member stands with one limit."""

    rule: Rule
    used: int
    allowed: int

    @property
    def at_limit(self) -> bool:
        """Whether it has used nearly all of it."""
        return self.used >= self.allowed * NEAR


# --- what things cost -------------------------------------------------------------------------------------------------


def cost_of_run(batch: VerifiedBatch) -> dict[Resource, int]:
    """What a run of entries costs who keeps it. The bytes are never fewer than a database of ours grows by."""
    columns = (batch.entries, batch.nonces, batch.bodies, batch.handling_nonces, batch.handlings)
    count, aside = len(batch.entries), len(batch.quarantine)
    held = sum(sum(map(len, column)) for column in columns)
    rows = count * ENTRY_BYTES + batch.states.count(BodyState.MISSING) * MISSING_BYTES
    rows += aside * SET_ASIDE_BYTES + len(batch.targets) * TARGET_BYTES
    rows += sum(map(bool, batch.expiry_days)) * DATED_BYTES
    return {
        Resource.ENTRIES: count,
        Resource.BYTES: held + rows,
        Resource.SET_ASIDE: aside,
    }


def least_cost(package: Package) -> dict[Resource, int]:
    """What a package costs at the least, before anybody has looked into it."""
    columns = (package.entries, package.nonces, package.bodies, package.handling_nonces, package.handlings)
    count = len(package.entries)
    stored = sum(sum(map(len, column)) for column in columns) + count * ENTRY_BYTES
    return {Resource.ENTRIES: count, Resource.BYTES: stored}


SUBMITTED: Final = (Period.MINUTE, Period.DAY, Period.ALL)
"""What the hub counts a submission in."""


def charges(member: MemberId, cost: Mapping[Resource, int], periods: tuple[Period, ...] = SUBMITTED) -> list[Charge]:
    """`cost` as charges to a member."""
    return [
        Charge(member=member, resource=resource, amount=amount, periods=periods)
        for resource, amount in cost.items()
        if amount
    ]


def merged(charged: Iterable[Charge]) -> list[Charge]:
    """One charge a member, resource and periods: of many questions as few rows are written."""
    sums: dict[tuple[MemberId, Resource, tuple[Period, ...]], int] = {}
    for each in charged:
        key = (each.member, each.resource, each.periods)
        sums[key] = sums.get(key, 0) + each.amount
    return [
        Charge(member=member, resource=resource, amount=amount, periods=periods)
        for (member, resource, periods), amount in sums.items()
    ]


# --- deciding ---------------------------------------------------------------------------------------------------------


def passed(
    limits: Limits, usage: Usage, asked: Sequence[Charge], now: float, *, times: int = 1
) -> tuple[Rule, int] | None:
    """A limit that these charges, one a resource, would pass, and what it allows; None where there is room. `times`:
    how many times each limit is taken (never those on malformed entries).
    """
    for charge in asked:
        for rule in _BY_RESOURCE[charge.resource]:
            if rule.period not in charge.periods:
                continue
            allowed = getattr(limits, rule.limit)
            most = allowed if rule.resource is Resource.SET_ASIDE else allowed * times
            if used(usage, rule.resource, rule.period, now) + charge.amount > most:
                return rule, allowed
    return None


def refusal(member: MemberId, rule: Rule, allowed: int, now: float) -> Overloaded:
    """What whoever would pass a limit is told."""
    wait = left_of_window(rule.period, now)
    when = f"wait until the next {rule.period.name.lower()} begins (UTC), in {wait:.0f} s, or ask" if wait else "ask"
    return Overloaded(
        f"{member} is at its limit of {allowed:,} {rule.what} ({rule.limit} in the federation's policy)",
        retry_after=wait,
        remedy=f"{when} the federation's authority to raise it (vigil authority policy)",
    )


def only_retractions(entries: Sequence[bytes]) -> bool:
    """Whether every entry takes something back."""
    return all(entry[1:2] == _RETRACTION for entry in entries)


_RETRACTION: Final = bytes([Kind.RETRACTION])


def left_of_window(period: Period, now: float) -> float:
    """Seconds until the next window begins; 0 where there is none."""
    return (period.window(now) + 1) * period - now if period else 0.0


# --- showing ----------------------------------------------------------------------------------------------------------


def standings(limits: Limits, usage: Usage, now: float) -> Iterator[Standing]:
    """How a member stands with each limit of which it has used anything."""
    for rule in RULES:
        spent = used(usage, rule.resource, rule.period, now)
        if spent:
            yield Standing(rule=rule, used=spent, allowed=getattr(limits, rule.limit))


class Refusals:
    """Who was refused today for which limit, and how often. Thread-safe; a restart forgets it.

    The first refusal of a day is logged, and no other: who is refused thousands of times fills no log.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day = 0
        self._counts: dict[MemberId, Counter[str]] = {}

    def note(self, member: MemberId, limit: str, now: float) -> None:
        """`limit`: its name in `Limits`."""
        with self._lock:
            self._turn(now)
            counts = self._counts.setdefault(member, Counter())
            counts[limit] += 1
            first = counts[limit] == 1
        if first:
            _log.warning("a member is at its limit", member=member, limit=limit)

    def today(self, member: MemberId, now: float) -> dict[str, int]:
        """How often, by limit."""
        with self._lock:
            self._turn(now)
            return dict(self._counts.get(member, {}))

    def _turn(self, now: float) -> None:
        if (day := Period.DAY.window(now)) != self._day:
            self._day, self._counts = day, {}
