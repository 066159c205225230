"""What a member may use: its counts in the ledger, compared with the limits of the policy.

Rules this module upholds:

- The hub and every node count separately, by the same rules. No counts of others are trusted.
- The charge is the true storage cost: an entry of two bytes takes fifty on disk.
- The hub refuses a submission that would exceed a limit. A node only waits, and is more lenient, so that it never waits
  with entries that a correct hub accepted in time (`usecases.allowance`).
- The decision does no I/O and has no clock: counts and time are passed in.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.mentions import STATED
from node.domain.usage import OF_KIND, Charge, Period, Resource, used
from node.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from node.domain.batch import Package, VerifiedBatch
    from node.domain.ids import MemberId
    from node.domain.limits import Limits
    from node.domain.usage import Usage

_log = structlog.get_logger(__name__)

ENTRY_BYTES: Final = 72
"""Bytes that any entry takes on disk besides its own: its row, its hash in the tree. Measured: 49 to 69."""
MISSING_BYTES: Final = 16
"""A row that says that the body is missing. Measured: 12."""
SET_ASIDE_BYTES: Final = 128
"""A row with the reason for setting the entry aside. Measured: 80 to 92."""
DATED_BYTES: Final = 64
"""A row with the expiry day of the entry, and its place in the order of days."""
TARGET_BYTES: Final = 448
"""Its target, and the chain that it belongs to. Measured: up to 390."""
STATED_BYTES: Final = 48
"""The row that lists an entry of cooperation by its kind."""
MENTION_FACTOR: Final = 4
"""Bytes on disk per byte of a body that may mention records: a mention has some 60 bytes in the body, and a row, its
place in the order of records, and often a chain here."""
REFUSAL_SECONDS: Final = 1.0
"""How long the hub waits before it tells a member that it is at a limit: asking again at once costs the hub little."""
NEAR: Final = 0.9
"""From this share of a limit on, a member counts as being at it: the next package may not fit any more."""
TAKEN_BACK: Final = 2
"""Multiple of a limit for a run of only retractions: a member at its limit can still retract its records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One limit of the policy: its name in `Limits`, and the count that it limits. `what`: its unit, for a person."""

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
    *(
        Rule(limit=f"{name}{suffix}", resource=resource, period=period, what=f"{what} {when}")
        for resource, name, what in (
            (Resource.LINKS, "links", "links"),
            (Resource.MESSAGES, "messages", "messages of consultations"),
            (Resource.WATCHES, "watches", "watches"),
            (Resource.WATCH_REPLIES, "watch_replies", "replies to watches"),
            (Resource.NOTICES, "notices", "requests for notices"),
            (Resource.ADDRESSES, "addresses", "listings of addresses"),
            (Resource.GROUPS, "groups", "statements about groups"),
            (Resource.REVISIONS, "revisions", "revisions"),
        )
        for suffix, period, when in (("_a_day", Period.DAY, "a day"), ("", Period.ALL, "in all"))
    ),
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
"""In the order in which they are shown to a person."""
_RESOURCE_OF: Final[dict[int, Resource]] = {int(kind): resource for kind, resource in OF_KIND.items()}
_BY_RESOURCE: Final = {each: tuple(rule for rule in RULES if rule.resource is each) for each in Resource}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A member's use of one limit."""

    rule: Rule
    used: int
    allowed: int

    @property
    def at_limit(self) -> bool:
        """Whether nearly all of it is used."""
        return self.used >= self.allowed * NEAR


# --- what things cost -------------------------------------------------------------------------------------------------


def cost_of_run(batch: VerifiedBatch) -> dict[Resource, int]:
    """The storage cost of a run of entries. The bytes are never fewer than our database grows by."""
    columns = (batch.entries, batch.nonces, batch.bodies, batch.handling_nonces, batch.handlings)
    count, aside = len(batch.entries), len(batch.quarantine)
    held = sum(sum(map(len, column)) for column in columns)
    rows = count * ENTRY_BYTES + batch.states.count(BodyState.MISSING) * MISSING_BYTES
    rows += aside * SET_ASIDE_BYTES + len(batch.targets) * TARGET_BYTES
    rows += sum(map(bool, batch.expiry_days)) * DATED_BYTES
    cost = {Resource.ENTRIES: count, Resource.BYTES: held + rows, Resource.SET_ASIDE: aside}
    stated = batch.of_kinds(STATED)
    mentions = MENTION_FACTOR * sum([len(batch.bodies[at]) for at in stated])
    cost[Resource.BYTES] += len(stated) * STATED_BYTES + mentions
    return cost | {
        resource: number for kind, resource in _RESOURCE_OF.items() if stated and (number := batch.kinds.count(kind))
    }


def least_cost(package: Package) -> dict[Resource, int]:
    """The least cost of a package, before anything in it is read."""
    columns = (package.entries, package.nonces, package.bodies, package.handling_nonces, package.handlings)
    count = len(package.entries)
    stored = sum(sum(map(len, column)) for column in columns) + count * ENTRY_BYTES
    return {Resource.ENTRIES: count, Resource.BYTES: stored}


SUBMITTED: Final = (Period.MINUTE, Period.DAY, Period.ALL)
"""The units in which the hub counts a submission."""


def charges(member: MemberId, cost: Mapping[Resource, int], periods: tuple[Period, ...] = SUBMITTED) -> list[Charge]:
    """`cost` as charges to a member."""
    return [
        Charge(member=member, resource=resource, amount=amount, periods=periods)
        for resource, amount in cost.items()
        if amount
    ]


def merged(charged: Iterable[Charge]) -> list[Charge]:
    """One charge per member, resource and periods, so that many questions write few rows."""
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
    """A limit that these charges, one per resource, would exceed, and what it allows; None if there is room. `times`:
    the multiple of each limit that applies (never for limits on malformed entries).
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
    """The error for a member that would exceed a limit."""
    wait = left_of_window(rule.period, now)
    when = f"wait until the next {rule.period.name.lower()} begins (UTC), in {wait:.0f} s, or ask" if wait else "ask"
    return Overloaded(
        f"{member} is at its limit of {allowed:,} {rule.what} ({rule.limit} in the federation's policy)",
        retry_after=wait,
        remedy=f"{when} the federation's authority to raise it (vigil authority policy)",
    )


def only_retractions(entries: Sequence[bytes]) -> bool:
    """Whether every entry is a retraction."""
    return all(entry[1:2] == _RETRACTION for entry in entries)


_RETRACTION: Final = bytes([Kind.RETRACTION])


def left_of_window(period: Period, now: float) -> float:
    """Seconds until the next window begins; 0 if there is none."""
    return (period.window(now) + 1) * period - now if period else 0.0


# --- showing ----------------------------------------------------------------------------------------------------------


def standings(limits: Limits, usage: Usage, now: float) -> Iterator[Standing]:
    """A member's use of each limit that it has used at all."""
    for rule in RULES:
        spent = used(usage, rule.resource, rule.period, now)
        if spent:
            yield Standing(rule=rule, used=spent, allowed=getattr(limits, rule.limit))


class Refusals:
    """Who was refused today for which limit, and how often. Thread-safe; a restart clears it.

    Only the first refusal of a day is logged, so that thousands of refusals do not fill the log.
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
