"""Stored records as a person reads them: in pages, one in full, and the evidence of one.

Rules this module upholds:

- The audit log records who reads, and which record, before anything is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.errors import NotFound
from node.usecases.access import record_access

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.domain.ids import MemberId, RecordId
    from node.usecases.audit import AuditLog
    from node.usecases.recordlist import Page, RecordList, Shown

PAGE: Final = 100
"""Default number of records of one log on a page."""


class RecordReading:
    """Blocking: never on the event loop. `evidence_of` builds a proof file of a record: (log size that it covers,
    bytes).
    """

    def __init__(
        self, *, records: RecordList, audit: AuditLog, evidence_of: Callable[[RecordId], tuple[int, bytes]]
    ) -> None:
        self._records = records
        self._audit = audit
        self._evidence_of = evidence_of

    def page(self, *, member: MemberId | None = None, mine: bool = False, after: int = 0, limit: int = PAGE) -> Page:
        """At most `limit` records of each log, from position `after` on. `member` None: of all members; `mine`: only
        our own.
        """
        record_access(self._audit, "records", member=member or "", mine=mine, limit=limit)
        return self._records.page(member=member, mine=mine, after=after, limit=limit)

    def one(self, name: str) -> Shown:
        """A record by its name, in full or by its first digits. Raises `NotFound`, `Misuse`, `Refused`, `Malformed`."""
        target = self._records.resolve(name)
        record_access(self._audit, "record", record=str(target))
        shown = self._records.one(target)
        if shown is None:
            raise NotFound("this record is not here", remedy="vigil records lists the records")
        return shown

    def evidence(self, name: str) -> tuple[RecordId, int, bytes]:
        """(The record, the log size that the proof covers, the proof file). Raises as `one`."""
        target = self._records.resolve(name)
        record_access(self._audit, "evidence", record=str(target))
        size, data = self._evidence_of(target)
        return target, size, data
