"""`vigil group`: named audiences for joint operations.

Rules this module upholds:

- A group is named by its name, with or without @, or by its id. The node finds the group.
- Sharing many records asks first. Without a terminal it needs --yes.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, common, new_group, one
from node.cli.consent import run_agreed
from node.cli.group_words import readdressed_words, row_words, said_words, share_end_words, whole_words
from node.cli.interruption import Interruption
from node.cli.main import ExitCode
from node.cli.output import Line, Output, plain
from node.cli.words import count

group = new_group("Groups for joint operations: found, invite, accept, leave, close; share records with one.")
GroupArgument = Annotated[
    str,
    typer.Argument(metavar="GROUP", help="Its name, or the first 8 or more digits of its id.", show_default=False),
]
MembersArgument = Annotated[
    list[str], typer.Argument(metavar="MEMBER...", parser=options.member, help="Members, such as FR JP.")
]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="group")


@group.command("found", cls=Command)
def found(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the operation.", show_default=False)],
    purpose: Annotated[
        str, typer.Option("--purpose", metavar="TEXT", help="What the operation is for.", show_default=False)
    ],
    invite: Annotated[
        list[str],
        typer.Option("--invite", metavar="FR,JP", help="Invite these members; repeatable.", show_default=False),
    ],
    until: Annotated[
        int,
        typer.Option(
            "--until",
            metavar="YYYY-MM-DD",
            parser=options.day,
            help="Its last day. After it, all statements about the group are deleted.",
            show_default=False,
        ),
    ],
) -> None:
    """Found a group. Only the hub and the invited members read its name and purpose.

    A group gives no right: what is sent to @NAME is for the members that have accepted at that moment.
    """
    members = [member for text in invite for member in options.members(text)]
    _say(ctx, "group-found", {"name": name, "purpose": purpose, "members": members, "last_day": until})


@group.command("invite", cls=Command)
def invite(ctx: typer.Context, name: GroupArgument, members: MembersArgument) -> None:
    """Invite more members to a group of ours. They do not see earlier records: see `vigil group share`."""
    _say(ctx, "group-invite", {"group": name, "members": list(members)})


@group.command("remove", cls=Command)
def remove(ctx: typer.Context, name: GroupArgument, members: MembersArgument) -> None:
    """Invite these members no more. They keep what they have read; `vigil group share` takes our records back."""
    _say(ctx, "group-remove", {"group": name, "members": list(members)})


@group.command("accept", cls=Command)
def accept(ctx: typer.Context, name: GroupArgument) -> None:
    """Join a group to which we are invited. Its present and later members learn that we are in it."""
    _say(ctx, "group-accept", {"group": name})


@group.command("decline", cls=Command)
def decline(ctx: typer.Context, name: GroupArgument) -> None:
    """Decline an invitation. You can still accept later."""
    _say(ctx, "group-decline", {"group": name})


@group.command("leave", cls=Command)
def leave(ctx: typer.Context, name: GroupArgument) -> None:
    """Leave a group that we have accepted. We keep what we have read. You can accept again."""
    _say(ctx, "group-leave", {"group": name})


@group.command("close", cls=Command)
def close(ctx: typer.Context, name: GroupArgument) -> None:
    """Close a group of ours. Nothing more can be sent to it. The records in it stay as they are."""
    _say(ctx, "group-close", {"group": name})


@group.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    past: Annotated[bool, typer.Option("--all", help="Also groups that are over.")] = False,
) -> None:
    """List the groups to which we are invited, and what we are in each."""
    given = common(ctx)
    end: Line = {}
    with given.session() as session:
        for line in session.run("groups", {"past": past}):
            given.output.line(line, row_words if "group" in line else None)
            end = line
    if not end["listed"]:
        given.output.note("no groups here" if past else "no open groups here; --all shows also those that are over")


@group.command("show", cls=Command)
def show(ctx: typer.Context, name: GroupArgument) -> None:
    """Show a group: its purpose, its last day, and what each member is in it."""
    given = common(ctx)
    with given.session() as session:
        given.output.line(one(session.run("group-show", {"group": name})), whole_words)


@group.command("share", cls=Command)
def share(
    ctx: typer.Context,
    name: GroupArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be shared, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Share more than 10 records without asking.")] = False,
) -> None:
    """Share our records and links of a group with its present members: for those who joined later.

    Each record is corrected: it says the same, to the members that are in the group now. Members that have left do not
    have it any more. More than 10 records need a confirmation.
    """
    given = common(ctx)
    told = _Shared(given.output)
    with given.session() as session:
        try:
            run_agreed(
                session,
                "group-share",
                {"group": name, "dry_run": dry_run, "yes": yes},
                interruption=lambda: Interruption(given.output, _INTERRUPTED),
                told=told.line,
                question=_question,
            )
        except KeyboardInterrupt:
            given.output.note(_SEE)
            raise typer.Exit(ExitCode.INTERRUPTED) from None
    told.end()


_INTERRUPTED: Final = "finishing the records that are being shared (press Ctrl-C again to stop now)"
_SEE: Final = "Run the same command again to continue."


class _Shared:
    """Prints the lines of `share`, and keeps how it ended."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._code = ExitCode.OK

    def line(self, line: Line) -> None:
        """Prints one line: a record, or the summary."""
        if "record" in line:
            self._output.line(line, readdressed_words)
            return
        self._output.line(line, share_end_words)
        self._code = ExitCode.ERROR if line["kept"] else self._code
        if line.get("interrupted"):
            self._code = ExitCode.INTERRUPTED
            self._output.note(_SEE)

    def end(self) -> None:
        """Ends the command with its exit code."""
        if self._code:
            raise typer.Exit(self._code)


def _question(line: Line) -> str:
    readers = ", ".join(map(plain, line["members"]))
    return f"This would share {count(line['would_share'], 'record')} with {readers}. Share them?"


def _say(ctx: typer.Context, command: str, arguments: Line) -> None:
    given = common(ctx)
    with given.session() as session:
        given.output.line(one(session.run(command, arguments)), said_words)
