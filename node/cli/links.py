"""`vigil link` and `vigil links`: states links between records, and shows what hangs together.

Rules this module upholds:

- Only given values are sent to the node. It has the defaults, or the former statement.
- Every text from other members goes through `plain`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from node.cli import options
from node.cli.common import Command, common, one
from node.cli.link_words import contradiction_words, link_words, linked_record_words, page_words, summary_words
from node.cli.output import Line, plain
from node.cli.statement_options import AudienceOption, CodeOption, PurposeOption, RetainOption, handling_given
from node.cli.statement_words import publication_words
from node.cli.words import record_name
from node.errors import Misuse


class Relation(StrEnum):
    """What records have in common."""

    SAME_VICTIM = "same-victim"
    SAME_OFFENDER = "same-offender"
    SAME_PLACE = "same-place"
    SAME_SCENE = "same-scene"
    SAME_DEVICE = "same-device"
    SAME_SERIES = "same-series"
    COPY = "copy"


class Certainty(StrEnum):
    """How certain a link is."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"


_LISTED = 100
RelationOption = Annotated[Relation | None, typer.Option("--relation", help="What the records have in common.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the command tree."""
    app.command("link", cls=Command)(link)
    app.command("links", cls=Command)(links)


def link(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    records: Annotated[
        list[str] | None, typer.Argument(metavar="RECORD...", parser=options.record, help=options.RECORD_HELP)
    ] = None,
    relation: RelationOption = None,
    certainty: Annotated[
        Certainty | None, typer.Option("--certainty", help="How certain we are. Default: probable.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="The reason, in one sentence.")] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="CODE", help="The language of the note, for example fr.")
    ] = None,
    revise: Annotated[
        str | None,
        typer.Option("--revise", metavar="LINK", parser=options.record, help="Replace what this link of ours says."),
    ] = None,
    audience: AudienceOption = None,
    purpose: PurposeOption = None,
    handling_code: CodeOption = None,
    retain_until: RetainOption = None,
) -> None:
    """State that two or more records, of any member, show the same victim, offender, place, scene, device or series, or
    are copies of one another.

    Without --audience the link is for all members that may read every one of its records. With --revise, what you do
    not give stays the same. vigil retract retracts a link; vigil opine confirms or disputes another member's.
    """
    given = common(ctx)
    said = {
        "records": records or None,
        "relation": relation and relation.value,
        "certainty": certainty and certainty.value,
        "note": note,
        "language": language,
    }
    arguments: Line = {name: value for name, value in said.items() if value is not None}
    handling = handling_given(audience, purpose, handling_code, retain_until)
    if revise is None and (not records or relation is None):
        raise Misuse("a link needs its records and --relation", remedy="see `vigil link --help`")
    if revise is not None and not arguments and not handling:
        raise Misuse("no revision was given", remedy="see `vigil link --help`")
    command, named = ("link", {}) if revise is None else ("link-revise", {"link": revise})
    with given.session() as session:
        line = one(session.run(command, {**named, **arguments, "handling": handling}))
    given.output.line(line, _stated_words)


def _stated_words(line: Line) -> str:
    verb = "Linked" if line["state"] == "linked" else "Revised"
    words = f"{verb}: {record_name(line['link'])}.\n  {plain(line['link'])}"
    return f"{words}\n" + publication_words(line, "Published: the hub has confirmed it.")


def links(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    record: Annotated[
        str | None,
        typer.Argument(metavar="RECORD", parser=options.record, help="A record, or a link.", show_default=False),
    ] = None,
    series: Annotated[
        str | None, typer.Option("--series", metavar="NAME", help="Start from all linked records of this series.")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="List our own links.")] = False,
    relation: RelationOption = None,
    depth: Annotated[
        int | None, typer.Option("--depth", min=1, max=10_000, help="Follow so many links. Default: all.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="Maximum number of links.")] = _LISTED,
    after: Annotated[
        int, typer.Option("--after", metavar="NUMBER", min=0, help="With --mine: leave out the first so many.")
    ] = 0,
) -> None:
    """Show the links around a record, all that hangs together with it, and what contradicts itself.

    Each link shows who says it, how certain that member is, and who confirms or disputes it. A record that you may not
    read is shown by its name alone.
    """
    if (record is not None) + (series is not None) + mine != 1:
        raise Misuse("name one record, or --series, or --mine", remedy="see `vigil links --help`")
    if mine and (relation or depth):
        raise Misuse("--mine lists all our links", remedy="leave out --relation and --depth")
    given = common(ctx)
    command, arguments = "links-mine", Line(after=after, limit=limit)
    if not mine:
        command, arguments = "links", Line(record=record or "", series=series or "", limit=limit)
        arguments |= {} if relation is None else {"relation": relation.value}
        arguments |= {} if depth is None else {"depth": depth}
    with given.session() as session:
        for line in session.run(command, arguments):
            given.output.line(line, _words)


def _words(line: Line) -> str:
    if "link" in line:
        return link_words(line)
    if "sight" in line:
        return linked_record_words(line)
    if "contradiction" in line:
        return contradiction_words(line)
    return page_words(line) if "next" in line else summary_words(line)
