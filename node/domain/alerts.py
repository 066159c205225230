"""Alerts: what happened that an officer of this node wants to know at once. Local only.

Rules this module upholds:

- An alert holds the names of what it is about, never contents: no fingerprint, no text of a statement.
- What happens again before anybody has seen it is one alert with a count. So nobody can fill the list.
- An alert is seen by the node as a whole, and says which officer saw it first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ALERTS: Final = 10_000
"""Alerts that are stored. Beyond it the oldest ones that were seen are deleted first, then the oldest."""


class AlertKind(StrEnum):
    """What happened."""

    WATCH_ANSWERED = "watch-answered"
    """A member found something that matches a watch of ours."""
    LOCAL_WATCH = "local-watch"
    """A new record of another member matches a local watch."""
    CASE_HIT = "case-hit"
    """A new record of another member matches a holding of an open case."""
    NOTICE_HIT = "notice-hit"
    """A notice that was published now matches a holding."""
    CONSULTATION = "consultation"
    """A message of another member in a consultation."""
    RECORD_LINKED = "record-linked"
    """Another member links a record of ours."""
    RECORD_RETRACTED = "record-retracted"
    """A record was retracted on which we have a hit that an officer confirmed, or was unsure about."""
    RECORD_CORRECTED = "record-corrected"
    """Such a record was corrected: the hit is to be looked at again."""
    RECORD_DISPUTED = "record-disputed"
    """A member disputes such a record."""


class Raised(NamedTuple):
    """Something that happened. `about`: the record, holding or number that it is about, as text; `case`: a reference of
    this node, "" for none; `member`: who caused it, "" for nobody. A tuple: a run of messages has hundreds.
    """

    kind: AlertKind
    about: str
    case: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A stored alert. `first_at`, `at`, `seen_at`: Unix seconds, when it happened first and last, and 0 before it is
    seen. `count`: how often it happened. `seen_by`: the officer, "" if nobody named. `hooked`: whether the
    administrator's hook was told of it.
    """

    id: int
    raised: Raised
    first_at: int
    at: int
    count: int = 1
    seen_at: int = 0
    seen_by: str = ""
    hooked: bool = False


class AlertReader(Protocol):
    """Reads alerts."""

    def alerts(self, *, new: bool = False, case: str = "", before: int = 0, limit: int = 100) -> list[Alert]:
        """At most `limit`, the newest numbers first, with numbers below `before` (0: all); those that nobody has seen,
        and those of one case, if asked for.
        """
        ...

    def count_alerts(self, *, unhooked: bool = False) -> int:
        """How many nobody has seen; with `unhooked`, those of them of which the hook was not told."""
        ...


class AlertWriter(AlertReader, Protocol):
    """Writes alerts."""

    def raise_alerts(self, raised: Sequence[Raised], now: int) -> list[int]:
        """Stores that these happened; returns the numbers of their alerts, in order. The same again, before anybody has
        seen it, counts. The cost depends on how many are raised, not on how many there are.
        """
        ...

    def see_alerts(self, ids: Sequence[int], officer: str, now: int) -> list[int]:
        """The officer has seen these; returns those that nobody had seen before. Unknown numbers change nothing."""
        ...

    def set_hooked(self) -> None:
        """The hook was told of all present alerts."""
        ...

    def forget_alerts(self, before: int) -> int:
        """Deletes alerts that were seen, and last happened, before this Unix second; returns how many."""
        ...
