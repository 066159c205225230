"""The timeline of a case: what happened, the newest first.

Rules this module upholds:

- Most of it is stored as events, with the acts themselves. Found hits are derived from the stored hits, by day.
- A question is shown with its present state, so a late answer changes what is shown and not the timeline.
- The audit log records who looks before anything is returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.case_events import CaseEvent, CaseEventKind
from node.errors import NotFound
from node.usecases.access import record_access
from node.usecases.history import QuestionStand, question_stand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.audit import AuditLog


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One entry. `question`: for a question that is still stored, its state."""

    event: CaseEvent
    question: QuestionStand | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page, the newest entry first. `next`: the place before which the next page begins, None if there is none."""

    entries: Sequence[TimelineEntry]
    next: tuple[int, int] | None


class CaseTimeline:
    """Blocking: never on the event loop."""

    def __init__(self, *, store: NodeStore, audit: AuditLog) -> None:
        self._store = store
        self._audit = audit

    def page(self, reference: str, before: tuple[int, int], limit: int) -> Timeline:
        """At most `limit` entries below the place `before`. Raises `NotFound` if this node has no such case."""
        record_access(self._audit, "case timeline", case=reference, limit=limit)
        with self._store.read() as tx:
            found = timeline(tx, reference, before, limit + 1)
            if not found and not _is_known(tx, reference):
                raise NotFound("this node has no such case", remedy="`vigil case list` shows the cases")
            shown = found[:limit]
            entries = [TimelineEntry(event=each, question=_question(tx, each)) for each in shown]
        return Timeline(entries=entries, next=shown[-1].place if len(found) > limit else None)


def timeline(tx: NodeStoreReader, reference: str, before: tuple[int, int], limit: int) -> list[CaseEvent]:
    """The stored and the derived events of a case below a place, the newest first; at most `limit`."""
    days = [
        CaseEvent(case=reference, kind=CaseEventKind.HITS, at=day.at, until=day.until, count=day.hits)
        for day in tx.hit_days(reference)
    ]
    derived = [each for each in days if each.place < before][:limit]
    stored = tx.case_events(reference, before, limit)
    return sorted([*stored, *derived], key=lambda each: each.place, reverse=True)[:limit]


def _is_known(tx: NodeStoreReader, reference: str) -> bool:
    return (
        tx.case_file(reference) is not None
        or bool(tx.known_cases([reference]))
        or bool(tx.newest_case_events([reference]))
    )


def _question(tx: NodeStoreReader, event: CaseEvent) -> QuestionStand | None:
    """The state of the question that an event is about; None if it is about none, or the question is deleted."""
    kept = tx.question(bytes.fromhex(event.subject)) if event.kind == CaseEventKind.ASKED else None
    return None if kept is None else question_stand(tx, kept)
