"""`vigil notice`: requests for yellow and green notices, and the notices that are published.

Rules this module upholds:

- Photographs are fingerprinted here, by confined workers. Only the fingerprints, a reference and days go to the node.
- If a photograph cannot be read, nothing is requested.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli import options
from node.cli.common import Command, Common, common, new_group, one
from node.cli.examined import Files
from node.cli.notice_words import notice_words
from node.cli.output import Line, Output
from node.cli.statement_words import why_words
from node.cli.subjects import read_asked
from node.cli.words import count, record_name
from node.domain.queries import Subject
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Sequence

group = new_group("Request yellow and green notices, and list the notices that are published.")

Files_ = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE|HASH", help="Published photographs, or hashes such as sha256:HEX.", show_default=False
    ),
]
NoticeArgument = Annotated[
    str, typer.Argument(metavar="NOTICE", parser=options.record, help=options.RECORD_HELP, show_default=False)
]
ConsentDay = Annotated[
    int | None,
    typer.Option(
        "--consent-day",
        metavar="YYYY-MM-DD",
        parser=options.day,
        help="The day on which the consent to publish was recorded. A yellow notice needs it.",
    ),
]
Since = Annotated[
    int | None,
    typer.Option(
        "--since", metavar="YYYY-MM-DD", parser=options.day, help="The day since which the person is missing."
    ),
]
Until = Annotated[
    int | None,
    typer.Option(
        "--until", metavar="YYYY-MM-DD", parser=options.day, help="The notice ends everywhere after this day."
    ),
]


class Colour(StrEnum):
    """The colours of INTERPOL's notices that Vigil carries."""

    YELLOW = "yellow"
    GREEN = "green"


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="notice")


@group.command("request", cls=Command)
def request(
    ctx: typer.Context,
    *,
    of: Files_ = None,
    colour: Annotated[Colour, typer.Option("--colour", help="Yellow: a missing person. Green: a warning.")],
    reference: Annotated[
        str, typer.Option("--reference", metavar="R", help="The number under which the notice is published.")
    ],
    consent_day: ConsentDay = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Ask the hub's operator to publish a notice with the fingerprints of published photographs.

    The photographs stay here. The hub's operator sees the reference, the colour, the days, and how many fingerprints
    there are. When the notice is published, every node searches for them at once, and in everything that it takes in
    later.
    """
    given = common(ctx)
    if not of:
        raise Misuse("a notice needs photographs or hashes", remedy="name the published photographs of the person")
    arguments: Line = {"colour": colour.value, "reference": reference}
    _state(given, "notice-request", arguments | _days(consent_day, since, until), of)


@group.command("amend", cls=Command)
def amend(
    ctx: typer.Context,
    notice: NoticeArgument,
    *,
    of: Files_ = None,
    reference: Annotated[str | None, typer.Option("--reference", metavar="R", help="Another reference.")] = None,
    consent_day: ConsentDay = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Change a request of ours. Files or hashes replace all former fingerprints.

    What is published stays published until the hub's operator has decided on the change.
    """
    given = common(ctx)
    arguments: Line = {"notice": notice} | ({} if reference is None else {"reference": reference})
    _state(given, "notice-amend", arguments | _days(consent_day, since, until), of or [])


@group.command("withdraw", cls=Command)
def withdraw(ctx: typer.Context, notice: NoticeArgument) -> None:
    """End a notice of ours at every node. This cannot be undone."""
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("notice-withdraw", {"notice": notice}))
    given.output.line(line, _withdrawn_words)


@group.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    mine: Annotated[bool, typer.Option("--mine", help="Our own requests, in any state.")] = False,
) -> None:
    """List the published notices of all members, or our own requests."""
    given = common(ctx)
    with given.session() as session:
        for line in session.run("notice-list", {"mine": mine}):
            given.output.line(line, notice_words if "state" in line else _sum_words)


@group.command("show", cls=Command)
def show(ctx: typer.Context, notice: NoticeArgument) -> None:
    """Show one notice: its reference, its days, its state, and the hub's reason."""
    given = common(ctx)
    with given.session() as session:
        given.output.line(one(session.run("notice-show", {"notice": notice})), notice_words)


def _days(consent_day: int | None, since: int | None, until: int | None) -> Line:
    named = {"consent_day": consent_day, "since_day": since, "until_day": until}
    return {name: day for name, day in named.items() if day is not None}


def _state(given: Common, command: str, arguments: Line, texts: Sequence[str]) -> None:
    items = _items(given.output, texts) if texts else []
    with given.session() as session:
        line = one(session.run(command, arguments, items))
    given.output.line(line, _stated_words)


def _items(output: Output, texts: Sequence[str]) -> list[Line]:
    """The fingerprints of photographs, as records have them, and the typed hashes. Raises `Misuse` for a bad file."""
    from node import app
    from node.control.lines import subject_line

    asked, files = read_asked(texts), Files(output=output)
    items = [subject_line(each) for each in asked.hashes]
    for each in app.fingerprint_paths(asked.paths) if asked.paths else ():
        prints = files.take(each)
        if prints is not None and each.place is None:
            items.append(subject_line(Subject(fingerprints=prints.fingerprints(), label="")))
    if files.failed:
        raise Misuse("a photograph cannot be read, so nothing is requested", remedy="leave it out, or name a copy")
    return items


def _stated_words(line: Line) -> str:
    words = f"Request {record_name(line['notice'])} is stored. "
    if line["published"]:
        return words + "The hub has it, and its operator decides."
    return words + (why_words(line) or "It will be sent when the node reaches the hub.")


def _withdrawn_words(line: Line) -> str:
    if line["notice"] is None:
        return "The request was never sent, and is deleted."
    return "The notice is ended here. " + (
        "The hub has the retraction, and every node ends the notice when it arrives."
        if line["published"]
        else why_words(line) or "The retraction will be sent when the node reaches the hub."
    )


def _sum_words(line: Line) -> str:
    return f"{count(line['notices'], 'notice')}."
