"""Stored records as a person reads them: in pages, one in full, and the evidence of one.

Rules this module upholds:

- The audit log records who reads, and which record, before anything is shown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from node.errors import NotFound
from node.usecases.access import record_access

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.ids import MemberId, RecordId
    from node.usecases.audit import AuditLog
    from node.usecases.group_reading import GroupReading
    from node.usecases.recordlist import Page, RecordList, Shown

PAGE: Final = 100
"""Default number of records of one log on a page."""


class RecordReading:
    """Blocking: never on the event loop. `evidence_of` builds a proof file of a record: (log size that it covers,
    bytes).
    """

    def __init__(
        self,
        *,
        records: RecordList,
        groups: GroupReading,
        audit: AuditLog,
        evidence_of: Callable[[RecordId], tuple[int, bytes]],
    ) -> None:
        self._records = records
        self._groups = groups
        self._audit = audit
        self._evidence_of = evidence_of

    def page(self, *, member: MemberId | None = None, mine: bool = False, after: int = 0, limit: int = PAGE) -> Page:
        """At most `limit` records of each log, from position `after` on. `member` None: of all members; `mine`: only
        our own.
        """
        record_access(self._audit, "records", member=member or "", mine=mine, limit=limit)
        page = self._records.page(member=member, mine=mine, after=after, limit=limit)
        return replace(page, shown=self._named(page.shown))

    def one(self, name: str) -> Shown:
        """A record by its name, in full or by its first digits. Raises `NotFound`, `Misuse`, `Refused`, `Malformed`."""
        target = self._records.resolve(name)
        record_access(self._audit, "record", record=str(target))
        shown = self._records.one(target)
        if shown is None:
            raise NotFound("this record is not here", remedy="vigil records lists the records")
        return self._named([shown])[0]

    def evidence(self, name: str) -> tuple[RecordId, int, bytes]:
        """(The record, the log size that the proof covers, the proof file). Raises as `one`."""
        target = self._records.resolve(name)
        record_access(self._audit, "evidence", record=str(target))
        size, data = self._evidence_of(target)
        return target, size, data

    def _named(self, shown: Sequence[Shown]) -> list[Shown]:
        """The records with the names of their groups."""
        names = self._groups.names({each.group for each in shown if each.group is not None})
        return [replace(each, group_name=names.get(each.group, "")) if each.group else each for each in shown]
