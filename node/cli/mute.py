"""`vigil mute`: hides the hits of one member, only on this node.

Rules this module upholds:

- Every summary counts the muted hits, and `--show-all` shows them.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli.common import Command, common, one
from node.cli.output import Line, plain
from node.cli.words import moment
from node.errors import Misuse

_LIST: Final = "list"


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("mute", cls=Command)(mute)


def mute(
    ctx: typer.Context,
    member: Annotated[
        str,
        typer.Argument(metavar="MEMBER|list", help="The member's id, for example FR; or: list.", show_default=False),
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="The reason, in one line, for the audit log.")
    ] = "",
    lift: Annotated[bool, typer.Option("--lift", help="End the mute: show the member's hits again.")] = False,
) -> None:
    """Hide the hits on one member's records on this node, or show them again with --lift.

    Use this when a member fills the lists with useless hits. Nothing is deleted: the records are kept,
    verified and compared as before. Every command says how many hits it does not show; --show-all shows them. No other
    member learns of it, and the answers of this node do not change. The audit log records it.

    vigil mute list names the muted members.
    """
    given = common(ctx)
    if member == _LIST and (lift or reason):
        raise Misuse("vigil mute list takes no --reason and no --lift", remedy="name a member: vigil mute MEMBER")
    if lift and reason:
        raise Misuse("a mute is lifted without a reason", remedy="leave out --reason")
    with given.session() as session:
        if member == _LIST:
            listed = 0
            for line in session.run("mute-list", {}):
                listed += 1
                given.output.line(line, _listed_words)
            if not listed:
                given.output.say("No member is muted.")
            return
        if lift:
            line = one(session.run("mute-lift", {"member": member}))
        else:
            line = one(session.run("mute", {"member": member, "reason": reason}))
    given.output.line(line, _done_words)


def _listed_words(line: Line) -> str:
    words = f"{plain(line['member']):<6} muted since {moment(line['at'])}"
    return f"{words}: {plain(line['reason'])}" if line["reason"] else words


def _done_words(line: Line) -> str:
    member = plain(line["member"])
    if line["muted"]:
        return f"{member} is muted here. To show its hits again: vigil mute {member} --lift"
    return f"{member} is not muted any more."
