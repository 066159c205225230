"""How much of the others' resources one member may use: the limits of the policy, within the code's own bounds.

Rules this module upholds:

- A limit is defined once, here, with its unit, its default and the range that the code allows. The policy chooses
  within the range; a limit missing from a policy has its default.
- The hub and every node apply the same limits. A node does not rely on the hub for this.
- How an entry is filed never depends on the policy: it is part of the protocol, and never changes. A policy changes,
  and then a member that followed a log earlier would hold other bodies than a member that follows it later.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS_ON_ONE: Final = 10
"""Corrections, and separately retractions, of one log that point at the same entry. Honest software makes one; two are
possible in a race."""
RECORD_CORRECTIONS: Final = 250
"""Corrections of one log that follow one another, including those set aside."""
REMARKS_ON_ONE: Final = 50
"""Opinions and comments of one log about one version of a record."""
REASONS_KEPT: Final = 10_000
"""How many entries of a log that are set aside have a stored reason. Later ones are set aside and counted."""

_LOW: Final = "low"
_HIGH: Final = "high"


def _limit(default: int, low: int, high: int) -> Any:  # noqa: ANN401 -- as `dataclasses.field`
    """A field of `Limits`. The policy may say `low` to `high`."""
    return field(default=default, metadata={_LOW: low, _HIGH: high})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Whole numbers; the unit is in the name or below it. Each limit is per member, over all its logs or questions."""

    log_entries: int = _limit(20_000_000, 1_000, 1_000_000_000)
    """Entries of a member's logs in total."""
    log_entries_a_minute: int = _limit(100_000, 65_536, 1_000_000_000)
    """Entries that the hub accepts from a member per minute. The lowest value is what one package may hold."""
    log_entries_a_day: int = _limit(2_000_000, 65_536, 1_000_000_000)
    """Entries that a member adds to its logs per day (UTC). The lowest value is what one package may hold."""
    log_bytes: int = _limit(32 << 30, 64 << 20, 1 << 50)
    """Bytes that a member's entries take on disk in total (`usecases.quotas.cost_of_run`)."""
    log_bytes_a_day: int = _limit(4 << 30, 64 << 20, 1 << 50)
    """The same for the entries of a day. The lowest value is more than one package can cost."""
    log_set_aside: int = _limit(1_000, 0, 1_000_000)
    """Entries of a member that no correct writer emits, in total."""
    log_set_aside_a_day: int = _limit(100, 0, 1_000_000)
    """The same for the entries of a day."""
    links_a_day: int = _limit(20_000, 100, 1_000_000)
    """Links that a member states per day. A series of 600,000 pictures, in links of 32, is one day's work."""
    links: int = _limit(2_000_000, 1_000, 100_000_000)
    """Links of a member in total, those that ended included; the same applies to the following totals."""
    messages_a_day: int = _limit(5_000, 100, 1_000_000)
    """Messages of consultations: fifty officers who write a hundred each."""
    messages: int = _limit(5_000_000, 1_000, 100_000_000)
    watches_a_day: int = _limit(500, 10, 100_000)
    watches: int = _limit(100_000, 100, 10_000_000)
    watch_replies_a_day: int = _limit(100_000, 500, 10_000_000)
    """Replies to watches. Each watch has at least two: it is kept, and it has ended."""
    watch_replies: int = _limit(20_000_000, 10_000, 1_000_000_000)
    notices_a_day: int = _limit(200, 10, 10_000)
    """Requests for notices. A person reads each of them at the hub."""
    notices: int = _limit(200_000, 100, 10_000_000)
    addresses_a_day: int = _limit(20_000, 100, 1_000_000)
    """Listings of addresses."""
    addresses: int = _limit(5_000_000, 1_000, 100_000_000)
    groups_a_day: int = _limit(200, 10, 10_000)
    """Statements about groups: founding, inviting, accepting, leaving."""
    groups: int = _limit(100_000, 100, 10_000_000)
    revisions_a_day: int = _limit(100_000, 1_000, 10_000_000)
    """Revisions of all these statements. Listings are revised every three months."""
    revisions: int = _limit(20_000_000, 10_000, 1_000_000_000)
    missing_bodies: int = _limit(10_000, 100, 1_000_000)
    """Bodies of one log that a node requests at a time."""
    missing_days: int = _limit(30, 1, 3_650)
    """Days after which a node gives up a body that never came."""
    probes_a_day: int = _limit(1_000_000, 1_000, 1_000_000_000_000)
    """Fingerprints that a member asks about per day."""
    carried_a_minute: int = _limit(1_200_000, 1_000, 1_000_000_000_000)
    """Fingerprints that a member asks about per minute, each counted once per recipient."""
    carried_a_day: int = _limit(100_000_000, 1_000, 1_000_000_000_000_000)
    """The same a day."""
    questions_at_once: int = _limit(64, 4, 10_000)
    """Questions of a member that are under way at the hub at the same time."""
    question_bytes_at_once: int = _limit(32 << 20, 2 << 20, 1 << 34)
    """Bytes of those questions."""
    calls: int = _limit(100, 20, 1_000)
    """Calls and streams that a member holds open at once, on all its connections."""
    connections: int = _limit(16, 4, 256)
    """Connections of a member to the hub. A further one ends the oldest."""
    follow_streams: int = _limit(4, 2, 32)
    """Package streams that a member holds at once: one is needed, and one more while the first is being lost."""
    attend_streams: int = _limit(4, 2, 32)
    """Question streams that a member holds at once, likewise."""
    watch_streams: int = _limit(4, 2, 32)
    """Streams that announce a new roster, likewise."""
    large_calls: int = _limit(8, 4, 64)
    """Simultaneous calls that carry a package, bodies, heads of logs, a file of the roster or a certificate."""
    suspended_hits: int = _limit(0, 0, 1)
    """1: hits on records of a suspended member are shown, marked. 0: they are counted, and shown on request."""
    baseline_confirmations: int = _limit(0, 0, 20)
    """Other members that must confirm a record before it is shown as within the baseline; fewer: unconfirmed."""

    near_hour: int = _limit(12, 1, 1_000)
    """Questions within an hour around one holding at hit/no-hit level (`usecases.neighbourhood`). Questions beyond it
    are held for an officer of that member; the same applies to the following limits."""
    near_day: int = _limit(24, 1, 1_000)
    """The same within a day."""
    near_year: int = _limit(32, 1, 1_000)
    """The same within a year. For a PDQ hash 24 bits from a known one, its asker lacks 111 bits."""
    near_year_together: int = _limit(64, 1, 10_000)
    """The same of all members together: members that share what they learn count as one asker."""
    near_hour_everywhere: int = _limit(240, 1, 100_000)
    """Questions within an hour near any holding of a member at hit/no-hit level."""
    near_day_everywhere: int = _limit(1_000, 1, 100_000)
    """The same within a day."""
    held_waiting: int = _limit(16, 1, 1_000)
    """Questions that may wait for an officer of a member; beyond that, the member refuses further ones."""


def ranges() -> Iterator[tuple[str, int, int, int]]:
    """Each limit's name, default, lowest and highest value."""
    for each in fields(Limits):
        yield each.name, _default(each), each.metadata[_LOW], each.metadata[_HIGH]


def _default(each: Field[int]) -> int:
    if each.default is MISSING:
        raise TypeError(each.name)
    return each.default
