"""Threads of messages as this node has them: read inside one snapshot.

Rules this module upholds:

- Statements of our own that wait for their place in our log are part of a thread. They are marked as not sent.
- The newest version of the opening decides who is in the thread. If it is not here, nobody is known to be in it, and
  this node can say nothing there.
- A thread is closed as long as a closing message of its opener is here. The opener opens it again by retracting that.
- Work is bounded: messages over the bounds are counted by their mentions, and their bodies are not read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from node.domain.consultations import Consultation, ConsultationStep
from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.mentions import Role
from node.errors import Malformed, NotFound
from node.tlog.merkle import leaf_hash
from node.usecases.lookup import resolve
from node.usecases.purging import chain_at, kind_of, root_of
from node.usecases.thread_order import Message, counting, in_order, share_of_each
from node.usecases.waiting import ALL, points_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from node.domain.handling import Handling
    from node.domain.ids import MemberId, Origin
    from node.domain.ports import Codec
    from node.domain.stores import NodeStoreReader
    from node.domain.threads import ThreadLog

KINDS: Final = frozenset({Kind.CONSULTATION, Kind.REVISION})
"""The kinds of entries that may be messages."""
READ_AT_ONCE: Final = 500
"""Bodies that are read at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A thread. `messages`: those that count, in their order, the opening first; `handling`: of the opening, None if
    the opening is not here. `left_out`: how many messages of each member are over the bounds; `uncounted`: how many
    messages of members that are not in the thread are here and do not count.
    """

    root: RecordId
    opening: Message | None
    handling: Handling | None
    messages: Sequence[Message]
    left_out: Mapping[MemberId, int] = field(default_factory=dict)
    uncounted: int = 0

    @property
    def opener(self) -> MemberId:
        """The member that opened it."""
        return self.root.origin.member

    @property
    def is_for_everyone(self) -> bool:
        """Whether every member of the federation is in it."""
        return self.handling is not None and self.handling.audience is None

    @property
    def members(self) -> tuple[MemberId, ...]:
        """Who is in it, in order. () for everyone, or if nobody knows."""
        return members_of(self.handling, self.opener)

    @property
    def closings(self) -> list[Message]:
        """The messages that close it."""
        return [each for each in self.messages if self.closes(each)]

    @property
    def is_closed(self) -> bool:
        """Whether its opener has closed it."""
        return bool(self.closings)

    def closes(self, message: Message) -> bool:
        """Whether a message closes this thread for all."""
        return message.said.step is ConsultationStep.CLOSE and message.member == self.opener


def members_of(handling: Handling | None, opener: MemberId) -> tuple[MemberId, ...]:
    """Who is in a thread whose opening has this handling; () for everyone, or if the opening is not here."""
    audience = handling.audience if handling else None
    return () if audience is None else tuple(sorted({opener, *audience}))


class Threads:
    """The threads of one snapshot. `own`: our log, of the newest epoch."""

    def __init__(self, tx: NodeStoreReader, codec: Codec, own: Origin) -> None:
        self._tx = tx
        self._codec = codec
        self._own = own

    def resolve(self, name: str) -> RecordId:
        """The thread that a person names by any of its messages. Raises `NotFound`, `Misuse`, `Refused`."""
        record = resolve(self._tx, name, self._own)
        root = self._thread_of(record)
        if root is None:
            raise NotFound(
                "this is not a message of a thread, or this node may not read it",
                remedy="vigil consult list shows the threads",
            )
        return root

    def message(self, name: str) -> tuple[Message, Thread]:
        """A message that counts in its thread, by any of its versions. Raises as `resolve`."""
        record = resolve(self._tx, name, self._own)
        root, first = self._thread_of(record), self._version_of(record)
        if root is not None:
            thread = self.thread(root)
            for each in thread.messages:
                if {each.record, each.newest} & {record, first}:
                    return each, thread
        raise NotFound(
            "this is not a message that this node can read", remedy="vigil consult show THREAD shows the messages"
        )

    def thread(self, root: RecordId) -> Thread:
        """A thread with all messages that count. Raises `NotFound` if there are none."""
        logs = self._tx.thread_logs(root, "")
        found, left_out = self._placed(root, logs)
        messages = {each.record: each for each in found}
        messages |= {each.record: each for each in self.unsent if self._root_of(each) == root}
        opening = messages.pop(root, None)
        if opening is None and not messages:
            raise NotFound("this node has no message of this thread", remedy="vigil consult list shows the threads")
        replies = list(messages.values())
        if opening is None or opening.said.thread is not None:
            return Thread(root=root, opening=None, handling=None, messages=in_order(replies), left_out=left_out)
        handling = self.handling(opening)
        counted = counting(opening, replies, lambda member: handling.admits(member, root.origin.member))
        return Thread(
            root=root,
            opening=opening,
            handling=handling,
            messages=[opening, *in_order(counted)],
            left_out=left_out,
            uncounted=len(replies) - len(counted),
        )

    def messages_at(self, origin: Origin, indices: Sequence[int]) -> Iterator[Message]:
        """The messages at these places. What cannot be read is left out: fsck names it."""
        for start in range(0, len(indices), READ_AT_ONCE):
            held = self._tx.held_at(origin, indices[start : start + READ_AT_ONCE])
            for index, (entry, body) in held.items():
                said = self._decoded(kind_of(entry), body)
                if said is not None:
                    leaf = leaf_hash(entry)
                    root, _ = root_of(self._tx, origin, index, leaf) if kind_of(entry) == Kind.REVISION else (None, 0)
                    newest = RecordId(origin, leaf)
                    yield Message(record=root or newest, newest=newest, said=said, place=(origin, index))

    def handling(self, message: Message) -> Handling:
        """Who may read a message. Raises `Malformed` if the stored handling is damaged, `NotFound` if it is gone."""
        if message.place is None:
            pending = self._tx.find_pending(message.newest.leaf)
            if pending is not None:
                return self._codec.decode_handling(pending.disclosure.handling)
        else:
            origin, index = message.place
            shown = self._tx.disclosed_at(origin, [index]).get(index)
            if shown is not None:
                return self._codec.decode_handling(shown[1].handling)
        raise NotFound("this message is gone")

    @cached_property
    def unsent(self) -> list[Message]:
        """Our own messages without a place in our log, the oldest first."""
        found = []
        for each in self._tx.pending(self._own, ALL):
            kind = kind_of(each.entry)
            said = self._decoded(kind, each.disclosure.body) if kind in KINDS else None
            if said is not None:
                record, target = RecordId(self._own, each.leaf), points_at(each)
                first = record if target is None else self._version_of(target) or target
                found.append(Message(record=first, newest=record, said=said))
        return found

    def _placed(self, root: RecordId, logs: Sequence[ThreadLog]) -> tuple[list[Message], dict[MemberId, int]]:
        """(The messages within the bounds, how many of each member are over them)."""
        of_member: defaultdict[MemberId, list[ThreadLog]] = defaultdict(list)
        for log in logs:
            of_member[log.origin.member].append(log)
        share = share_of_each(len(of_member))
        found: list[Message] = []
        left_out: Counter[MemberId] = Counter()
        for member, own in of_member.items():
            room = share
            for log in sorted(own, key=lambda each: each.origin.epoch):
                places = self._tx.thread_messages(root, log.origin, room) if room else []
                found += self.messages_at(log.origin, places)
                room -= len(places)
                left_out[member] += log.messages - len(places)
        return found, {member: number for member, number in left_out.items() if number}

    def _decoded(self, kind: int, body: bytes) -> Consultation | None:
        try:
            said = self._codec.decode_body(kind, body)
        except Malformed:
            return None
        return said if isinstance(said, Consultation) else None

    def _root_of(self, message: Message) -> RecordId:
        """The thread of an own message without a place."""
        thread = message.said.thread
        return message.record if thread is None else self._version_of(thread) or thread

    def _version_of(self, record: RecordId) -> RecordId | None:
        """The first version of a statement in a log; None if it is in none."""
        index = self._tx.find(record.origin, [record.leaf]).get(record.leaf)
        return None if index is None else root_of(self._tx, record.origin, index, record.leaf)[0]

    def _thread_of(self, record: RecordId) -> RecordId | None:
        for each in self.unsent:
            if record in {each.newest, each.record}:
                return self._root_of(each)
        index = self._tx.find(record.origin, [record.leaf]).get(record.leaf)
        if index is None:
            return None
        chain = chain_at(self._tx, record.origin, index, record.leaf)
        if chain.head is not None:
            origin, head = chain.head
            for mention in self._tx.mentions(origin, head, head + 1):
                if mention.role in {Role.OPENS, Role.THREAD}:
                    return mention.record
        # The opening is not for us, or was retracted: its replies still name it.
        return chain.root if self._tx.mentioning(chain.root, {Role.THREAD}, limit=1) else None
