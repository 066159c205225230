"""Watches: standing questions that members keep and match against the material that they take in later.

Rules this module upholds:

- The audience of a watch are the members asked. Its retention day is its last day: it expires like any other statement.
- A reply goes to the author of the watch alone. It reveals no more than an answer to a query does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from node.domain.ids import RecordId
    from node.domain.queries import Hit, MatchRule, SearchedKind, Subject

MOST_SUBJECTS: Final = 1_000
"""Subjects of one watch."""
MOST_HITS: Final = 1_000
"""Hits in one reply."""


class WatchState(IntEnum):
    """What an asked member says about a watch."""

    KEPT = 1
    REFUSED = 2
    ENDED = 3
    HIT = 4
    HELD = 5
    """An officer of that member decides whether it keeps the watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A standing question. The labels of `subjects` are local and never sent."""

    subjects: tuple[Subject, ...]
    rule: MatchRule
    officer_role: str
    case_reference: str
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchReply:
    """`hits`: their `subject` is the index in the watch; empty unless `state` is HIT. `kinds`: what the member searches
    for this watch, and what not. `at`: Unix seconds by its author's clock.
    """

    watch: RecordId
    state: WatchState
    at: int
    hits: tuple[Hit, ...] = ()
    kinds: tuple[SearchedKind, ...] = ()
    reason: str = ""
