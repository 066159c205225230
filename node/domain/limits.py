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
    suspended_hits: int = _limit(0, 0, 1)
    """1: hits on records of a suspended member are shown, marked. 0: they are counted, and shown where asked for."""


def ranges() -> Iterator[tuple[str, int, int, int]]:
    """Each limit's name, default, lowest and highest value."""
    for each in fields(Limits):
        yield each.name, _default(each), each.metadata[_LOW], each.metadata[_HIGH]


def _default(each: Field[int]) -> int:
    if each.default is MISSING:
        raise TypeError(each.name)
    return each.default
