"""What happened in a case, for its timeline. Local only.

Rules this module upholds:

- An event is written in the transaction of the act itself. So the timeline has every act that was done, and no other.
- An event has numbers and names, and no contents. Only an outcome is in words, and these are secret.
- Acts of one kind by one officer within an hour are one event with a count: an ingest of a thousand files is one line.
  The first time of an event never changes, so a page of a timeline stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

ONE_ACT_SECONDS: Final = 3_600
"""Acts of one kind by one officer within this time are one event."""
FIRST_PLACE: Final = (1 << 62, 0)
"""A place in a timeline that is newer than every event."""


class CaseEventKind(StrEnum):
    """What happened. `HITS` is never stored: it is derived from the stored hits."""

    OPENED = "opened"
    CHANGED = "changed"
    ASSIGNED = "assigned"
    RESTED = "dormant"
    CLOSED = "closed"
    REOPENED = "reopened"
    NOTED = "noted"
    EDITED = "note edited"
    INGESTED = "ingested"
    DELETED = "holdings deleted"
    CATEGORISED = "categorised"
    ASKED = "asked"
    ANSWERED = "answers"
    SHARED = "shared"
    CORRECTED = "corrected"
    RETRACTED = "retracted"
    REVIEWED = "hits reviewed"
    CONSULTED = "consulted"
    WATCHED = "watched"
    HITS = "hits"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One event. `at` its first time and `until` its last, in Unix seconds. `count`: of holdings, records or hits.

    `subject`: what it is about: the id of a question, or the number of a note; "" for the case itself. `version`: the
    version of the case file that it made, 0 if it made none. `words`: an outcome. `officer` "" if no person acted.
    `kind` is text: a later version of this program may have stored a kind that this one does not know. `id` is 0 before
    it is stored, and for hits.
    """

    case: str
    kind: str
    at: int
    until: int = 0
    officer: str = ""
    count: int = 0
    subject: str = ""
    version: int = 0
    words: str = ""
    id: int = 0

    @property
    def place(self) -> tuple[int, int]:
        """Its place in a timeline. The newest event has the highest."""
        return self.at, self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class HitDay:
    """The hits that were first found on one day (UTC) of holdings of a case. `at` and `until`: the first and the last
    time, in Unix seconds.
    """

    at: int
    until: int
    hits: int


class CaseEventReader(Protocol):
    """Reads events."""

    def case_events(self, reference: str, before: tuple[int, int], limit: int) -> list[CaseEvent]:
        """At most `limit` stored events below this place, the newest first."""
        ...

    def case_changes(self, reference: str, after: int) -> list[CaseEvent]:
        """The events that made versions of the case file above `after`, in order."""
        ...

    def newest_case_events(self, references: Sequence[str]) -> dict[str, CaseEvent]:
        """The event that was stored last in each of these cases, if any."""
        ...

    def hit_days(self, reference: str) -> list[HitDay]:
        """The days on which hits of this case's present holdings were first found, the newest first. Hits that have
        ended count too.
        """
        ...


class CaseEventWriter(CaseEventReader, Protocol):
    """Writes events."""

    def put_case_event(self, event: CaseEvent) -> None: ...

    def extend_case_event(self, number: int, more: int, until: int) -> None:
        """Adds `more` to the count of the event with this id, and sets its last time."""
        ...

    def forget_stray_events(self, before: int) -> int:
        """Deletes the events that ended before this Unix second, of references that have neither a case file nor
        holdings; returns how many.
        """
        ...
