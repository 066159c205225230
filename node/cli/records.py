"""`vigil retract`, `opine`, `comment` and `records`: what becomes of a record, what others say of it, and the list.

Rules this module upholds:

- A record is named as it is shown: whole, or by the first digits of its leaf hash. Which record that is, the node says.
- What a record says and what others say of it is printed as text, stripped of whatever could steer a terminal.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, common, one
from node.cli.output import Line, Output, plain
from node.cli.words import (
    category_code,
    category_words,
    clock_words,
    count,
    day_words,
    new_table,
    record_name,
    speaker,
)
from node.errors import Misuse


class Reason(StrEnum):
    """Why a record is taken back."""

    UNSTATED = "unstated"
    MISTAKE = "mistake"
    NOT_ILLEGAL = "not-illegal"
    LEGAL_ORDER = "legal-order"
    VICTIM_REQUEST = "victim-request"
    DUPLICATE = "duplicate"


class Verdict(StrEnum):
    """A view of a record."""

    CONFIRM = "confirm"
    DISPUTE = "dispute"


_LISTED: Final = 100
_FRAMES_SHOWN: Final = 5
"""Frames of a video's record that people are shown."""
_FOLDS: Final = ("State", "Category")
RecordArgument = Annotated[str, typer.Argument(metavar="RECORD", parser=options.record, help=options.RECORD_HELP)]


def register(app: typer.Typer) -> None:
    """Adds the commands to the command tree."""
    app.command("retract", cls=Command)(retract)
    app.command("opine", cls=Command)(opine)
    app.command("comment", cls=Command)(comment)
    app.command("records", cls=Command)(records)


def retract(
    ctx: typer.Context,
    record: RecordArgument,
    reason: Annotated[
        Reason, typer.Option("--reason", help="The reason; every member can read it.", show_default=False)
    ],
) -> None:
    """Take one of our records back: its body is deleted here at once, and at every member as the retraction arrives.

    It cannot be undone. The log keeps that there was a record, and not what it said.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("retract", {"record": record, "reason": reason.value}))
    given.output.line(line, lambda line: f"{record_name(line['record'])}: {plain(line['state'])}")


def opine(
    ctx: typer.Context,
    record: RecordArgument,
    verdict: Annotated[Verdict, typer.Argument(help="Our view of it.", show_default=False)],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="The reason, in one sentence.")] = "",
) -> None:
    """Confirm or dispute a record, in our own log, for those who may read that record. It changes nothing in it."""
    _say(ctx, "opine", {"record": record, "verdict": verdict.value, "note": note})


def comment(
    ctx: typer.Context,
    record: RecordArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The remark.", show_default=False)],
    language: Annotated[str, typer.Option("--language", metavar="CODE", help="Its language, such as fr.")] = "",
) -> None:
    """Remark on a record, in our own log, for those who may read that record."""
    if not text.strip():
        raise Misuse("a remark says something", remedy="nothing was said; give its text")
    _say(ctx, "comment", {"record": record, "text": text, "language": language})


def _say(ctx: typer.Context, command: str, arguments: Line) -> None:
    given = common(ctx)
    with given.session() as session:
        line = one(session.run(command, arguments))
    given.output.line(line, lambda line: f"Said of {record_name(line['about'])}, as {record_name(line['record'])}.")


def records(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    member: Annotated[
        str | None, typer.Option("--member", metavar="FR", parser=options.member, help="Only records of this member.")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only our own records.")] = False,
    record: Annotated[
        str | None,
        typer.Option(
            "--record", metavar="RECORD", parser=options.record, help="One record with all its fields and all remarks."
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=1_000_000, help="Maximum number of records per member.")
    ] = _LISTED,
    after: Annotated[
        int, typer.Option("--after", metavar="INDEX", min=0, help="Start after this index in each log.")
    ] = 0,
) -> None:
    """List the records that are here: every member's, oldest first."""
    given = common(ctx)
    arguments = {"member": member or "", "mine": mine, "record": record or "", "limit": limit, "after": after}
    found: list[Line] = []
    with given.session() as session:
        for line in session.run("records", arguments):
            given.output.line(line)
            if not given.output.json:
                found.append(line)
    if record:
        for line in found:
            _print_whole(given.output, line)
    elif found:
        _print_table(given.output, found)
    elif not given.output.json:
        given.output.note("no records on this node")


def _print_table(output: Output, lines: list[Line]) -> None:
    table = new_table(
        "Record", "Member", "Kind", "Day", "State", "Category", "Remarks", right=("Remarks",), folds=_FOLDS
    )
    for line in lines:
        table.add_row(
            record_name(line["record"]),
            speaker(line["record"].partition("#")[0]),
            plain(line["kind"]),
            day_words(line["issued_day"]),
            _state_words(line),
            category_code(line["category"]),
            str(line["remarks"] or ""),
        )
    output.say(table)


def _state_words(line: Line) -> str:
    """Whether its body is here; where its owner has said something newer, that its body is gone goes without saying."""
    words = plain(line["state"])
    if line["superseded"]:
        words = "replaced" if line["state"] == "purged" else f"{words}, replaced"
    return f"{words}: {plain(line['reason'])}" if line["reason"] else words


def _print_whole(output: Output, line: Line) -> None:
    said = [
        ("Record", line["record"]),
        ("Member", speaker(line["record"].partition("#")[0])),
        ("Kind", line["kind"]),
        ("About", line["target"]),
        ("Said", line["says"]),
        ("Category", category_words(line["category"])),
        ("Series", line["series"]),
        ("Day", day_words(line["issued_day"])),
        ("Kept until", day_words(line["expiry_day"]) if line["expiry_day"] else None),
        ("State", _state_words(line)),
        ("Readable by", _audience_words(line)),
    ]
    for name, value in said:
        if value:
            output.say(f"{name:<12} {plain(value)}")
    shown = [each for each in line["fingerprints"] if each.get("seconds") is None]
    frames = [each for each in line["fingerprints"] if each.get("seconds") is not None]
    for each in (*shown, *frames[:_FRAMES_SHOWN]):
        quality = "" if each["quality"] is None else f", quality {each['quality']}"
        unsearched = "" if each["searched"] else " (not searched)"
        when = "" if each.get("seconds") is None else f", at {clock_words(each['seconds'])}"
        output.say(f"  {plain(each['algorithm']):<10} {plain(each['value'])}{quality}{when}{unsearched}")
    if len(frames) > _FRAMES_SHOWN:
        output.say(f"  and {count(len(frames) - _FRAMES_SHOWN, 'more frame')} (all of them: --json)")
    for remark in line["remarks"]:
        output.say(
            f"  {plain(remark['member']):<10} {plain(remark['kind'])}: {plain(remark['says'] or 'not held here')}"
        )


def _audience_words(line: Line) -> str:
    handling = line["handling"]
    if not handling:
        return "everyone" if line["open"] else "those whom its owner named"
    audience = handling["audience"]
    readers = audience if isinstance(audience, str) else ", ".join(audience)
    return f"{readers}, for {', '.join(handling['purposes'])}; handling code {handling['code']}"
