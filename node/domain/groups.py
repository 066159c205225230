"""Groups: named audiences for a joint operation, such as a Victim Identification Taskforce.

Rules this module upholds:

- Name and purpose are in a body that only the invited members read.
- A group decides nothing about who may read a record: an audience is a literal list of members, fixed when signed.
- The life of a group depends only on the set of stored statements, never on their order of arrival or on a clock of
  another member. The newest version of the founding statement decides who is invited. The newest statement of each
  member decides what this member does. Statements of members that are not invited have no effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from node.domain.ids import MemberId, RecordId

GROUP_MARK: Final = "@"
"""Before the name of a group, where an audience or recipients are given."""


class GroupStep(IntEnum):
    """What a member states about a group."""

    FOUND = 1
    ACCEPT = 2
    DECLINE = 3
    LEAVE = 4
    CLOSE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`group`: the statement that founded it, in any version; None in that statement, which alone has a name."""

    step: GroupStep
    group: RecordId | None = None
    name: str = ""
    purpose: str = ""


class GroupState(StrEnum):
    """The state of a group, as a member sees it. `HIDDEN`: we may not read its founding statement: we were removed,
    or it has not arrived.
    """

    OPEN = "open"
    CLOSED = "closed"
    EXPIRED = "expired"
    RETRACTED = "retracted"
    HIDDEN = "hidden"


class Standing(StrEnum):
    """What a member is in a group."""

    FOUNDER = "founder"
    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LEFT = "left"


PRESENT: Final = frozenset({Standing.FOUNDER, Standing.ACCEPTED})
"""The members to whom something is sent that is for the group."""
_STANDING: Final = {
    GroupStep.ACCEPT: Standing.ACCEPTED,
    GroupStep.DECLINE: Standing.DECLINED,
    GroupStep.LEAVE: Standing.LEFT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One statement of a member about a group. `place`: (epoch, index) in the logs of its author."""

    member: MemberId
    step: GroupStep
    place: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLife:
    """What the statements say: whether the founder has closed the group, and what each member is in it."""

    is_closed: bool
    standings: Mapping[MemberId, Standing]


def group_life(founder: MemberId, invited: Iterable[MemberId], words: Sequence[Word]) -> GroupLife:
    """The life of a group. `invited`: the audience of the newest founding statement; `words`: in any order.

    1. The founder is the founder, whatever it says. Its newest word closes the group if it is CLOSE.
    2. An invited member is what its newest word says, and INVITED if this word is not a member's to say.
    3. Nobody else is in the group.
    """
    newest: dict[MemberId, Word] = {}
    for word in words:
        known = newest.get(word.member)
        if known is None or word.place > known.place:
            newest[word.member] = word
    standings = {
        member: _STANDING.get(newest[member].step, Standing.INVITED) if member in newest else Standing.INVITED
        for member in sorted({*invited} - {founder})
    }
    closing = newest.get(founder)
    return GroupLife(
        is_closed=closing is not None and closing.step is GroupStep.CLOSE,
        standings={founder: Standing.FOUNDER, **standings},
    )
