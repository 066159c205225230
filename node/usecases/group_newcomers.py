"""Members that are invited later learn who is in the group: our acceptance is stated again, for them too.

Rules this module upholds:

- Who accepts a group agrees that its present and later members know this. So no person is asked again.
- Only an acceptance is stated again, with the same words. The members that could read it before still can.
- A founder that invites again and again cannot make us sign without end: `MOST_TIMES` for each acceptance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.groups import Group, GroupState, GroupStep, Standing
from node.domain.ids import RecordId
from node.domain.mentions import Role
from node.usecases.acts import perform
from node.usecases.purging import leaf_at, root_of

if TYPE_CHECKING:
    from node.domain.handling import Handling
    from node.domain.log_ports import LogReader
    from node.usecases.audit import AuditLog
    from node.usecases.group_audience import GroupAudiences
    from node.usecases.group_book import GroupView
    from node.usecases.ledger import Ledger

MOST_TIMES: Final = 20
"""How often one acceptance is stated again for members that were invited later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Again:
    """Our acceptance `record` of `group`, and its wider handling."""

    group: RecordId
    record: RecordId
    handling: Handling


class GroupNewcomers:
    """Blocking: never on the event loop."""

    def __init__(self, *, audiences: GroupAudiences, ledger: Ledger, audit: AuditLog) -> None:
        self._audiences = audiences
        self._ledger = ledger
        self._audit = audit

    def tell(self) -> int:
        """States our acceptances again where members are invited that cannot read them; how many."""
        with self._audiences.store.read() as tx:
            groups = self._audiences.book(tx).groups()
            due = [again for view in groups if (again := self._due(tx, view)) is not None]
        for each in due:
            said = Group(step=GroupStep.ACCEPT, group=each.group)
            perform(
                self._audit,
                "group accept",
                lambda each=each, said=said: self._ledger.revise(each.record, said, each.handling),  # type: ignore[misc]
                group=str(each.group),
            )
        return len(due)

    def _due(self, tx: LogReader, view: GroupView) -> _Again | None:
        me = self._audiences.own.member
        if view.state is not GroupState.OPEN or view.waits or view.standing(me) is not Standing.ACCEPTED:
            return None
        ours = [each for each in tx.mentioning(view.group, [Role.GROUP]) if each.origin.member == me]
        newest = max(ours, key=lambda each: (each.origin.epoch, each.index))
        held = tx.disclosed_at(newest.origin, [newest.index]).get(newest.index)
        record = RecordId(newest.origin, leaf_at(tx, newest.origin, newest.index))
        if held is None or root_of(tx, record.origin, newest.index, record.leaf)[1] >= MOST_TIMES:
            return None
        before = self._audiences.codec.decode_handling(held[1].handling)
        audience = tuple(sorted({*(before.audience or ()), *self._audiences.readers(view)}))
        if audience == tuple(sorted(before.audience or ())):
            return None
        return _Again(group=view.group, record=record, handling=replace(before, audience=audience))
