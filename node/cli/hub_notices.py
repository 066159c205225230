"""`vigil hub notices` and `vigil hub log-key`: the review of notices, and the key that it needs.

Rules this module upholds:

- The operator sees what a notice is about and how many fingerprints it has, never a hash.
"""

from __future__ import annotations

from typing import Annotated

import typer

from node.cli import options
from node.cli.common import Command, common, new_group, one
from node.cli.digits import digits
from node.cli.notice_words import notice_words
from node.cli.output import Line, plain
from node.cli.words import count

group = new_group("Review the members' requests for notices.")

NoticeArgument = Annotated[
    str, typer.Argument(metavar="NOTICE", parser=options.record, help=options.RECORD_HELP, show_default=False)
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="The reason; the member reads it.")]


@group.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that wait for a decision.")] = False,
) -> None:
    """List the members' requests for notices, the newest of each member first."""
    given = common(ctx)
    with given.session() as session:
        for line in session.run("notices", {"waiting": waiting}):
            given.output.line(line, notice_words if "state" in line else _sum_words)


@group.command("publish", cls=Command)
def publish(ctx: typer.Context, notice: NoticeArgument, reason: ReasonOption = "") -> None:
    """Publish a notice, or a change of it: every node searches for its fingerprints from now on."""
    _decide(ctx, "notices-publish", notice, reason)


@group.command("refuse", cls=Command)
def refuse(ctx: typer.Context, notice: NoticeArgument, reason: ReasonOption) -> None:
    """Refuse a request. Only the member that made it reads the reason."""
    _decide(ctx, "notices-refuse", notice, reason)


@group.command("withdraw", cls=Command)
def withdraw(ctx: typer.Context, notice: NoticeArgument, reason: ReasonOption) -> None:
    """Withdraw a published notice: no node searches for it any more. Every member can read the reason."""
    _decide(ctx, "notices-withdraw", notice, reason)


def _decide(ctx: typer.Context, command: str, notice: str, reason: str) -> None:
    given = common(ctx)
    with given.session() as session:
        given.output.line(one(session.run(command, {"notice": notice, "reason": reason})), notice_words)


def _sum_words(line: Line) -> str:
    words = [f"{count(line['notices'], 'request')}."]
    for member, number in line["left_out"].items():
        words.append(
            f"{count(number, 'older request')} of {plain(member)} not shown: ask the member why there are so many."
        )
    return "\n".join(words)


def log_key(ctx: typer.Context) -> None:
    """Make the key of the hub's own log, in which it publishes and refuses notices.

    A hub made by an earlier version has no such key, and a restored hub needs a new one. Before the authority signs it,
    every node and the authority need a version of Vigil that knows the hub's own log.
    """
    given = common(ctx)
    with given.session() as session:
        given.output.line(one(session.run("log-key", {})), _key_words)


def _key_words(line: Line) -> str:
    return (
        "The key waits for the authority. Compare the HUB digits with the authority by telephone:\n"
        f"{digits('HUB', line['hub_fingerprint'])}\n"
        f"Next: {plain(line['next'])}"
    )
