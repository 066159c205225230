"""What one member may take of the others: the limits that the policy states, within the code's own caps.

Rules this module upholds:

- A limit is said once, here, with its unit, its default and the range that the code allows. The policy chooses within
  the range; a policy that does not mention a limit means the default.
- The hub and every node apply the same limits. A node does not trust the hub to have done so.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

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
