"""`vigil consult`: threads of messages between members, about records, links, or the answers to a query.

Rules this module upholds:

- A thread is named by any of its messages. A text can be read from standard input, because other users of the machine
  can see the words of a command line.
- What other members wrote goes through `plain`, in indented lines, so that it cannot pass for other output.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli import consult_members, options
from node.cli.common import Command, common, new_group, one
from node.cli.consult_words import list_end_words, listed_words, message_words, thread_words, told_words
from node.cli.output import Line
from node.cli.retract import Reason
from node.cli.statement_options import CodeOption, PurposeOption, RetainOption, handling_given
from node.cli.texts import text_or_input
from node.cli.words import count, record_name

_LISTED: Final = 50
ThreadArgument = consult_members.ThreadArgument
TextArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[TEXT]", help="The message. Without it, or with -, standard input is read.", show_default=False
    ),
]
AboutOption = Annotated[
    list[str] | None,
    typer.Option(
        "--about",
        metavar="RECORD",
        parser=options.record,
        help="A record, a link or another statement that it is about; may be repeated.",
    ),
]
LanguageOption = Annotated[
    str, typer.Option("--language", metavar="CODE", help="The language of the text, for example fr.")
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Show at most this many.")]

group = new_group("Consult other members: threads of messages that only their members read.")


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    consult_members.add_to(group)
    app.add_typer(group, name="consult")


@group.command("open", cls=Command)
def open_(
    ctx: typer.Context,
    text: TextArgument = None,
    *,
    to: Annotated[
        options.Members,
        typer.Option(
            "--to",
            metavar="FR,JP|@GROUP",
            parser=options.recipients,
            help="Who may read the thread and answer in it: members, or the present members of a group.",
        ),
    ],
    subject: Annotated[str, typer.Option("--subject", metavar="SUBJECT", help="What it is about, in one line.")],
    about: AboutOption = None,
    about_query: Annotated[
        str | None,
        typer.Option(
            "--about-query", metavar="ID", parser=options.query_id, help="Our query whose answers it is about."
        ),
    ] = None,
    case: Annotated[
        str | None, typer.Option("--case", metavar="REF", help="Our case that the thread belongs to. It is never sent.")
    ] = None,
    language: LanguageOption = "",
    purposes: PurposeOption = None,
    code: CodeOption = None,
    retain: RetainOption = None,
) -> None:
    """Open a thread with other members. Nobody else learns its subject or its text."""
    given = common(ctx)
    arguments: Line = {
        "subject": subject,
        "text": text_or_input(text, given.output, "message"),
        "handling": handling_given(to, purposes, code, retain),
        "about": about or [],
        "language": language,
        "case": case or "",
    } | ({"query": about_query} if about_query else {})
    _say(ctx, "consult-open", arguments, "Opened the thread")


@group.command("reply", cls=Command)
def reply(
    ctx: typer.Context,
    thread: ThreadArgument,
    text: TextArgument = None,
    about: AboutOption = None,
    language: LanguageOption = "",
) -> None:
    """Say something in a thread, to all who are in it now."""
    message = text_or_input(text, common(ctx).output, "message")
    arguments = {"thread": thread, "text": message, "about": about or [], "language": language}
    _say(ctx, "consult-reply", arguments, "Said in the thread")


@group.command("show", cls=Command)
def show(
    ctx: typer.Context,
    thread: ThreadArgument,
    after: Annotated[
        int | None,
        typer.Option(
            "--after",
            metavar="N",
            min=0,
            help="Show the messages after number N. Default: the newest ones, or from the first unread one on.",
        ),
    ] = None,
    limit: LimitOption = _LISTED,
    peek: Annotated[bool, typer.Option("--peek", help="Do not mark what is shown as read.")] = False,
) -> None:
    """Show the messages of a thread, in their order. What is shown counts as read, for you alone."""
    given = common(ctx)
    arguments: Line = {"thread": thread, "limit": limit, "peek": peek} | ({} if after is None else {"after": after})
    with given.session() as session:
        lines = list(session.run("consult-show", arguments))
    if given.output.json:
        for line in lines:
            given.output.line(line)
        return
    given.output.say(thread_words(lines[-1]))
    for line in lines[:-1]:
        given.output.say(message_words(line))
    if lines[-1]["next"] is not None:
        given.output.note(f"There are more. The next ones: --after {lines[-1]['next']}")


@group.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    unread: Annotated[
        bool, typer.Option("--unread", help="Only threads with messages that you have not read.")
    ] = False,
    closed: Annotated[bool, typer.Option("--closed", help="Only closed threads. Default: only open ones.")] = False,
    limit: LimitOption = _LISTED,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="THREAD", parser=options.record, help="List the threads after this one."),
    ] = None,
) -> None:
    """List the threads that this node is in, and how many messages in each you have not read."""
    given = common(ctx)
    arguments = {"unread": unread, "closed": closed, "limit": limit, "after": after or ""}
    with given.session() as session:
        for line in session.run("consult-list", arguments):
            given.output.line(line, None if "listed" in line else listed_words)
            if "listed" in line:
                given.output.note(list_end_words(line))


@group.command("close", cls=Command)
def close(
    ctx: typer.Context,
    thread: ThreadArgument,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="A last word; - reads standard input.", show_default=False)
    ] = None,
) -> None:
    """Close a thread that we opened, for all. Nobody answers in a closed thread."""
    last = "" if text is None else text_or_input(text, common(ctx).output, "message")
    _say(ctx, "consult-close", {"thread": thread, "text": last}, "Closed the thread")


@group.command("reopen", cls=Command)
def reopen(ctx: typer.Context, thread: ThreadArgument) -> None:
    """Open a thread again that we opened and closed."""
    _say(ctx, "consult-reopen", {"thread": thread}, "Opened again: the thread")


@group.command("retract", cls=Command)
def retract(
    ctx: typer.Context,
    message: Annotated[
        str,
        typer.Argument(
            metavar="MESSAGE", parser=options.record, help="The id of a message of ours.", show_default=False
        ),
    ],
    reason: Annotated[Reason, typer.Option("--reason", help="The reason. Everyone sees it.")] = Reason.UNSTATED,
) -> None:
    """Retract a message of ours: every node deletes it. Whoever has read it has read it."""
    _say(ctx, "consult-retract", {"message": message, "reason": reason.value}, "Retracted a message in the thread")


@group.command("mark-read", cls=Command)
def mark_read(ctx: typer.Context, thread: ThreadArgument) -> None:
    """Mark all messages of a thread as read, for you alone."""
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("consult-mark-read", {"thread": thread}))
    given.output.line(line, lambda line: f"{count(line['read'], 'message')} marked as read.")


@group.command("case", cls=Command)
def case_(
    ctx: typer.Context,
    thread: ThreadArgument,
    case: Annotated[str, typer.Argument(metavar="REF", help="The case reference.", show_default=False)],
) -> None:
    """Put a thread into a case of this node. Nobody else learns of it."""
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("consult-case", {"thread": thread, "case": case}))
    given.output.line(line, lambda line: f"The thread {record_name(line['thread'])} belongs to the case now.")


def _say(ctx: typer.Context, command: str, arguments: Line, done: str) -> None:
    given = common(ctx)
    with given.session() as session:
        line = one(session.run(command, arguments))
    given.output.line(line, lambda line: told_words(line, done))
