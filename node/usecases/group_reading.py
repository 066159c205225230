"""Groups as a person reads them: a list, one in full, and the group of a record.

Rules this module upholds:

- The audit log records who looks, and at which group, before anything is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.groups import GROUP_MARK, GroupState
from node.usecases.access import record_access
from node.usecases.group_audience import names_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from node.domain.ids import MemberId, RecordId
    from node.usecases.audit import AuditLog
    from node.usecases.group_audience import GroupAudiences
    from node.usecases.group_book import GroupView


class GroupReading:
    """Blocking: never on the event loop."""

    def __init__(self, *, audiences: GroupAudiences, audit: AuditLog) -> None:
        self._audiences = audiences
        self._audit = audit

    @property
    def own(self) -> MemberId:
        """This member."""
        return self._audiences.own.member

    def all(self, *, past: bool = False) -> list[GroupView]:
        """The groups that are open, by name; with `past`, also those that are over, after the open ones."""
        record_access(self._audit, "groups", past=past)
        with self._audiences.store.read() as tx:
            views = self._audiences.book(tx).groups()
        shown = [each for each in views if past or each.state is GroupState.OPEN]
        return sorted(shown, key=lambda each: (each.state is not GroupState.OPEN, each.name, each.group))

    def one(self, name: str) -> GroupView:
        """A group that a person names. Raises `NotFound`, `Refused`."""
        with self._audiences.store.read() as tx:
            view = self._audiences.book(tx).named(name.removeprefix(GROUP_MARK))
        record_access(self._audit, "group", group=str(view.group))
        return view

    def names(self, groups: Collection[RecordId]) -> dict[RecordId, str]:
        """The names of these groups, as far as this node may read them, for a list that was recorded before."""
        if not groups:
            return {}
        with self._audiences.store.read() as tx:
            known = names_of(tx, self._audiences.book(tx).groups())
        return {each: known[each].name for each in groups if each in known and known[each].name}
