"""`vigil opine`, `comment` and `records`: remarks on a record, and the list of records.

Rules this module upholds:

- A record is named as it is shown: the whole name, or the first digits of its leaf hash. The node finds the record.
- The contents of a record and the remarks on it are printed as text, without characters that could control a terminal.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, common, one
from node.cli.group_words import shared_words
from node.cli.output import Line, Output, plain
from node.cli.search_words import clock_words
from node.cli.statement_words import (
    category_words,
    handling_words,
    publication_words,
    statement_rows,
    statement_words,
)
from node.cli.words import below, count, day_words, record_name, speaker
from node.errors import Misuse


class Verdict(StrEnum):
    """A view of a record."""

    CONFIRM = "confirm"
    DISPUTE = "dispute"


_LISTED: Final = 100
_INDENT: Final = 14
_FRAMES_SHOWN: Final = 5
"""Frames of a video's record that people are shown."""
_WITH_FIELDS: Final = ("contribution", "correction")
"""Kinds with the fields of a statement."""
_PUBLICATION: Final = {
    "queued": "not yet: the record is stored here and waits for the hub",
    "signed": "not yet: the record is in our signed log, and the hub has not confirmed it",
    "published": "yes",
}
RecordArgument = Annotated[str, typer.Argument(metavar="RECORD", parser=options.record, help=options.RECORD_HELP)]

ToOption = Annotated[
    options.Members | None,
    typer.Option(
        "--to",
        metavar="FR,JP|@GROUP",
        parser=options.recipients,
        help="Only for these members, or for the present members of a group. Default: all who may read the record.",
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands to the command tree."""
    app.command("opine", cls=Command)(opine)
    app.command("comment", cls=Command)(comment)
    app.command("records", cls=Command)(records)


def opine(
    ctx: typer.Context,
    record: RecordArgument,
    verdict: Annotated[Verdict, typer.Argument(help="Our view of it.", show_default=False)],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="The reason, in one sentence.")] = "",
    to: ToOption = None,
) -> None:
    """Confirm or dispute a record, in our own log, for all who may read that record. The record does not change."""
    _say(ctx, "opine", {"record": record, "verdict": verdict.value, "note": note}, to)


def comment(
    ctx: typer.Context,
    record: RecordArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The remark.", show_default=False)],
    language: Annotated[
        str, typer.Option("--language", metavar="CODE", help="The language of the remark, for example fr.")
    ] = "",
    to: ToOption = None,
) -> None:
    """Comment on a record, in our own log, for everyone who may read that record."""
    if not text.strip():
        raise Misuse("the comment is empty", remedy="give its text")
    _say(ctx, "comment", {"record": record, "text": text, "language": language}, to)


def _say(ctx: typer.Context, command: str, arguments: Line, to: options.Members | None) -> None:
    given = common(ctx)
    arguments |= {"handling": {"audience": list(to)}} if to is not None else {}
    with given.session() as session:
        line = one(session.run(command, arguments))
    given.output.line(line, _said_words)


def _said_words(line: Line) -> str:
    words = f"Said about {record_name(line['about'])}, as {record_name(line['record'])}."
    return f"{words} " + publication_words(line, "Published: the hub has confirmed it.")


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
    """List the records of every member on this node, oldest first, in pages.

    With --mine each record shows its case and its state: queued (stored here), signed (in our log), or published
    (confirmed by the hub).
    """
    given = common(ctx)
    arguments = {"member": member or "", "mine": mine, "record": record or "", "limit": limit, "after": after}
    found: list[Line] = []
    page: Line | None = None
    with given.session() as session:
        for line in session.run("records", arguments):
            given.output.line(line)
            if "total" in line:
                page = line
            elif not given.output.json:
                found.append(line)
    if given.output.json:
        return
    if record:
        for line in found:
            print_record(given.output, line)
        return
    for line in found:
        given.output.say(_row_words(line, mine=mine))
    if page is not None:
        given.output.note(_page_words(page))


def _page_words(page: Line) -> str:
    if not page["total"]:
        return "no records on this node"
    words = f"showing {page['records']:,} of {count(page['total'], 'record')}"
    return words if page["next"] is None else f"{words}; the next: --after {page['next']}"


def _row_words(line: Line, *, mine: bool) -> str:
    """One record of the list, in lines that fit a terminal: its name, and below it what it says."""
    cases = ", ".join(line.get("cases") or ())
    whose = speaker(line["record"].partition("#")[0])
    where = (f"case {plain(cases)}" if cases else "no case") if mine else whose
    which = f"{record_name(line['record'])}  {day_words(line['issued_day'])}  {plain(line['kind'])}"
    remarks = count(line["remarks"], "remark") if line["remarks"] else ""
    more = [words for words in (plain(line["reason"] or ""), _says_words(line), remarks) if words]
    return "\n".join([f"{which}, {where}: {_state_words(line)}", *(below(_INDENT, words) for words in more)])


def _says_words(line: Line) -> str:
    """What a record says, who may read it if that is not everyone, and until when."""
    if line["kind"] not in _WITH_FIELDS:
        return plain(line["says"] or "")
    handling = line.get("handling") or {}
    audience = handling.get("audience", "everyone")
    more = [] if isinstance(audience, str) else ["for " + ", ".join(audience)]
    more += [shared_words(line["group"])] if line.get("group") else []
    more += [f"code {handling['code']}"] if handling.get("code", "1") != "1" else []
    more += [f"until {day_words(line['expiry_day'])}"] if line["expiry_day"] else []
    return "; ".join([*statement_words(line), *map(plain, more)])


def _state_words(line: Line) -> str:
    """Whether the record's body is here. If its owner has replaced it, this says only that. For our own record also its
    state, if it is not published.
    """
    words = plain(line["state"])
    if line["superseded"]:
        newer = f"replaced by {record_name(line['newest'])}" if line["newest"] else "retracted"
        words = newer if line["state"] == "purged" else f"{words}, {newer}"
    if line.get("publication") not in (None, "published"):
        words = f"{words}, {plain(line['publication'])}"
    return words


def print_record(output: Output, line: Line) -> None:
    """One complete record: every field of its statement, its fingerprints, and the remarks of others."""
    contribution = line["kind"] in _WITH_FIELDS and line["says"] is not None
    said = [
        ("Record", line["record"]),
        ("Member", speaker(line["record"].partition("#")[0])),
        ("Kind", line["kind"]),
        ("About", line["target"]),
        ("Case", ", ".join(line.get("cases") or ())),
        ("Said", line["says"]),
        *(statement_rows(line) if contribution else [("Category", category_words(line["category"]))]),
        ("Day", day_words(line["issued_day"])),
        ("Kept until", day_words(line["expiry_day"]) if line["expiry_day"] else None),
        ("State", f"{_state_words(line)}: {line['reason']}" if line["reason"] else _state_words(line)),
        ("Published", _PUBLICATION.get(line.get("publication") or "")),
        ("Readable by", _audience_words(line)),
        ("Shared", shared_words(line["group"]) if line.get("group") else None),
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
    versions = line.get("versions") or ()
    for version in versions if len(versions) > 1 else ():
        output.say(
            f"  {'version':<10} {day_words(version['issued_day'])}  {plain(version['kind'])}  {version['record']}"
        )
    for remark in line["remarks"]:
        earlier = ", about an earlier version" if remark.get("earlier_version") else ""
        what = plain(remark["says"] or "not held here")
        output.say(f"  {plain(remark['member']):<10} {plain(remark['kind'])}{earlier}: {what}")


def _audience_words(line: Line) -> str:
    if line["handling"]:
        return handling_words(line["handling"])
    return "everyone" if line["open"] else "only the members that its owner named"
