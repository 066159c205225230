"""Who is in a thread: its opener adds and removes members, and authors share what they wrote before.

Rules this module upholds:

- Only the opener decides who is in a thread. It states its opening again, for the new members.
- What others wrote before, a new member reads only if its authors share it.
- Whoever has read a message has read it. So removing a member stops only what is said later.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.errors import Misuse, Refused
from node.usecases.acts import perform
from node.usecases.own_threads import check_readable, told
from node.usecases.thread_order import told_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.handling import Handling
    from node.domain.ids import MemberId, RecordId
    from node.usecases.audit import AuditLog
    from node.usecases.ledger import Ledger
    from node.usecases.own_threads import OwnThreads, Told
    from node.usecases.threads import Thread


class ThreadMembers:
    """Blocking: never on the event loop."""

    def __init__(self, *, threads: OwnThreads, ledger: Ledger, audit: AuditLog) -> None:
        self._threads = threads
        self._ledger = ledger
        self._audit = audit

    def add(self, name: str, members: Sequence[MemberId]) -> Told:
        """More members in a thread of ours. Raises `Refused`, `Misuse`, `NotFound`."""
        thread = self._threads.open(name)
        return self._change(thread, "consult add", {*thread.members, *members})

    def remove(self, name: str, members: Sequence[MemberId]) -> Told:
        """Fewer members in a thread of ours. Raises `Refused`, `Misuse`, `NotFound`."""
        thread = self._threads.open(name)
        absent = sorted({*members} - {*thread.members})
        if absent:
            raise Misuse(f"{absent[0]} is not in this thread", remedy=f"in it: {', '.join(thread.members)}")
        return self._change(thread, "consult remove", {*thread.members} - {*members})

    def share(self, name: str) -> Told:
        """Our messages in a thread that somebody in it may not read yet are stated again, for all who are in it now.
        A message that waits for its place in our log is left as it is: its name would change. Raises `Refused`,
        `NotFound`.
        """
        own = self._threads.own.member
        thread = self._threads.any(name)
        check_readable(thread)
        handling = self._threads.present(thread)
        with self._threads.store.read() as tx:
            threads = self._threads.of(tx)
            said = [each for each in thread.messages[1:] if each.member == own and each.was_sent]
            narrower = [each for each in said if not _covers(threads.handling(each), handling)]

        def work() -> list[RecordId]:
            return [self._ledger.revise(each.newest, each.said, handling) for each in narrower]

        return told(thread, perform(self._audit, "consult share", work, thread=str(thread.root)))

    def _change(self, thread: Thread, what: str, members: set[MemberId]) -> Told:
        own = self._threads.own.member
        self._threads.check_opener(thread, "decides who is in it")
        if thread.opening is None or thread.handling is None:
            raise Refused("the opening of this thread is not here")
        if not thread.opening.was_sent:
            raise Refused(
                "this thread has not left this node yet", remedy="try again once it is sent: see vigil node status"
            )
        audience = tuple(sorted(members - {own}))
        if own not in members or not audience:
            raise Refused("nobody else would be in this thread", remedy="vigil consult close THREAD ends it")
        if thread.is_for_everyone or audience == thread.handling.audience:
            raise Misuse("this changes nothing: the same members are in the thread")
        opening, handling = thread.opening, replace(thread.handling, audience=audience)
        # It names the messages of those who leave, so that these stay part of the thread.
        said = replace(opening.said, after=told_of(thread.messages))

        def work() -> RecordId:
            return self._ledger.revise(opening.newest, said, handling)

        record = perform(self._audit, what, work, thread=str(thread.root), members=list(audience))
        return replace(told(thread, [record]), members=tuple(sorted(members)))


def _covers(has: Handling, wanted: Handling) -> bool:
    """Whether all readers of `wanted` may read what has the handling `has`."""
    if has.audience is None or wanted.audience is None:
        return has.audience is None
    return {*wanted.audience} <= {*has.audience}
