"""A thread as an officer reads it: in pages, with what this node may not read counted.

Rules this module upholds:

- Who is new in a thread learns how many earlier messages it may not read, and not what they say.
- A page marks its messages as read, unless the officer only peeks. A message before an unread one stays unread with it:
  a place in each log says how far an officer has read.
- The audit log records who looks before anything is returned.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.errors import Malformed
from node.usecases.access import record_access
from node.usecases.acting import caller
from node.usecases.acts import perform
from node.usecases.case_terms import opened_case
from node.usecases.publication import Publication
from node.usecases.purging import chain_at, kind_of
from node.usecases.thread_order import by_name
from node.usecases.threads import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.handling import Handling
    from node.domain.ids import Origin, RecordId
    from node.domain.ports import Codec
    from node.domain.stores import NodeStoreReader
    from node.usecases.audit import AuditLog
    from node.usecases.own_threads import OwnThreads
    from node.usecases.thread_order import Message
    from node.usecases.threads import Thread, Threads

SHOWN: Final = 50
"""Default number of messages on a page."""
MOST_ABSENT: Final = 10_000
"""Named messages that are looked for, if they are not here."""


class Absence(StrEnum):
    """Why a message that another one names is not here."""

    NOT_FOR_US = "not for us"
    DELETED = "deleted"
    NOT_HERE = "not here"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A message with its `number` in the thread, from 1. `handling`: who may read it. `publication`: None for another
    member's message. `unread`: as it was before this page.
    """

    message: Message
    number: int
    handling: Handling
    unread: bool
    publication: Publication | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownThread:
    """A page of a thread. `next`: the number after which the next page begins, None at the end. `absent`: how many
    messages that others name are not here, and why. `answer`: how this node answered the query that the thread is
    about, "" if it did not.
    """

    thread: Thread
    messages: Sequence[ShownMessage]
    next: int | None
    unread: int
    absent: Mapping[Absence, int] = field(default_factory=dict)
    answer: str = ""
    muted: bool = False
    cases: Sequence[str] = field(default_factory=tuple)


class ThreadReading:
    """Blocking: never on the event loop."""

    def __init__(self, *, threads: OwnThreads, codec: Codec, audit: AuditLog) -> None:
        self._threads = threads
        self._codec = codec
        self._audit = audit

    def page(self, name: str, after: int | None = None, limit: int = SHOWN, *, peek: bool = False) -> ShownThread:
        """At most `limit` messages of a thread past the number `after`. None: the newest ones, or from the first unread
        one on. `peek`: nothing is marked as read. Raises `NotFound`, `Misuse`, `Refused`.
        """
        officer, limit = caller().name, max(1, limit)
        with self._threads.store.read() as tx:
            root = self._threads.of(tx).resolve(name)
        record_access(self._audit, "consultation", thread=str(root), limit=limit)
        with self._threads.store.read() as tx:
            threads = self._threads.of(tx)
            thread = threads.thread(root)
            unread = self._unread(thread, tx.read_places(root, officer))
            start = _start(thread, unread, limit) if after is None else max(0, after)
            end = start + limit
            shown = [
                self._shown(tx, threads, each, number, unread=each.record in unread)
                for number, each in enumerate(thread.messages[start:end], start + 1)
            ]
            page = ShownThread(
                thread=thread,
                messages=shown,
                next=end if end < len(thread.messages) else None,
                unread=len(unread),
                absent=_absent(tx, thread),
                answer=self._answer(tx, thread),
                muted=bool(tx.muted_threads([root])),
                cases=tx.cases_of_thread(root),
            )
        read = {} if peek else _read_up_to(thread, unread, {each.message.record for each in shown})
        if read:
            with self._threads.store.write() as tx:
                tx.put_read_places(root, officer, read)
        return page

    def mark_read(self, name: str) -> tuple[RecordId, int]:
        """(The thread, how many messages of others this officer had not read). All of them are read now, those over the
        bounds too. Raises as `page`.
        """
        officer, own = caller().name, self._threads.own.member
        with self._threads.store.write() as tx:
            root = self._threads.of(tx).resolve(name)
            logs = tx.thread_logs(root, officer)
            tx.put_read_places(root, officer, {each.origin: each.last for each in logs})
        return root, sum(each.unread for each in logs if each.origin.member != own)

    def set_muted(self, name: str, *, muted: bool) -> RecordId:
        """Leaves a thread on this node alone, or joins it again. Nobody else learns of it. Raises as `page`."""
        with self._threads.store.read() as tx:
            root = self._threads.of(tx).resolve(name)

        def work() -> RecordId:
            with self._threads.store.write() as tx:
                tx.set_muted(root, muted=muted)
            return root

        return perform(self._audit, "consult leave" if muted else "consult rejoin", work, thread=str(root))

    def put_in_case(self, name: str, case: str) -> RecordId:
        """A thread belongs to a case of this node from now on. Nobody else learns of it. Raises as `page`, and
        `NotFound` for a case that was not opened.
        """
        with self._threads.store.read() as tx:
            root = self._threads.of(tx).resolve(name)

        def work() -> RecordId:
            with self._threads.store.write() as tx:
                opened_case(tx, case)
                tx.put_thread_case(root, case)
            return root

        return perform(self._audit, "consult case", work, thread=str(root), case=case)

    def _shown(
        self, tx: NodeStoreReader, threads: Threads, message: Message, number: int, *, unread: bool
    ) -> ShownMessage:
        publication = None
        if message.member == self._threads.own.member:
            publication = _publication(tx, message.place)
        return ShownMessage(
            message=message,
            number=number,
            handling=threads.handling(message),
            unread=unread,
            publication=publication,
        )

    def _unread(self, thread: Thread, read: Mapping[Origin, int]) -> set[RecordId]:
        """The messages of others past the places up to which an officer has read."""
        own = self._threads.own.member
        return {
            each.record
            for each in thread.messages
            if each.place is not None and each.member != own and each.place[1] > read.get(each.place[0], -1)
        }

    def _answer(self, tx: NodeStoreReader, thread: Thread) -> str:
        query = thread.opening.said.query_id if thread.opening else b""
        signed = tx.answered(thread.opener, query) if query else None
        if signed is None:
            return ""
        try:
            return str(self._codec.decode_answer(signed.answer).outcome)
        except Malformed:  # damaged since it was given: fsck names it
            return ""


def _start(thread: Thread, unread: set[RecordId], limit: int) -> int:
    """The number of messages before the default page."""
    newest = max(0, len(thread.messages) - limit)
    first = next((at for at, each in enumerate(thread.messages) if each.record in unread), newest)
    return min(first, newest)


def _read_up_to(thread: Thread, unread: set[RecordId], shown: set[RecordId]) -> dict[Origin, int]:
    """The places up to which everything that was unread in each log was shown."""
    waiting = sorted(each.place for each in thread.messages if each.place is not None and each.record in unread)
    seen = {each.place for each in thread.messages if each.record in shown}
    read: dict[Origin, int] = {}
    stopped: set[Origin] = set()
    for origin, index in waiting:
        if (origin, index) not in seen:
            stopped.add(origin)
        elif origin not in stopped:
            read[origin] = index
    return read


def _publication(tx: NodeStoreReader, place: tuple[Origin, int] | None) -> Publication:
    if place is None:
        return Publication.QUEUED
    log = tx.log(place[0])
    return Publication.PUBLISHED if log is not None and place[1] < log.cosigned_size else Publication.SIGNED


def _absent(tx: NodeStoreReader, thread: Thread) -> dict[Absence, int]:
    """The messages that others name and that are not here. What names no message counts as not here."""
    here = by_name(thread.messages)
    names = dict.fromkeys(name for each in thread.messages for name in each.said.after if name not in here)
    by_origin: dict[Origin, list[RecordId]] = {}
    for name in list(names)[:MOST_ABSENT]:
        by_origin.setdefault(name.origin, []).append(name)
    counts: Counter[Absence] = Counter()
    for origin, some in by_origin.items():
        # One search of the log for all of them: each search reads its leaf tiles.
        found = tx.find(origin, [each.leaf for each in some])
        reasons = [_absence(tx, each, found.get(each.leaf)) for each in some]
        counts.update(each for each in reasons if each is not None)
    return dict(counts)


def _absence(tx: NodeStoreReader, name: RecordId, index: int | None) -> Absence | None:
    """Why a message is not here; None if it is, and is left out of the thread for another reason."""
    if index is None:
        return Absence.NOT_HERE
    chain = chain_at(tx, name.origin, index, name.leaf)
    if chain.ended or chain.head is None:
        return Absence.DELETED
    entry, state = tx.entry_at(*chain.head)
    if state == BodyState.HELD:
        return None
    if kind_of(entry) not in KINDS or state == BodyState.MISSING:
        return Absence.NOT_HERE
    return Absence.NOT_FOR_US if state == BodyState.NOT_FOR_US else Absence.DELETED
