"""The threads of this node as a list: what is unread, who spoke last, who is in them.

Rules this module upholds:

- For each thread it reads the opening and the last message of each log. Messages are counted, not read: a thread of
  10,000 messages costs as much as a short one.
- Only messages of those who are in a thread now are counted. A member outside cannot raise the number.
- Unread is what other members said and this officer has not read. A message that its author changed is unread again.
- The audit log records who looks before anything is returned.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from node.domain.consultations import ConsultationStep
from node.usecases.access import record_access
from node.usecases.acting import caller
from node.usecases.purging import chain_at
from node.usecases.thread_order import in_order
from node.usecases.threads import members_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.stores import NodeStoreReader
    from node.usecases.audit import AuditLog
    from node.usecases.own_threads import OwnThreads
    from node.usecases.thread_order import Message
    from node.usecases.threads import Threads

LISTED: Final = 50
"""Default number of threads on a page."""
_READ_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedThread:
    """A thread in the list. `members`: (): everyone of the federation. `messages`: how many those in it wrote, with the
    opening; `last`: the newest one; `muted`: this node has left it; `cases`: to which it belongs here; `sent`: whether
    its opening has a place in our log.
    """

    root: RecordId
    subject: str
    members: tuple[MemberId, ...]
    messages: int
    unread: int
    last: Message
    closed: bool
    muted: bool
    cases: Sequence[str] = field(default_factory=tuple)
    sent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPage:
    """Threads in the order in which they came. `next`: the thread after which the next page begins, None at the end."""

    threads: Sequence[ListedThread]
    next: RecordId | None


class ThreadList:
    """Blocking: never on the event loop."""

    def __init__(self, *, threads: OwnThreads, audit: AuditLog) -> None:
        self._threads = threads
        self._audit = audit

    def page(self, *, unread: bool = False, closed: bool = False, after: str = "", limit: int = LISTED) -> ThreadPage:
        """At most `limit` threads past the thread `after`. `unread`: only those with unread messages, which this node
        has not left; otherwise those that are `closed`, or those that are not.
        """
        record_access(self._audit, "consultations", unread=unread, closed=closed, limit=limit)
        found: list[ListedThread] = []
        limit = max(1, limit)
        with self._threads.store.read() as tx:
            threads = self._threads.of(tx)
            past = threads.resolve(after) if after else None
            for each in self._all(tx, threads, past):
                wanted = each.unread and not each.muted if unread else each.closed is closed
                if wanted and len(found) == limit:
                    return ThreadPage(threads=found, next=found[-1].root)
                found += [each] if wanted else []
        return ThreadPage(threads=found, next=None)

    def _all(self, tx: NodeStoreReader, threads: Threads, past: RecordId | None) -> Iterator[ListedThread]:
        """Every thread past this one: those in logs first, then ours that wait for a place."""
        unsent = [each for each in threads.unsent if each.said.thread is None]
        waiting = {each.record: each for each in unsent}
        after = None if past is None else _place_of(tx, past)
        if past is None or after is not None:
            while page := tx.openings(limit=_READ_AT_ONCE, after=after):
                after = (page[-1].origin, page[-1].index)
                for mention in page:
                    placed = threads.messages_at(mention.origin, [mention.index])
                    opening = waiting.pop(mention.record, None) or next(placed, None)
                    if opening is not None:
                        yield self._listed(tx, threads, opening)
        names = list(waiting)
        begin = names.index(past) + 1 if past in waiting else 0
        for name in names[begin:]:
            yield self._listed(tx, threads, waiting[name])

    def _listed(self, tx: NodeStoreReader, threads: Threads, opening: Message) -> ListedThread:
        root, own = opening.record, self._threads.own.member
        opener, handling = root.origin.member, threads.handling(opening)
        logs = [each for each in tx.thread_logs(root, caller().name) if handling.admits(each.origin.member, opener)]
        unsent = [each for each in threads.unsent if each.said.thread == root]
        new = [each for each in [opening, *unsent] if each.place is None]
        newest = [message for log in logs for message in threads.messages_at(log.origin, [log.last])]
        replies = [each for each in [*newest, *unsent] if each.record != root]
        closing = {each.member for each in tx.closing_logs(root)}
        closing |= {own for each in unsent if each.said.step is ConsultationStep.CLOSE}
        return ListedThread(
            root=root,
            subject=opening.said.subject,
            members=members_of(handling, opener),
            messages=sum(log.messages for log in logs) + sum(each.record == each.newest for each in new),
            unread=sum(log.unread for log in logs if log.origin.member != own),
            last=in_order(replies)[-1] if replies else opening,
            closed=opener in closing,
            muted=bool(tx.muted_threads([root])),
            cases=tx.cases_of_thread(root),
            sent=opening.place is not None,
        )


def _place_of(tx: NodeStoreReader, root: RecordId) -> tuple[Origin, int] | None:
    """Where the newest version of an opening is; None if it waits for a place."""
    index = tx.find(root.origin, [root.leaf]).get(root.leaf)
    return None if index is None else chain_at(tx, root.origin, index, root.leaf).head
