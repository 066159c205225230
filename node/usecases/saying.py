"""Correcting our own record, and stating our view of another's: checked, recorded and stated.

Rules this module upholds:

- The words are checked before anything is in the audit log or signed.
- The audit log has the name of the record and never the words. It records the act before it is done, and its outcome
  after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.statements import Contribution
from node.errors import Misuse, NotFound, Refused
from node.usecases.acts import perform

if TYPE_CHECKING:
    from node.domain.ids import MemberId, RecordId
    from node.domain.statements import Comment, Opinion
    from node.domain.wording import Terms, Wording
    from node.usecases.audit import AuditLog
    from node.usecases.ledger import Ledger
    from node.usecases.recordlist import RecordList


class Saying:
    """Blocking: never on the event loop. `own`: this member."""

    def __init__(self, *, records: RecordList, ledger: Ledger, audit: AuditLog, own: MemberId) -> None:
        self._records = records
        self._ledger = ledger
        self._audit = audit
        self._own = own

    def correct(self, name: str, wording: Wording, terms: Terms) -> RecordId:
        """The new head of a record of ours: given fields are replaced, all others stay. Raises `Misuse` if nothing
        would change, `NotFound`, `Refused`.
        """
        target = self._records.resolve(name)
        if target.origin.member != self._own:
            raise Refused(
                "this record is another member's; only its owner can correct it",
                remedy="state your own view of it: vigil opine or vigil comment",
            )
        shown = self._records.one(target)
        body = shown.view.body if shown else None
        if shown is None or not isinstance(body, Contribution) or shown.view.handling is None:
            raise NotFound(
                "your own log has no such contribution, or it was retracted",
                remedy="vigil records --mine shows our records; for a corrected one, name its newest correction. "
                "vigil link --revise replaces a link",
            )
        said, handling = wording.of(body), terms.of(shown.view.handling)
        if said == body and handling == shown.view.handling:
            raise Misuse("the record says exactly this already", remedy="nothing has to be corrected")
        self._ledger.check(said)
        return perform(self._audit, "correct", lambda: self._ledger.correct(target, said, handling), record=str(target))

    def opine(self, name: str, opinion: Opinion) -> tuple[RecordId, RecordId]:
        """(Our entry, the record that it is about). Raises `Misuse`, `NotFound`, `Refused`."""
        target = self._records.resolve(name)
        self._ledger.check(opinion)
        verdict = opinion.verdict.name.lower()
        said = perform(
            self._audit, "opine", lambda: self._ledger.opine(target, opinion), record=str(target), verdict=verdict
        )
        return said, target

    def comment(self, name: str, comment: Comment) -> tuple[RecordId, RecordId]:
        """(Our entry, the record that it is about). Raises `Misuse`, `NotFound`, `Refused`."""
        target = self._records.resolve(name)
        self._ledger.check(comment)
        return perform(
            self._audit, "comment", lambda: self._ledger.comment(target, comment), record=str(target)
        ), target
