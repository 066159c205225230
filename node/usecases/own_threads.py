"""The threads in which this member may say something, and to whom.

Rules this module upholds:

- A message goes to those who are in the thread now, on the terms of its opening.
- Nothing is said in a thread whose opening this node cannot read, or in a closed one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from node.domain.handling import Handling
from node.domain.roster import MemberStatus
from node.errors import Refused
from node.usecases.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.ports import Codec
    from node.domain.roster import Roster
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.threads import Thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an act made: our entries `records`, if any, in the thread `thread`, in which `members` are now ((): everyone
    of the federation).
    """

    thread: RecordId
    records: tuple[RecordId, ...]
    members: tuple[MemberId, ...]


class OwnThreads:
    """Blocking: never on the event loop. `own`: our log, of the newest epoch."""

    def __init__(self, *, store: NodeStore, codec: Codec, own: Origin, roster: Callable[[], Roster]) -> None:
        self.store = store
        self.own = own
        self._codec = codec
        self._roster = roster

    def of(self, tx: NodeStoreReader) -> Threads:
        """The threads of one snapshot."""
        return Threads(tx, self._codec, self.own)

    def any(self, name: str) -> Thread:
        """The thread that a person names. Raises `NotFound`, `Misuse`, `Refused`."""
        with self.store.read() as tx:
            threads = self.of(tx)
            return threads.thread(threads.resolve(name))

    def open(self, name: str) -> Thread:
        """The same, if this node may say something in it. Raises `Refused` otherwise."""
        thread = self.any(name)
        check_readable(thread)
        if thread.is_closed:
            raise Refused("this thread is closed", remedy="only its opener can open it again (vigil consult reopen)")
        return thread

    def present(self, thread: Thread) -> Handling:
        """For those who are in the thread now. Raises `Refused` if nobody else is."""
        terms = thread.handling or Handling()
        if terms.audience is None:
            return terms
        gone = {each.id for each in self._roster().members.values() if each.status is MemberStatus.LEFT}
        audience = tuple(each for each in thread.members if each != self.own.member and each not in gone)
        if not audience:
            raise Refused("nobody else is in this thread any more", remedy="open a new thread")
        return replace(terms, audience=audience)

    def check_opener(self, thread: Thread, does: str, remedy: str = "") -> None:
        """Raises `Refused` unless this member opened the thread."""
        if thread.opener != self.own.member:
            raise Refused(f"{thread.opener} opened this thread, and only {thread.opener} {does}", remedy=remedy)


def check_readable(thread: Thread) -> None:
    """Raises `Refused` if the opening of a thread is not here."""
    if thread.opening is None or thread.handling is None:
        raise Refused(
            "the opening of this thread is not here: it was retracted, or this node is not in the thread any more",
            remedy="open a new thread with those whom you want to ask",
        )


def told(thread: Thread, records: Sequence[RecordId]) -> Told:
    """What an act made in a thread."""
    return Told(thread=thread.root, records=tuple(records), members=thread.members)
