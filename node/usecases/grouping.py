"""Founding a group, inviting to it, and saying what we are in it.

Rules this module upholds:

- Only the founder invites, removes and closes. Each other member speaks for itself.
- What a member says is for the founder and all members that are invited now.
- The audit log has the name of the record and of the members, and neither name nor purpose of the group.
- Before a statement is signed, the state of the group is looked at in the transaction that stores it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.groups import GROUP_MARK, Group, GroupState, GroupStep, Standing
from node.domain.handling import Handling
from node.errors import Misuse, Refused
from node.usecases.acts import perform
from node.usecases.group_audience import OVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import MemberId, RecordId
    from node.domain.stores import NodeStoreReader, NodeStoreWriter
    from node.usecases.audit import AuditLog
    from node.usecases.group_audience import GroupAudiences
    from node.usecases.group_book import GroupView
    from node.usecases.ledger import Ledger

_MAY: Final = {
    GroupStep.ACCEPT: (Standing.INVITED, Standing.DECLINED, Standing.LEFT),
    GroupStep.DECLINE: (Standing.INVITED,),
    GroupStep.LEAVE: (Standing.ACCEPTED,),
    GroupStep.CLOSE: (Standing.FOUNDER,),
}
"""What a member must be in a group to take each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGroup:
    """`last_day`: the last day of the group, in days since 1970; all statements about it are deleted after it."""

    name: str
    purpose: str
    invited: tuple[MemberId, ...]
    last_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSaid:
    """Our statement `record` about a group, by its first version. `members`: who is named in it, or reads it."""

    record: RecordId
    group: RecordId
    members: tuple[MemberId, ...]


class Grouping:
    """Blocking: never on the event loop."""

    def __init__(self, *, audiences: GroupAudiences, ledger: Ledger, audit: AuditLog) -> None:
        self._audiences = audiences
        self._ledger = ledger
        self._audit = audit
        self._me = audiences.own.member

    def found(self, wanted: NewGroup) -> GroupSaid:
        """A new group. Raises `Misuse` for words, members or a day that no group has, `Refused` for a name that one of
        our open groups has.
        """
        said = Group(step=GroupStep.FOUND, name=wanted.name.strip(), purpose=wanted.purpose.strip())
        if not said.name or not said.purpose:
            raise Misuse("a group has a name and a purpose", remedy="give both: NAME and --purpose TEXT")
        if said.name.startswith(GROUP_MARK):
            raise Misuse(f"the name of a group does not begin with {GROUP_MARK}", remedy="leave it out")
        if wanted.last_day <= int(self._audiences.clock()) // SECONDS_A_DAY:
            raise Misuse("the last day of the group has passed", remedy="give a later day: --until YYYY-MM-DD")
        self._ledger.check(said)
        invited = self._active(wanted.invited)
        handling = self._ledger.agreed(Handling(audience=invited, retain_until_day=wanted.last_day))

        def new(tx: NodeStoreReader, _record: RecordId | None = None) -> None:
            book = self._audiences.book(tx)
            if sum(book.is_in(each) for each in book.groups() if each.name == said.name) > (_record is not None):
                raise Refused("we are in an open group with this name", remedy="give another name")

        with self._audiences.store.read() as tx:
            new(tx)
        record = perform(
            self._audit, "group found", lambda: self._ledger.state(said, handling, new), members=list(invited)
        )
        return GroupSaid(record=record, group=record, members=invited)

    def invite(self, name: str, members: Sequence[MemberId]) -> GroupSaid:
        """More members are invited: a revision with a wider audience. Raises `Refused` for another member's group."""
        view = self._led(name)
        fresh = tuple(each for each in self._active(members) if each not in view.standings)
        if not fresh:
            raise Refused("these members are invited already", remedy="vigil group show GROUP shows the members")
        return self._readdressed(view, "group invite", fresh, {*_invited(view), *fresh})

    def remove(self, name: str, members: Sequence[MemberId]) -> GroupSaid:
        """These members are not invited any more. What they have read before stays with them. Raises as `invite`, and
        `Misuse` for a member that is not in the group.
        """
        view = self._led(name)
        gone = tuple(dict.fromkeys(members))
        strangers = [each for each in gone if each not in _invited(view)]
        if strangers:
            raise Misuse(
                f"not invited to this group: {', '.join(strangers)}", remedy="vigil group show GROUP shows the members"
            )
        left = {*_invited(view)} - {*gone}
        if not left:
            raise Refused("nobody would be left in this group", remedy="close it instead: vigil group close GROUP")
        return self._readdressed(view, "group remove", gone, left)

    def say(self, name: str, step: GroupStep) -> GroupSaid:
        """Accepts, declines, leaves or closes. Raises `Refused` if we may not, or have said so before."""
        view = self._view(name)
        handling = self._permitted(view, step)

        def still(tx: NodeStoreWriter, _record: RecordId) -> None:
            present = self._audiences.book(tx).one(view.group)
            if present is None or present.newest != view.newest or present.state not in _AFTER[step]:
                raise Refused("this group has changed meanwhile", remedy="look at it again: vigil group show GROUP")

        said = Group(step=step, group=view.group)
        record = perform(
            self._audit,
            f"group {step.name.lower()}",
            lambda: self._ledger.state(said, handling, still),
            group=str(view.group),
        )
        return GroupSaid(record=record, group=view.group, members=handling.audience or ())

    def _permitted(self, view: GroupView, step: GroupStep) -> Handling:
        """The handling of a statement of ours about a group."""
        _require_life(view)
        standing = view.standing(self._me)
        if standing not in _MAY[step] or view.handling is None:
            raise _misplaced(step, standing)
        return replace(view.handling, audience=self._audiences.readers(view))

    def _readdressed(
        self, view: GroupView, what: str, named: tuple[MemberId, ...], invited: set[MemberId]
    ) -> GroupSaid:
        said = Group(step=GroupStep.FOUND, name=view.name, purpose=view.purpose)
        handling = replace(view.handling or Handling(), audience=tuple(sorted(invited)))
        record = perform(
            self._audit,
            what,
            lambda: self._ledger.revise(view.newest, said, handling),
            group=str(view.group),
            members=list(named),
        )
        return GroupSaid(record=record, group=view.group, members=named)

    def _led(self, name: str) -> GroupView:
        """An open group of ours."""
        view = self._view(name)
        if view.founder != self._me:
            raise Refused(
                f"this group is {view.founder}'s; only its founder invites and removes members",
                remedy=f"ask {view.founder} in a consultation: vigil consult open",
            )
        _require_life(view)
        return view

    def _view(self, name: str) -> GroupView:
        with self._audiences.store.read() as tx:
            return self._audiences.book(tx).named(name.removeprefix(GROUP_MARK))

    def _active(self, members: Sequence[MemberId]) -> tuple[MemberId, ...]:
        """These members without ourselves, each once. Raises `Misuse` if there are none, `Refused` and `Suspended` for
        one that is not active.
        """
        roster = self._audiences.roster()
        named = tuple(sorted({*members} - {self._me}))
        if not named:
            raise Misuse("nobody is invited", remedy="name at least one other member")
        for each in named:
            roster.require_active(each)
        return named


_AFTER: Final[dict[GroupStep, tuple[GroupState, ...]]] = {
    step: (GroupState.CLOSED,) if step is GroupStep.CLOSE else (GroupState.OPEN,) for step in _MAY
}
"""The state of a group after each step."""


def _invited(view: GroupView) -> tuple[MemberId, ...]:
    return (view.handling.audience or ()) if view.handling else ()


def _require_life(view: GroupView) -> None:
    if view.state is not GroupState.OPEN:
        raise Refused(f"this group is over for us: {OVER[view.state]}", remedy="vigil group list shows the groups")


def _misplaced(step: GroupStep, standing: Standing | None) -> Refused:
    """We are not what a member must be for this step."""
    if step is GroupStep.CLOSE:
        return Refused("only its founder closes a group", remedy="to leave it: vigil group leave GROUP")
    if standing is Standing.FOUNDER:
        return Refused("the founder is always in its group", remedy="to end it: vigil group close GROUP")
    was = {
        Standing.ACCEPTED: "we have accepted this group before",
        Standing.DECLINED: "we have declined this group before",
        Standing.LEFT: "we have left this group before",
    }
    words = was.get(standing, "we have not accepted this group") if standing else "we are not invited to this group"
    return Refused(words, remedy="vigil group show GROUP shows what we are in it")
