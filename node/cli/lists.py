"""`vigil lists`: shows the lists of this node, changes what is stated about them, and removes them.

Rules this module upholds:

- A list is removed with all its rows, and only with --yes. Without it, the command says what would be lost.
- What a file said of its rows (names, paths, comments) is shown only with --words.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli import list_hits, options
from node.cli.common import Command, common, new_group, one
from node.cli.import_words import awaiting_words
from node.cli.ingest import Level
from node.cli.output import Line, plain
from node.cli.statement_options import HandlingCode
from node.cli.words import below, count, moment
from node.errors import Misuse

_LISTED: Final = 20
_STATES: Final = {
    "taking": "not whole: its import has not ended",
    "whole": "searched",
    "incomplete": "searched, incomplete: its file ended early",
    "going": "being removed",
}

group = new_group("Lists of other tools and agencies: show, change and remove them. `vigil import` makes them.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of the list.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    list_hits.register(group)
    app.add_typer(group, name="lists")


@group.command("list", cls=Command)
def list_(ctx: typer.Context) -> None:
    """List the lists of this node."""
    given = common(ctx)
    seen = 0
    with given.session() as session:
        for line in session.run("list-list", {}):
            seen += 1
            given.output.line(line, _removed_words if "removed_list" in line else _list_words)
    if not seen:
        given.output.note("no lists here; `vigil import FILE --list NAME` makes one")


@group.command("show", cls=Command)
def show(
    ctx: typer.Context,
    name: NameArgument,
    limit: Annotated[int, typer.Option("--limit", min=0, max=10_000, help="Show at most this many rows.")] = _LISTED,
    after: Annotated[int, typer.Option("--after", metavar="ROW", min=0, help="Show the rows after this one.")] = 0,
    words: Annotated[
        bool, typer.Option("--words", help="Also show what the file says of each row and case: names and comments too.")
    ] = False,
) -> None:
    """Show a list, its cases and its rows: where each row stands in its file, its hashes and what it says."""
    given = common(ctx)
    last = rows = 0
    with given.session() as session:
        for line in session.run("list-show", {"list": name, "limit": limit, "after": after, "words": words}):
            if "row" in line:
                last, rows = line["row"], rows + 1
                given.output.line(line, row_words)
            else:
                given.output.line(line, _case_words if "case_of_list" in line else _list_words)
    if rows and rows == limit:
        given.output.note(f"There may be more. The next rows: --after {last}")


@group.command("change", cls=Command)
def change(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    name: NameArgument,
    provider: Annotated[str | None, typer.Option("--provider", metavar="TEXT", help="Who made the list.")] = None,
    level: Annotated[
        Level | None,
        typer.Option("--level", help="national: never answers other members; hit-no-hit: answers only yes or no."),
    ] = None,
    code: Annotated[HandlingCode | None, typer.Option("--code", help="INTERPOL handling code.")] = None,
    retain_until: Annotated[
        int | None,
        typer.Option(
            "--retain-until", metavar="YYYY-MM-DD", parser=options.day, help="The list is removed after this day."
        ),
    ] = None,
) -> None:
    """Change what is stated about a list. It counts from the next search and the next answer on."""
    given = common(ctx)
    terms: Line = {"provider": provider, "level": level, "code": code, "retain_until_day": retain_until}
    terms = {key: value for key, value in terms.items() if value is not None}
    if not terms:
        raise Misuse("nothing to change", remedy="give --provider, --level, --code or --retain-until")
    with given.session() as session:
        given.output.line(one(session.run("list-change", {"list": name} | terms)), _list_words)


@group.command("remove", cls=Command)
def remove(
    ctx: typer.Context,
    name: NameArgument,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Remove it. Without --yes the command only says how much it would remove."),
    ] = False,
) -> None:
    """Remove a list with all its rows. They are in no answer from that moment on."""
    given = common(ctx)
    with given.session() as session:
        if not yes:
            [line] = session.run("list-show", {"list": name, "limit": 0, "after": 1})
            raise Misuse(f"this would remove {count(line['rows'], 'row')}", remedy="add --yes to remove the list")
        given.output.line(one(session.run("list-remove", {"list": name})), _gone_words)


def _list_words(line: Line) -> str:
    what = " ".join(plain(line[part]) for part in ("format", "version", "region", "kind") if line[part])
    scheme = [f"categories {plain(line['scheme'])}:{plain(line['scheme_version'] or '')}"] if line["scheme"] else []
    about = [
        what or "no file yet",
        count(line["rows"], "row"),
        _STATES.get(line["state"], plain(line["state"])),
        f"level {line['level']}",
        f"handling code {line['code']}",
        *([f"by {plain(line['provider'])}"] if line["provider"] else []),
        *scheme,
        *([] if line["child_abuse"] else ["not a list of child abuse material"]),
        *([f"kept until {line['retain_until']}"] if line["retain_until"] else []),
        f"imported {moment(line['imported_at'])}"
        + (f" by {plain(line['imported_by'])}" if line["imported_by"] else ""),
    ]
    rows = [plain(line["list"]), below(2, "; ".join(about))]
    awaiting = line["awaiting_retraction"]
    return "\n".join([*rows, *([below(2, awaiting_words(awaiting, line["list"]))] if awaiting else [])])


def _removed_words(line: Line) -> str:
    words = awaiting_words(line["awaiting_retraction"], line["removed_list"])
    return "\n".join([f"{plain(line['removed_list'])} (removed)", below(2, words)])


def _gone_words(line: Line) -> str:
    awaiting = line["awaiting_retraction"]
    told = f"\n{awaiting_words(awaiting, line['list'])}" if awaiting else ""
    return f"{count(line['removed'], 'row')} removed.{told}"


def _case_words(line: Line) -> str:
    said = f": {plain(line['said'])}" if line["said"] else ""
    return f"  case {plain(line['case_of_list'])}{said}"


def row_words(line: Line) -> str:
    """A row of a list: its place, what it says, and its hashes."""
    at = line["at"]
    place = ", ".join(f"{word} {plain(at[name])}" for name, word in _PLACES.items() if name in at)
    category = line["category"]
    scheme = f"{plain(category['scheme'])}:{plain(category['version'])}:" if category else ""
    label = f" ({category['label']})" if category and category["label"] else ""
    about = [
        *([f"category {scheme}{plain(line['code_raw'])}{label}"] if line["code_raw"] is not None else []),
        *(f"{name.replace('_', ' ')} {value}" for name, value in line["flags"].items() if value != "unknown"),
        *([f"series {plain(line['series'])}"] if line["series"] else []),
        *([f"case {plain(line['case'])}"] if line["case"] else []),
    ]
    lines = [f"  row {line['row']}: {place or 'place not told'}"]
    lines += [f"    {name} {value}" for name, value in line["hashes"].items()]
    lines += [f"    {'; '.join(about)}"] if about else []
    return "\n".join([*lines, *([f"    {plain(line['said'])}"] if line["said"] else [])])


_PLACES: Final = {"record": "record", "line": "line", "offset": "byte", "id": "id"}
