"""`vigil holdings`: lists this node's own holdings; opens one, changes its level, or deletes it.

Rules this module upholds:

- A list shows no path and no fingerprint. If the user names one holding, the command shows where its files were, and
  with --digests also its fingerprints.
- Deleting asks first. Without a terminal it needs --yes.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, Common, Session, common, one
from node.cli.output import Line, Output, plain, plain_lines
from node.cli.part_words import part_words
from node.cli.retract import Reason
from node.cli.search_words import clock_words
from node.cli.statement_words import category_code, statement_words
from node.cli.words import count, moment, new_table, record_name
from node.domain.holdings import INSIDE
from node.errors import Misuse, Refused

_LISTED: Final = 100
_FRAMES_SHOWN: Final = 5
"""Frames of a video that people are shown."""
_FOLDS: Final = ("Cases", "Type")


class AnyLevel(StrEnum):
    """Any level of a holding."""

    NATIONAL = "national"
    HIT_NO_HIT = "hit-no-hit"
    SHARED = "shared"


class NewLevel(StrEnum):
    """A level that a person can give to a holding. Contributing it makes it shared."""

    NATIONAL = "national"
    HIT_NO_HIT = "hit-no-hit"


CategoryFilter = Annotated[
    str | None,
    typer.Option(
        "--category",
        metavar="SCHEME:VERSION:CODE",
        parser=options.category,
        help="List the holdings of this category (vigil categorise).",
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
ReasonOption = Annotated[
    Reason,
    typer.Option("--reason", help="If holdings are shared: why their records are retracted. Every member can read it."),
]


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("holdings", cls=Command)(holdings)


def holdings(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    number: Annotated[
        int | None, typer.Argument(metavar="[N]", min=1, help="The number of one holding, to open it.")
    ] = None,
    case: Annotated[str | None, typer.Option("--case", metavar="REF", help="List the holdings of this case.")] = None,
    level: Annotated[AnyLevel | None, typer.Option("--level", help="List the holdings of this level.")] = None,
    category: CategoryFilter = None,
    uncategorised: Annotated[
        bool, typer.Option("--uncategorised", help="List the holdings that nobody gave a category.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="List at most this many.")] = _LISTED,
    after: Annotated[int, typer.Option("--after", metavar="N", min=0, help="List the holdings after this number.")] = 0,
    digests: Annotated[bool, typer.Option("--digests", help="Also show the fingerprints of holding N.")] = False,
    set_level: Annotated[NewLevel | None, typer.Option("--set-level", help="Give holding N this level.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete holding N from this node.")] = False,
    reason: ReasonOption = Reason.UNSTATED,
    yes: YesOption = False,
) -> None:
    """List this node's holdings, or open one: its cases, level, record, category, and where its files were.

    --set-level lowers or raises the level. To lower a shared holding, retract its record (vigil retract). --delete
    removes the holding from the database, the index and the copies of originals. If it is shared, its record is
    retracted first. Its parts (the files in an archive, the pictures in a document) are removed with it. Parts that
    another file of the same case also contains, or that were taken in themselves, stay. The files stay where they are.
    """
    given = common(ctx)
    if number is None:
        if digests or set_level or delete:
            raise Misuse("--digests, --set-level and --delete need the number of a holding", remedy="vigil holdings N")
        if category and uncategorised:
            raise Misuse("--category and --uncategorised exclude each other", remedy="give one of them")
        _list(given, case, level, "" if uncategorised else category, (limit, after))
        return
    if case is not None or level is not None or category or uncategorised or after:
        raise Misuse(
            "--case, --level, --category, --uncategorised and --after list holdings",
            remedy="leave them out to open one holding",
        )
    if sum(map(bool, (digests, set_level, delete))) > 1:
        raise Misuse("--digests, --set-level and --delete cannot be combined")
    with given.session() as session:
        if set_level:
            change_level(given, session, {"holdings": [str(number)], "level": set_level.value})
        elif delete:
            delete_all(given, session, {"holdings": [str(number)], "reason": reason.value}, yes=yes)
        else:
            line = one(session.run("holding", {"holding": number, "digests": digests}))
            given.output.line(line)
            _print_whole(given.output, line)


def _list(given: Common, case: str | None, level: AnyLevel | None, category: str | None, page: tuple[int, int]) -> None:
    limit, after = page
    arguments: Line = {"case": case or "", "limit": limit, "after": after}
    arguments |= {"level": level.value} if level else {}
    arguments |= {} if category is None else {"category": category}
    found: list[Line] = []
    with given.session() as session:
        for line in session.run("holdings", arguments):
            given.output.line(line)
            found.append(line)
    *lines, end = found
    if lines:
        _print_table(given.output, lines)
    else:
        given.output.note("no holdings here" if not after else "no more holdings")
    if end["more"]:
        given.output.note(f"There are more. The next ones: --after {end['after']}")


def _print_table(output: Output, lines: list[Line]) -> None:
    # Most nodes categorise later or elsewhere; without a category the table fits a terminal of 80 columns.
    with_category = any(line.get("says") for line in lines)
    table = new_table(
        "Holding",
        "Cases",
        "Type",
        "Size",
        "Level",
        "Added",
        "Record",
        "Hits",
        *(["Category"] if with_category else []),
        right=("Holding", "Size", "Hits"),
        folds=_FOLDS,
    )
    for line in lines:
        table.add_row(
            str(line["holding"]),
            plain(", ".join(line["cases"])),
            plain(line["media_type"]),
            f"{line['size']:,}",
            plain(line["level"]),
            moment(line["added_at"])[:10],
            record_name(line["record"]),
            str(line["hits"] or ""),
            *([category_code((line["says"] or {}).get("category"))] if with_category else []),
        )
    output.say(table)


def _print_whole(output: Output, line: Line) -> None:
    said = [
        ("Holding", line["holding"]),
        ("Cases", ", ".join(line["cases"]) or "none"),
        ("Type", line["media_type"]),
        ("Size", f"{line['size']:,} bytes"),
        ("Level", line["level"]),
        ("Added", moment(line["added_at"])),
        ("Record", line["record"] or "not shared"),
        ("Hits", f"{line['hits']:,}"),
        ("Original", "copied into the home" if line["original"] else "not copied into the home"),
    ]
    for name, value in said:
        output.say(f"{name:<12} {plain(value)}")
    if line.get("entities"):
        output.say(f"{'Entities':<12} {', '.join(map(str, line['entities']))} (vigil entity show E)")
    if line.get("note"):
        output.say(f"{'Note':<12} {plain(line['note'])}")
    _print_said(output, line)
    for each in line["files"]:
        inside = each.get("inside")
        path = plain(each["path"]) if inside is None else f"{plain(each['path'])} {INSIDE} {plain(inside)}"
        output.say(f"{'File':<12} {path} (case {plain(each['case'])})")
    if not line["files"]:
        output.say(f"{'File':<12} no reference was kept")
    _print_places(output, line)
    prints = line["fingerprints"] or []
    still = [each for each in prints if each["seconds"] is None]
    frames = [each for each in prints if each["seconds"] is not None]
    for each in (*still, *frames[:_FRAMES_SHOWN]):
        quality = "" if each["quality"] is None else f", quality {each['quality']}"
        when = "" if each["seconds"] is None else f", at {clock_words(each['seconds'])}"
        when += f", as shown on {plain(each['shown_on'])}" if each.get("shown_on") else ""
        output.say(f"  {plain(each['algorithm']):<10} {plain(each['value'])}{quality}{when}")
    if len(frames) > _FRAMES_SHOWN:
        output.say(f"  and {count(len(frames) - _FRAMES_SHOWN, 'more frame')} (all of them: --json)")


def _print_said(output: Output, line: Line) -> None:
    """What officers said about this holding, the newest first."""
    for each in line.get("said", []):
        says = "; ".join(statement_words(each["says"])) if each["says"] else "nothing is said any more"
        who = plain(each["officer"] or "nobody named")
        name = f"Said ({each['version']})"
        output.say(f"{name:<12} {says} ({who}, {moment(each['at'])})")


def _print_places(output: Output, line: Line) -> None:
    """The files that contain this holding, and the number of its parts."""
    places = line.get("part_of", [])
    for each in places:
        holder = f"holding {each['holding']}" if each["holding"] else f"SHA-256 {plain(each['parent'])}, not held"
        output.say(f"{'Part of':<12} {holder} ({plain(part_words(each))})")
    if (more := line.get("part_of_total", 0) - len({each["parent"] for each in places})) > 0:
        output.say(f"{'':<12} and of {count(more, 'more file')}")
    if line.get("parts"):
        output.say(f"{'Parts':<12} {line['parts']:,} directly in it")


# --- shared with `vigil case` -----------------------------------------------------------------------------------------


def change_level(given: Common, session: Session, arguments: Line) -> None:
    """Changes levels, and prints the result for each holding."""
    for line in session.run("set-level", arguments):
        given.output.line(line, _level_words)


def _level_words(line: Line) -> str:
    if "holding" not in line:
        words = f"{count(line['changed'], 'level')} changed, {line['unchanged']:,} unchanged"
        return f"{words}, {line['shared']:,} shared." if line["shared"] else f"{words}."
    if line["state"] == "shared":
        return f"holding {line['holding']}: shared. To lower it, retract its record (vigil retract)."
    if line["state"] == "unchanged":
        return f"holding {line['holding']}: {plain(line['level'])} already"
    return f"holding {line['holding']}: {plain(line['level'])}, was {plain(line['before'])}"


def delete_all(given: Common, session: Session, arguments: Line, *, yes: bool) -> None:
    """Deletes the named holdings after a person has agreed. Raises `Misuse` if there is no terminal."""
    plan = one(session.run("delete", arguments))
    what = _plan_words(plan)
    if not yes:
        if not sys.stdin.isatty():
            raise Misuse(f"this would {what}. Nothing was done: there is no terminal to ask at", remedy="give --yes")
        if not typer.confirm(plain_lines(f"This cannot be undone. It would {what}. Delete?"), default=False, err=True):
            raise Refused("nothing was done: the answer was no")
    with given.output.progress("deleting", plan["would_delete"] + plan["would_leave"]) as advance:
        for line in session.run("delete", arguments | ({"yes": True} if yes else {"plan": plan["plan"]})):
            given.output.line(line, _deleted_words)
            if "holding" in line:
                advance()


def _plan_words(plan: Line) -> str:
    parts = [f"delete {count(plan['would_delete'], 'holding')}"]
    if plan["would_retract"]:
        parts.append(f"retract {count(plan['would_retract'], 'record')}, at every member")
    if plan["would_leave"]:
        parts.append(f"take {count(plan['would_leave'], 'holding')} of other cases out of this case")
    if plan.get("parts"):
        parts.append(f"including {count(plan['parts'], 'part')} inside the file")
    if plan.get("parts_kept"):
        parts.append(
            f"keep {count(plan['parts_kept'], 'part')} that other files also contain or that were taken in themselves"
        )
    return "; ".join(parts)


def _deleted_words(line: Line) -> str:
    if "holding" in line:
        words = f"holding {line['holding']:>7}  {plain(line['state'])}"
        words += f"; record {record_name(line['retracted'])} retracted" if line["retracted"] else ""
        return words + ("; copy of the original deleted" if line["original_deleted"] else "")
    words = f"{count(line['deleted'], 'holding')} deleted"
    for name, noun in (("left_case", "left the case"), ("retracted", "retracted"), ("originals", "copies deleted")):
        words += f", {line[name]:,} {noun}" if line[name] else ""
    return f"{words}."
