"""Correcting our own record, and stating our view of another's: checked, recorded and stated.

Rules this module upholds:

- The words are checked before anything is in the audit log or signed.
- The audit log has the name of the record and never the words. It records the act before it is done, and its outcome
  after it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.domain.statements import Contribution
from node.errors import Misuse, NotFound, Refused
from node.usecases.acts import perform

if TYPE_CHECKING:
    from node.domain.handling import Handling
    from node.domain.ids import MemberId, RecordId
    from node.domain.statements import Comment, Opinion
    from node.domain.wording import Terms, Wording
    from node.usecases.audit import AuditLog
    from node.usecases.group_audience import GroupAudiences
    from node.usecases.ledger import Ledger
    from node.usecases.recordlist import RecordList


class Saying:
    """Blocking: never on the event loop. `own`: this member."""

    def __init__(
        self, *, records: RecordList, ledger: Ledger, groups: GroupAudiences, audit: AuditLog, own: MemberId
    ) -> None:
        self._records = records
        self._ledger = ledger
        self._groups = groups
        self._audit = audit
        self._own = own

    def correct(self, name: str, wording: Wording, terms: Terms) -> RecordId:
        """The new head of a record of ours: given fields are replaced, all others stay. With other readers, the record
        is shared with the group that they are, or with none. Raises `Misuse` if nothing would change, `NotFound`,
        `Refused`.
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
        terms = self._groups.known(terms)
        said, handling = wording.of(body), terms.of(shown.view.handling)
        if terms.names_readers:
            said = replace(said, group=terms.shared_with)
        if said == body and handling == shown.view.handling:
            raise Misuse("the record says exactly this already", remedy="nothing has to be corrected")
        self._ledger.check(said)
        return perform(self._audit, "correct", lambda: self._ledger.correct(target, said, handling), record=str(target))

    def opine(self, name: str, opinion: Opinion, terms: Terms | None = None) -> tuple[RecordId, RecordId]:
        """(Our entry, the record that it is about). Without readers in the terms, it is for all who may read the
        record. Raises `Misuse`, `NotFound`, `Refused`.
        """
        target = self._records.resolve(name)
        self._ledger.check(opinion)
        handling = self._narrowed(target, terms)
        said = perform(
            self._audit,
            "opine",
            lambda: self._ledger.opine(target, opinion, handling),
            record=str(target),
            verdict=opinion.verdict.name.lower(),
        )
        return said, target

    def comment(self, name: str, comment: Comment, terms: Terms | None = None) -> tuple[RecordId, RecordId]:
        """As `opine`."""
        target = self._records.resolve(name)
        self._ledger.check(comment)
        handling = self._narrowed(target, terms)
        said = perform(
            self._audit, "comment", lambda: self._ledger.comment(target, comment, handling), record=str(target)
        )
        return said, target

    def _narrowed(self, target: RecordId, terms: Terms | None) -> Handling | None:
        """The handling of the record with the readers in the terms; None if they name none: then it is the record's.
        The ledger refuses readers who may not read the record.
        """
        if terms is None or not terms.names_readers:
            return None
        shown = self._records.one(target)
        if shown is None or shown.view.handling is None:
            raise NotFound("this node does not have this record, or may not read it")
        narrowed = self._groups.known(terms).of(shown.view.handling)
        return self._ledger.agreed(narrowed)
