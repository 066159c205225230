"""The messages of a thread in their order, and which of them count.

Rules this module upholds:

- No I/O. The result depends on the set of messages alone, not on the order in which they arrived.
- A message comes after the messages that it names. Where the names say nothing, the times of the authors decide, then
  log and leaf hash. So a wrong clock never puts an answer before its question.
- Only the opener decides who is in the thread. A message of somebody else counts only if a message that counts names
  it: then somebody in the thread saw it as part of the thread. A member that was removed keeps what it said before.
- What one member sends is bounded, and so is a whole thread. The rest is counted, and left out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final

from node.domain.consultations import MOST_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.consultations import Consultation
    from node.domain.ids import MemberId, Origin, RecordId

MOST_OF_MEMBER: Final = 2_000
"""Messages of one member that are read in one thread: the first ones of its logs."""
MOST_IN_THREAD: Final = 20_000
"""Messages that are read in one thread. Each member that speaks in it gets the same share."""

Key = tuple[int, str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message. `record`: its first version, by which other messages name it; `newest`: its present version. `place`:
    of the present version in its log, None if this is a statement of our own without a place.
    """

    record: RecordId
    newest: RecordId
    said: Consultation
    place: tuple[Origin, int] | None = None

    @property
    def member(self) -> MemberId:
        """Its author."""
        return self.record.origin.member

    @property
    def was_sent(self) -> bool:
        """Whether its first version has a place in its log: then others know it by that name."""
        return self.place is not None or self.newest != self.record

    @property
    def key(self) -> Key:
        """Its order among messages that do not name each other."""
        return self.said.at, str(self.record.origin), self.record.leaf


def share_of_each(speakers: int) -> int:
    """How many messages of each member are read, in a thread in which so many members speak."""
    return min(MOST_OF_MEMBER, MOST_IN_THREAD // max(1, speakers))


def by_name(messages: Sequence[Message]) -> dict[RecordId, Message]:
    """The messages by each name that a message may use for them."""
    return {name: each for each in messages for name in (each.newest, each.record)}


def counting(opening: Message, replies: Sequence[Message], admits: Callable[[MemberId], bool]) -> list[Message]:
    """The replies that count. `admits`: who is in the thread."""
    names = by_name(replies)
    counted = {each.record: each for each in replies if admits(each.member)}
    waiting = [opening, *counted.values()]
    while waiting:
        for name in waiting.pop().said.after:
            named = names.get(name)
            if named is not None and named.record not in counted:
                counted[named.record] = named
                waiting.append(named)
    return [each for each in replies if each.record in counted]


def in_order(replies: Sequence[Message]) -> list[Message]:
    """The replies of a thread in their order."""
    names = by_name(replies)
    before, followers = _references(replies, names)
    ready = [(each.key, each.record) for each in replies if not before[each.record]]
    # A message that its author changed may name one that names it. Such a circle begins with its lowest key.
    every = [(each.key, each.record) for each in replies]
    heapify(ready)
    heapify(every)
    ordered: dict[RecordId, Message] = {}
    while every:
        _, record = heappop(ready or every)
        if record in ordered:
            continue
        ordered[record] = names[record]
        for follower in followers[record]:
            before[follower.record] -= 1
            if not before[follower.record]:
                heappush(ready, (follower.key, follower.record))
    return list(ordered.values())


def _references(
    replies: Sequence[Message], names: Mapping[RecordId, Message]
) -> tuple[dict[RecordId, int], Mapping[RecordId, list[Message]]]:
    """(How many replies each one names, the replies that name each one)."""
    before: dict[RecordId, int] = {}
    followers: defaultdict[RecordId, list[Message]] = defaultdict(list)
    for each in replies:
        named = {names[name].record for name in each.said.after if name in names} - {each.record}
        before[each.record] = len(named)
        for record in named:
            followers[record].append(each)
    return before, followers


def ends_of(messages: Sequence[Message]) -> tuple[RecordId, ...]:
    """What a new message names: the messages of a thread, in order, that no other one names. The newest ones, if there
    are more than a message may name. `messages`: the opening first.

    An opening that was stated again for a new member names messages that this member cannot read. It names them too, so
    that for the others its first message comes after them.
    """
    names = by_name(messages)
    said = {name for each in messages[1:] for name in each.said.after}
    named = {names[name].record for name in said if name in names}
    elsewhere = [name for each in messages[:1] for name in each.said.after if name not in names and name not in said]
    ends = [*elsewhere, *(each.record for each in messages if each.record not in named)]
    # Every reply follows the opening, whether it names it or not.
    others = [each for each in ends if each != messages[0].record]
    return tuple(others or ends)[-MOST_AFTER:]


def told_of(messages: Sequence[Message]) -> tuple[RecordId, ...]:
    """What an opening names that is stated again for other members: the newest replies, as many as fit, and among them
    those that no other one names. So a new member knows how many messages it may not read.
    """
    ends = ends_of(messages)
    others = [each.record for each in messages[1:] if each.record not in ends]
    return (*others, *(each for each in ends if each != messages[0].record))[-MOST_AFTER:]
