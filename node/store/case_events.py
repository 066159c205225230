"""Events of cases, and the days on which hits were found.

Rules this module upholds:

- The words of an event are in the vault.
- An event whose words cannot be read is returned without them: it does not end the timeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, func, insert, select, tuple_, update

from node.domain.calendar import SECONDS_A_DAY
from node.domain.case_events import CaseEvent, HitDay
from node.errors import Damaged
from node.store import codec, vault
from node.store.statements import Repository, chunks
from node.store.tables.case_files import case_events, case_files
from node.store.tables.hits import hits
from node.store.tables.holdings import cases

_DAY: Final = hits.c.first_seen // SECONDS_A_DAY
_HIT_DAYS: Final = (
    select(func.min(hits.c.first_seen).label("at"), func.max(hits.c.first_seen).label("until"), func.count())
    .join(cases, cases.c.holding_id == hits.c.holding_id)
    .where(cases.c.reference == bindparam("case"))
    .group_by(_DAY)
    .order_by(func.min(hits.c.first_seen).desc())
)
_EXTEND: Final = (
    update(case_events)
    .where(case_events.c.id == bindparam("event"))
    .values(amount=case_events.c.amount + bindparam("more"), until=bindparam("last"))
)


class CaseEventRows(Repository):
    """`CaseEventReader` inside one transaction."""

    def case_events(self, reference: str, before: tuple[int, int], limit: int) -> list[CaseEvent]:
        event = case_events.c
        wanted = select(case_events).where(event.reference == reference, tuple_(event.at, event.id) < tuple_(*before))
        rows = self._connection.execute(wanted.order_by(event.at.desc(), event.id.desc()).limit(limit)).all()
        return [self._event(row) for row in rows]

    def case_changes(self, reference: str, after: int) -> list[CaseEvent]:
        event = case_events.c
        wanted = select(case_events).where(event.reference == reference, event.version > after)
        return [self._event(row) for row in self._connection.execute(wanted.order_by(event.id))]

    def newest_case_events(self, references: Sequence[str]) -> dict[str, CaseEvent]:
        found: dict[str, CaseEvent] = {}
        for some in chunks(dict.fromkeys(references)):
            newest = select(func.max(case_events.c.id)).where(case_events.c.reference.in_(some))
            newest = newest.group_by(case_events.c.reference)
            rows = self._connection.execute(select(case_events).where(case_events.c.id.in_(newest)))
            found |= {row.reference: self._event(row) for row in rows}
        return found

    def hit_days(self, reference: str) -> list[HitDay]:
        rows = self._connection.execute(_HIT_DAYS, {"case": reference})
        return [HitDay(at=at, until=until, hits=number) for at, until, number in rows]

    def _event(self, row: Row[Any]) -> CaseEvent:
        words = ""
        if row.vault_id:
            with suppress(Damaged):
                (sealed,) = vault.get(self._connection, [row.vault_id])
                words = codec.open_bytes(sealed).decode("utf-8", "replace")
        return CaseEvent(
            id=row.id,
            case=row.reference,
            kind=row.kind,
            at=row.at,
            until=row.until,
            officer=row.officer,
            count=row.amount,
            subject=row.subject,
            version=row.version,
            words=words,
        )


class CaseEventWrites(CaseEventRows):
    """`CaseEventWriter` inside one transaction."""

    def put_case_event(self, event: CaseEvent) -> None:
        words = vault.put(self._connection, [codec.seal_bytes(event.words.encode())]) if event.words else [0]
        values = {
            "reference": event.case,
            "kind": str(event.kind),
            "at": event.at,
            "until": event.until or event.at,
            "officer": event.officer,
            "amount": event.count,
            "subject": event.subject,
            "version": event.version,
            "vault_id": words[0],
        }
        self._connection.execute(insert(case_events).values(**values))

    def extend_case_event(self, number: int, more: int, until: int) -> None:
        self._connection.execute(_EXTEND, {"event": number, "more": more, "last": until})

    def forget_stray_events(self, before: int) -> int:
        old = case_events.c.until < before
        unopened = case_events.c.reference.not_in(select(case_files.c.reference))
        empty = case_events.c.reference.not_in(select(cases.c.reference))
        gone = delete(case_events).where(old, unopened, empty).returning(case_events.c.vault_id)
        words = self._connection.scalars(gone).all()
        vault.forget(self._connection, [number for number in words if number])
        return len(words)
