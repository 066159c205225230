"""What one member may take of the others: the limits that the policy states, within the code's own caps.

Rules this module upholds:

- A limit is said once, here, with its unit, its default and the range that the code allows. The policy chooses within
  the range; a policy that does not mention a limit means the default.
- The hub and every node apply the same limits. A node does not trust the hub to have done so.
- What decides how an entry is filed is no matter of policy: it is a part of the protocol, and the same at all times. A
  policy changes, and whoever followed a log before that would hold other bodies than whoever follows it after.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS_ON_ONE: Final = 10
"""Corrections, and apart from them retractions, of one log that point at one and the same entry. Honest software says
one; two that raced each other are possible."""
RECORD_CORRECTIONS: Final = 250
"""Corrections of one log that follow one another, with those beside them that were set aside."""
REMARKS_ON_ONE: Final = 50
"""Opinions and comments of one log about one version of a record."""
REASONS_KEPT: Final = 10_000
"""Entries of a log set aside for which a reason is kept each. Those that come after them are set aside and counted."""

_LOW: Final = "low"
_HIGH: Final = "high"


def _limit(default: int, low: int, high: int) -> Any:  # noqa: ANN401 -- as `dataclasses.field`
    """A field of `Limits`. The policy may say `low` to `high`."""
    return field(default=default, metadata={_LOW: low, _HIGH: high})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Whole numbers; the unit is in the name or below it. Each limit is for one member, over all its logs or
    questions.
    """

    log_entries: int = _limit(20_000_000, 1_000, 1_000_000_000)
    """Entries of a member's logs in all."""
    log_entries_a_minute: int = _limit(100_000, 65_536, 1_000_000_000)
    """Entries that the hub takes of a member a minute. The lowest is what one package may hold."""
    log_entries_a_day: int = _limit(2_000_000, 65_536, 1_000_000_000)
    """Entries that a member adds to its logs a day (UTC). The lowest is what one package may hold."""
    log_bytes: int = _limit(32 << 30, 64 << 20, 1 << 50)
    """Bytes that a member's entries cost on a disk in all (`usecases.quotas.cost_of_run`)."""
    log_bytes_a_day: int = _limit(4 << 30, 64 << 20, 1 << 50)
    """The same of the entries that it adds a day. The lowest is more than one package can cost."""
    log_set_aside: int = _limit(1_000, 0, 1_000_000)
    """Entries of a member that no correct writer emits, in all."""
    log_set_aside_a_day: int = _limit(100, 0, 1_000_000)
    """The same of those that it adds a day."""
    missing_bodies: int = _limit(10_000, 100, 1_000_000)
    """Bodies of one log that a node asks for at a time; of more it asks for no others."""
    missing_days: int = _limit(30, 1, 3_650)
    """Days after which a node gives up a body that never came."""
    probes_a_day: int = _limit(1_000_000, 1_000, 1_000_000_000_000)
    """Fingerprints that a member asks about a day."""
    carried_a_minute: int = _limit(1_200_000, 1_000, 1_000_000_000_000)
    """Fingerprints that a member asks about a minute, each counted for every member that is asked."""
    carried_a_day: int = _limit(100_000_000, 1_000, 1_000_000_000_000_000)
    """The same a day."""
    questions_at_once: int = _limit(64, 4, 10_000)
    """Questions of a member that the hub carries at the same time."""
    question_bytes_at_once: int = _limit(32 << 20, 2 << 20, 1 << 34)
    """Bytes of those questions."""
    calls: int = _limit(100, 20, 1_000)
    """Calls and streams that a member holds at once, on all its connections."""
    connections: int = _limit(16, 4, 256)
    """Connections of a member to the hub. One more ends the oldest."""
    follow_streams: int = _limit(4, 2, 32)
    """Streams of packages that a member holds at once: one is needed, and one more while the first is lost."""
    attend_streams: int = _limit(4, 2, 32)
    """Streams of questions that a member holds at once, likewise."""
    watch_streams: int = _limit(4, 2, 32)
    """Streams that tell of a new roster, likewise."""
    large_calls: int = _limit(8, 4, 64)
    """Calls at once that carry a package, bodies or a file of the roster."""
    suspended_hits: int = _limit(0, 0, 1)
    """1: hits on records of a suspended member are shown, marked. 0: they are counted, and shown where asked for."""

    near_hour: int = _limit(12, 1, 1_000)
    """Questions within an hour around one thing that a member holds at hit/no-hit level (`usecases.neighbourhood`).
    What comes beyond it is held for an officer of that member, as for the following."""
    near_day: int = _limit(24, 1, 1_000)
    """The same within a day."""
    near_year: int = _limit(32, 1, 1_000)
    """The same within a year. A PDQ hash that is 24 bits from a known one has 111 bits that its asker does not know."""
    near_year_together: int = _limit(64, 1, 10_000)
    """The same of all members together: those who share what they learn are one asker."""
    near_hour_everywhere: int = _limit(240, 1, 100_000)
    """Questions within an hour near anything that a member holds at hit/no-hit level."""
    near_day_everywhere: int = _limit(1_000, 1, 100_000)
    """The same within a day."""
    held_waiting: int = _limit(16, 1, 1_000)
    """Questions that may wait for an officer of a member; while so many wait, that member refuses further ones."""


def ranges() -> Iterator[tuple[str, int, int, int]]:
    """Each limit's name, default, lowest and highest value."""
    for each in fields(Limits):
        yield each.name, _default(each), each.metadata[_LOW], each.metadata[_HIGH]


def _default(each: Field[int]) -> int:
    if each.default is MISSING:
        raise TypeError(each.name)
    return each.default
