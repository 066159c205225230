"""Mentions: what a statement of cooperation is about, filed under the record that it names.

Rules this module upholds:

- A mention comes from a body, so only nodes that have the body have it, and it is deleted with the body.
- It names a record by any of its versions, and is filed under the first one. If the record is not here yet, it waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from node.domain.consultations import Consultation, ConsultationStep
from node.domain.envelope import Kind
from node.domain.groups import Group
from node.domain.notices import NoticeDecision
from node.domain.record_links import RecordLink
from node.domain.watches import WatchReply

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.statements import Body

FIRST_STATED: Final = Kind.WATCH
"""From this kind on, statements are listed by their kind."""

STATED: Final = frozenset(range(FIRST_STATED, 256))
"""The kinds of these statements, and of later ones."""

MENTIONING: Final = frozenset(
    {Kind.CONSULTATION, Kind.GROUP, Kind.LINK, Kind.WATCH_REPLY, Kind.NOTICE_DECISION, Kind.REVISION}
)
"""The kinds of entries whose bodies may mention a record (`mentioned`)."""


class Role(IntEnum):
    """Why a statement mentions a record."""

    LINKED = 1
    REQUEST = 2
    THREAD = 3
    ABOUT = 4
    WATCH = 5
    GROUP = 6
    OPENS = 7
    """The statement opens a thread of messages: it mentions itself."""
    CLOSES = 8


ENDING: Final = {
    Role.LINKED: frozenset({Kind.CONTRIBUTION, Kind.CORRECTION}),
    Role.REQUEST: frozenset({Kind.NOTICE, Kind.REVISION}),
}
"""A statement loses its body with any record that it mentions so, if the newest version of that is of one of these
kinds."""
BINDING: Final = frozenset({Role.LINKED})
"""Only the readers of all records that it mentions so may read a statement. A request for a notice has no readers, and
what is published of it has."""
ENDING_KINDS: Final = frozenset({Kind.LINK, Kind.NOTICE_DECISION, Kind.REVISION})
"""The kinds of entries that may have such mentions."""


class Mention(NamedTuple):
    """The entry at `index` of `origin` mentions `record`: as stated in its body, or, once it is filed, by its first
    version. `kind`: of the entry.

    A tuple: a run has hundreds, and a dataclass takes four times as long to make.
    """

    origin: Origin
    index: int  # type: ignore[assignment]  # a place in a log; nobody looks for a value in this tuple
    kind: int
    role: Role
    record: RecordId


def mentioned(body: Body, name: RecordId) -> Iterator[tuple[Role, RecordId]]:
    """What a body is about, in its own order. `name`: of the entry with this body."""
    match body:
        case RecordLink():
            yield from ((Role.LINKED, each) for each in body.targets)
        case NoticeDecision():
            yield Role.REQUEST, body.request
        case Consultation():
            if body.thread is None:
                yield Role.OPENS, name
            else:
                yield Role.THREAD, body.thread
                if body.step is ConsultationStep.CLOSE:
                    yield Role.CLOSES, body.thread
            yield from ((Role.ABOUT, each) for each in body.about)
        case WatchReply():
            yield Role.WATCH, body.watch
        case Group():
            if body.group is not None:
                yield Role.GROUP, body.group
        case _:
            pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """An entry of a kind of cooperation, whatever its body says. `is_read`: its mentions are filed."""

    origin: Origin
    index: int
    kind: int
    is_read: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Entries and the records that they mention, as columns. `ends`: (place in `entries`, place in `records`) of each
    mention, each once, in no order. `is_whole`: no record that they lead to was left out.
    """

    entries: Sequence[tuple[Origin, int]] = ()
    records: Sequence[RecordId] = ()
    ends: Sequence[tuple[int, int]] = ()
    is_whole: bool = True


class MentionReader(Protocol):
    """Reads mentions inside one snapshot."""

    def mentions(self, origin: Origin, start: int, stop: int) -> list[Mention]:
        """Those of the entries in [start, stop), in log order."""
        ...

    def mentioning(
        self,
        record: RecordId,
        roles: Collection[Role],
        *,
        limit: int | None = None,
        after: tuple[Origin, int] | None = None,
        spare: MemberId | None = None,
    ) -> list[Mention]:
        """The mentions of a record, by its first version, in these roles; in log order, from past `after` on; the first
        `limit`, without those of `spare`.
        """
        ...

    def joined(self, records: Collection[RecordId], role: Role, limit: int) -> Joined:
        """All that hangs together with these records, each named by its first version: the entries that mention one of
        them in this role, what else these mention so, and so on. The nearest `limit` records, or some more, and a
        number of mentions in proportion to `limit`. One query for hundreds of records, whatever the shape of the graph.
        """
        ...

    def mentioned_as(self, role: Role, limit: int) -> list[RecordId]:
        """The first versions of records that something mentions in this role, in the order of their hashes; the first
        `limit`.
        """
        ...

    def stated(
        self, kinds: Collection[int], *, limit: int | None = None, after: tuple[Origin, int] | None = None
    ) -> list[Stated]:
        """The entries of these kinds (from `FIRST_STATED` on) in log order, from past `after` on; the first `limit`."""
        ...

    def unread(self, kinds: Collection[int], limit: int) -> list[Stated]:
        """The first `limit` entries of these kinds that no version that knows them has read."""
        ...


class MentionWriter(MentionReader, Protocol):
    """Writes them. `LogWriter.append` lists entries by their kinds; `purge` and `set_aside` delete mentions."""

    def put_mentions(self, filed: Sequence[Mention]) -> None:
        """New mentions, filed under first versions. A known one changes nothing."""
        ...

    def set_read(self, stated: Sequence[Stated]) -> None:
        """The mentions of these entries are filed."""
        ...
