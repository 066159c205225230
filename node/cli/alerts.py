"""`vigil alerts`: what happened that an officer wants to know at once.

Rules this module upholds:

- An alert names what it is about, and says which command shows more. It has no contents.
- Every text from other members goes through `plain`.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli.common import Command, common, new_listing_group, one
from node.cli.output import Line, plain
from node.cli.words import count, moment

_LISTED: Final = 50
_WORDS: Final = {
    "watch-answered": "{member} has found what a watch of ours asks for: vigil watch show {about}",
    "local-watch": "new records of {member} match a local watch: vigil watch show {about}",
    "case-hit": "new records of {member} match holdings of an open case: vigil hits --case {case} --new",
    "notice-hit": "holdings match a published notice: vigil notice show {about}, vigil hits --new",
    "consultation": "{member} wrote in a consultation: vigil consult show {about}",
    "record-linked": "{member} links a record of ours: vigil links {about}",
    "record-retracted": "{member} retracted a record that a reviewed hit is on: vigil records --record {about}",
    "record-corrected": "{member} corrected a record that a reviewed hit is on: vigil records --record {about}",
    "record-disputed": "{member} disputes a record that a reviewed hit is on: vigil records --record {about}",
}
"""What happened, and the command that shows it."""

group = new_listing_group()


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="alerts")


@group.callback()
def alerts(
    ctx: typer.Context,
    new: Annotated[bool, typer.Option("--new", help="Only alerts that nobody has seen.")] = False,
    case: Annotated[str, typer.Option("--case", metavar="REF", help="Only alerts of this case.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Show at most this many.")] = _LISTED,
    before: Annotated[int, typer.Option("--before", metavar="N", min=0, help="Show the alerts before alert N.")] = 0,
) -> None:
    """List what happened that an officer wants to know at once, the newest first.

    An alert is new until an officer marks it: vigil alerts seen N. What happens again before that is counted in the
    same alert.
    """
    if ctx.invoked_subcommand is not None:
        return
    given = common(ctx)
    shown = last = 0
    with given.session() as session:
        for line in session.run("alerts", {"new": new, "case": case, "limit": limit, "before": before}):
            shown += 1
            given.output.line(line, alert_words)
            last = line["alert"]
    if not shown:
        given.output.note("no new alerts" if new else "no alerts")
    elif shown == limit:
        given.output.note(f"There may be more. The next ones: --before {last}")


@group.command("seen", cls=Command)
def seen(
    ctx: typer.Context,
    numbers: Annotated[
        list[int], typer.Argument(metavar="N...", min=1, help="The numbers of the alerts.", show_default=False)
    ],
) -> None:
    """Mark alerts as seen, for the whole node. The alert and the audit log have your name."""
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("alerts-seen", {"alerts": [str(number) for number in numbers]}))
    given.output.line(line, _seen_words)


def _seen_words(line: Line) -> str:
    marked = len(line["seen"])
    return f"{count(marked, 'alert')} marked as seen." if marked else "They were marked as seen before."


def alert_words(line: Line) -> str:
    """One alert, with the command that shows more."""
    shown = {name: plain(line[name] or "?") for name in ("about", "case", "member")}
    what = _WORDS.get(line["what"], "{about}").format(**shown)
    state = "new" if line["state"] == "new" else f"seen by {plain(line['seen_by'] or 'nobody named')}"
    times = f", {line['count']:,} times" if line["count"] > 1 else ""
    case = f", case {plain(line['case'])}" if line["case"] else ""
    return f"{line['alert']:>5}  {moment(line['at'])}{times}{case}, {state}\n       {what}"
