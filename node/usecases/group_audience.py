"""The members behind the name of a group: whom something is for that is said to a group.

Rules this module upholds:

- A group becomes a literal list when something is signed: its founder, and the members that have accepted and are
  active. A member that joins later does not read it.
- Fail closed: a group that is unknown, over, or not ours gives no list. So does one in which we are alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.groups import PRESENT, GroupState
from node.domain.roster import MemberStatus
from node.errors import Refused
from node.usecases.group_book import GroupBook, GroupView
from node.usecases.purging import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.log_ports import LogReader
    from node.domain.ports import Clock, Codec
    from node.domain.roster import Roster
    from node.domain.stores import NodeStore
    from node.domain.wording import Terms

OVER: Final = {
    GroupState.CLOSED: "its founder has closed it",
    GroupState.EXPIRED: "its last day has passed",
    GroupState.RETRACTED: "its founder has retracted it",
    GroupState.HIDDEN: "we are not invited to it, or not any more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The members of a group to whom something goes now, without ourselves. `group`: its first version."""

    group: RecordId
    members: tuple[MemberId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAudiences:
    """Blocking: never on the event loop. `own`: our log."""

    store: NodeStore
    codec: Codec
    own: Origin
    roster: Callable[[], Roster]
    clock: Clock

    def book(self, reader: LogReader) -> GroupBook:
        """The groups in this snapshot."""
        return GroupBook(reader, self.codec, self.own, int(self.clock()) // SECONDS_A_DAY)

    def known(self, terms: Terms) -> Terms:
        """The terms with the members of the group that they name, if they name one. Raises as `present`."""
        if not terms.group:
            return terms
        found = self.present(terms.group)
        return replace(terms, group="", audience=found.members, shared_with=found.group)

    def present(self, name: str) -> Present:
        """The members of a group that a person names. Raises `NotFound`, and `Refused` if nothing can be said to it."""
        with self.store.read() as tx:
            view = self.book(tx).named(name)
        return Present(group=view.group, members=self.members(view))

    def members(self, view: GroupView) -> tuple[MemberId, ...]:
        """The active members that are in the group, without ourselves. Raises `Refused`."""
        require_open(view)
        if view.standing(self.own.member) not in PRESENT:
            raise Refused("we have not accepted this group", remedy="accept it first: vigil group accept GROUP")
        active = self.roster().active()
        members = tuple(each for each in view.present if each in active and each != self.own.member)
        if not members:
            raise Refused("nobody else is in this group yet", remedy="vigil group show GROUP shows who has accepted")
        return members

    def readers(self, view: GroupView) -> tuple[MemberId, ...]:
        """Who may read what we say about a group: its founder, and all that are invited now, without ourselves. A
        member that has left the federation is in no new audience.
        """
        known = self.roster().members
        named = {*view.standings} - {self.own.member}
        return tuple(sorted(m for m in named if m in known and known[m].status is not MemberStatus.LEFT))


def names_of(reader: LogReader, views: Sequence[GroupView]) -> dict[RecordId, GroupView]:
    """These groups by every version of their founding statements."""
    named: dict[RecordId, GroupView] = {}
    for view in views:
        chain = reader.chain(view.group)
        for name in (view.group, view.newest, *(versions(reader, chain) if chain else ())):
            named[name] = view
    return named


def require_open(view: GroupView) -> None:
    """Raises `Refused` if the group is over, or we may not read about it."""
    if view.state is not GroupState.OPEN:
        raise Refused(
            f"nothing can be said to this group: {OVER[view.state]}",
            remedy="name the members themselves, or another group: vigil group list",
        )
