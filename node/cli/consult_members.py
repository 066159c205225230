"""`vigil consult add`, `remove`, `share` and `leave`: who is in a thread.

Rules this module upholds:

- The output says what a change does not do: a message that was read stays read.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, common, one
from node.cli.consult_words import told_words
from node.cli.output import Line
from node.cli.words import count, record_name

ThreadArgument = Annotated[
    str,
    typer.Argument(
        metavar="THREAD",
        parser=options.record,
        help="The id of the thread, or of a message in it: the first 8 or more hex digits.",
        show_default=False,
    ),
]
MembersArgument = Annotated[
    list[str],
    typer.Argument(metavar="MEMBER...", parser=options.member, help="Members, for example FR.", show_default=False),
]
_ADDED: Final = (
    "They can read the opening, and what is said from now on. What was said before, they read once each author shares "
    "it: vigil consult share THREAD."
)
_REMOVED: Final = "What they have read, they have read. They do not read what is said from now on."


def add_to(group: typer.Typer) -> None:
    """Adds the commands to `vigil consult`."""
    for name, work in (("add", add), ("remove", remove), ("share", share), ("leave", leave)):
        group.command(name, cls=Command)(work)


def add(ctx: typer.Context, thread: ThreadArgument, members: MembersArgument) -> None:
    """Add members to a thread that we opened."""
    line = _run(ctx, "consult-add", {"thread": thread, "members": members})
    common(ctx).output.line(line, lambda line: told_words(line, "Added members to the thread") + f" {_ADDED}")


def remove(ctx: typer.Context, thread: ThreadArgument, members: MembersArgument) -> None:
    """Remove members from a thread that we opened. What they have read, they have read."""
    line = _run(ctx, "consult-remove", {"thread": thread, "members": members})
    common(ctx).output.line(line, lambda line: told_words(line, "Removed members from the thread") + f" {_REMOVED}")


def share(ctx: typer.Context, thread: ThreadArgument) -> None:
    """Share what we said before in a thread with those who joined it later."""
    line = _run(ctx, "consult-share", {"thread": thread})
    common(ctx).output.line(line, _shared_words)


def leave(
    ctx: typer.Context,
    thread: ThreadArgument,
    rejoin: Annotated[bool, typer.Option("--rejoin", help="Join it again.")] = False,
) -> None:
    """Leave a thread on this node: it is no longer listed as unread. Nobody else learns of it."""
    line = _run(ctx, "consult-leave", {"thread": thread, "rejoin": rejoin})
    common(ctx).output.line(line, _left_words)


def _run(ctx: typer.Context, command: str, arguments: Line) -> Line:
    with common(ctx).session() as session:
        return one(session.run(command, arguments))


def _shared_words(line: Line) -> str:
    if not line["records"]:
        return "Nothing to share: all who are in the thread may read what we said."
    return told_words(line, f"Shared {count(len(line['records']), 'message')} in the thread")


def _left_words(line: Line) -> str:
    thread = record_name(line["thread"])
    return (
        f"This node has left the thread {thread}." if line["muted"] else f"This node is in the thread {thread} again."
    )
