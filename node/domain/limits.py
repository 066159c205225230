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
    """Whole numbers; the unit is in the name. Each limit is for one member, over all its logs or questions."""

    log_entries: int = _limit(20_000_000, 1_000, 1_000_000_000)
    """Entries of a member's logs in all."""
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


def ranges() -> Iterator[tuple[str, int, int, int]]:
    """Each limit's name, default, lowest and highest value."""
    for each in fields(Limits):
        yield each.name, _default(each), each.metadata[_LOW], each.metadata[_HIGH]


def _default(each: Field[int]) -> int:
    if each.default is MISSING:
        raise TypeError(each.name)
    return each.default
