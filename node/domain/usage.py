"""What each member has used of the others' resources: a ledger of counts, by member, resource and period.

Rules this module upholds:

- A count belongs to a window of time: the number of the minute or of the day since 1970 (UTC), or 0 for all time. A
  charge in another window restarts that count.
- The ledger is bounded: one row per member, resource and period, however much is charged.
- A charge is added to the stored count, so that two processes that share the store never lose each other's charges.
- It contains names of members and numbers, never contents.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.ids import MemberId


class Resource(IntEnum):
    """The counted resources. The numbers are stored in databases."""

    ENTRIES = 1
    """Entries of a member's logs."""
    BYTES = 2
    """The storage cost of those entries (`usecases.quotas.cost_of_run`)."""
    SET_ASIDE = 3
    """Entries that no correct writer emits."""
    PROBES = 4
    """Fingerprints that a member asked about."""
    CARRIED = 5
    """Fingerprints that a member asked about, each counted once per recipient."""
    LINKS = 6
    MESSAGES = 7
    """Messages of consultations."""
    WATCHES = 8
    WATCH_REPLIES = 9
    NOTICES = 10
    """Requests for notices."""
    ADDRESSES = 11
    """Listings of addresses."""
    GROUPS = 12
    """Statements about groups."""
    REVISIONS = 13
    """Revisions of any of these."""


OF_KIND: Final = {
    Kind.LINK: Resource.LINKS,
    Kind.CONSULTATION: Resource.MESSAGES,
    Kind.WATCH: Resource.WATCHES,
    Kind.WATCH_REPLY: Resource.WATCH_REPLIES,
    Kind.NOTICE: Resource.NOTICES,
    Kind.ADDRESS_LISTING: Resource.ADDRESSES,
    Kind.GROUP: Resource.GROUPS,
    Kind.REVISION: Resource.REVISIONS,
}
"""The kinds of entries that are counted by themselves, besides as entries."""
OF_LOGS: Final = frozenset({Resource.ENTRIES, Resource.BYTES, Resource.SET_ASIDE, *OF_KIND.values()})
"""What a member uses by the entries of its logs."""


class Period(IntEnum):
    """Seconds of a window. `ALL`: there is only one window."""

    ALL = 0
    MINUTE = 60
    DAY = SECONDS_A_DAY

    def window(self, now: float) -> int:
        """The number of the window in which the Unix second `now` lies."""
        return int(now) // self if self else 0


class Count(NamedTuple):
    """The charge in one window. A tuple: a busy node makes two of them for each question."""

    window: int
    used: int


Usage = dict[tuple[Resource, Period], Count]
"""The counts of one member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """`amount` of `resource` that `member` has used, in these periods."""

    member: MemberId
    resource: Resource
    amount: int
    periods: tuple[Period, ...] = (Period.DAY, Period.ALL)


def used(usage: Mapping[tuple[Resource, Period], Count], resource: Resource, period: Period, now: float) -> int:
    """The count in the window of `now`."""
    count = usage.get((resource, period))
    return count.used if count is not None and count.window == period.window(now) else 0


def add(usage: Usage, charge: Charge, now: float) -> None:
    """Adds a charge to counts in memory, as `UsageWriter.charge` does to stored ones."""
    for period in charge.periods:
        key, window = (charge.resource, period), period.window(now)
        before = usage.get(key)
        here = before.used if before is not None and before.window == window else 0
        usage[key] = Count(window, here + charge.amount)


class UsageReader(Protocol):
    """Reads the ledger inside one snapshot."""

    def usage(self, member: MemberId) -> Usage:
        """The counts of one member; empty if nothing was charged."""
        ...

    def usage_of_all(self) -> Mapping[MemberId, Usage]:
        """The same for every member with a charge."""
        ...


class UsageWriter(UsageReader, Protocol):
    """Writes it, in the caller's transaction."""

    def charge(self, charges: Sequence[Charge], now: float) -> None:
        """Adds these to the windows of `now`. A row of another window restarts at 0; so does one of a later window,
        after a clock was set back.
        """
        ...
