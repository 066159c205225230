"""Threads and their messages as lines.

Rules this module upholds:

- A value that is not there is null. "members" is "everyone" for a thread that the whole federation may read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.control.cooperation_words import spelled
from node.control.lines import handling_line
from node.control.record_lines import settled_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.control.runner import Line
    from node.usecases.followed_consulting import FollowedTold
    from node.usecases.thread_list import ListedThread
    from node.usecases.thread_reading import ShownMessage, ShownThread


def told_line(said: FollowedTold) -> Line:
    """What an act made in a thread: our entries, and how far they have come."""
    return {
        "thread": str(said.told.thread),
        "records": [str(each) for each in said.told.records],
        "members": _members(said.told.members),
        **settled_line(said.settled),
    }


def listed_thread_line(thread: ListedThread) -> Line:
    """A thread in the list."""
    return {
        "thread": str(thread.root),
        "subject": thread.subject,
        "opener": thread.root.origin.member,
        "members": _members(thread.members),
        "messages": thread.messages,
        "unread": thread.unread,
        "last": {"member": thread.last.member, "at": thread.last.said.at, "record": str(thread.last.record)},
        "closed": thread.closed,
        "muted": thread.muted,
        "cases": list(thread.cases),
        "sent": thread.sent,
    }


def message_line(shown: ShownMessage) -> Line:
    """A message in its thread."""
    message = shown.message
    said = message.said
    return {
        "number": shown.number,
        "record": str(message.record),
        "newest": str(message.newest),
        "member": message.member,
        "step": spelled(said.step),
        "at": said.at,
        "text": said.text,
        "language": said.language or None,
        "about": [str(each) for each in said.about],
        "after": [str(each) for each in said.after],
        "changed": message.newest != message.record,
        "unread": shown.unread,
        "publication": shown.publication,
        "handling": handling_line(shown.handling),
    }


def shown_thread_line(shown: ShownThread) -> Line:
    """The thread that a page is of. "subject" is null if its opening is not here."""
    thread = shown.thread
    opening = thread.opening
    query = opening.said.query_id if opening else b""
    return {
        "thread": str(thread.root),
        "subject": opening.said.subject if opening else None,
        "opener": thread.opener,
        "members": _members(thread.members) if opening else None,
        "closed": thread.is_closed,
        "muted": shown.muted,
        "cases": list(shown.cases),
        "query": query.hex() or None,
        "own_answer": shown.answer or None,
        "messages": len(thread.messages),
        "unread": shown.unread,
        "listed": len(shown.messages),
        "next": shown.next,
        "absent": {str(why): number for why, number in shown.absent.items()},
        "left_out": dict(thread.left_out),
        "uncounted": thread.uncounted,
    }


def _members(members: Sequence[str]) -> list[str] | str:
    return list(members) or "everyone"
