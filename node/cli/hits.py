"""`vigil hits`: the hits of our holdings on other members' records, and on lists.

Rules this module upholds:

- The newest hit comes first. The summary at the end says which hits are not listed, and why.
- A hit is new until an officer decides about it. Rejected hits are listed on request alone, and always counted.
- A hit on a list says which list and row, and that no member signed it.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final

import typer

from node.cli.common import Command, common, new_listing_group, one
from node.cli.hit_words import State, decided_words, life_words, print_hit, state_counts_words
from node.cli.list_hits import holding_words
from node.cli.output import Line, plain
from node.cli.search_words import aside_words, hit_notice_words, same_name_words, stored_near_words
from node.cli.statement_words import handling_words, statement_words
from node.cli.words import count, moment, not_matched_words, record_name, speaker
from node.errors import Misuse

_LISTED: Final = 100
HitArgument = Annotated[str, typer.Argument(metavar="HIT", help="The number of the hit.", show_default=False)]
_LEFT_OUT_SHOWN: Final = 5


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    group = new_listing_group()
    group.callback()(hits)
    group.command("show", cls=Command)(show)
    app.add_typer(group, name="hits")


def hits(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    case: Annotated[str, typer.Option("--case", metavar="REF", help="Hits of the holdings of this case only.")] = "",
    member: Annotated[
        str, typer.Option("--member", metavar="MEMBER", help="Hits on records of this member only.")
    ] = "",
    record: Annotated[
        str,
        typer.Option("--record", metavar="RECORD", help="Hits on this record only; its full name, <origin>#<hash>."),
    ] = "",
    new: Annotated[bool, typer.Option("--new", help="Only hits about which nobody has decided: --state new.")] = False,
    states: Annotated[
        list[State] | None,
        typer.Option("--state", help="Only hits in this state; may be given again. Default: all except rejected."),
    ] = None,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Only hits on records that nobody has listed before.")
    ] = False,
    show_all: Annotated[
        bool,
        typer.Option(
            "--show-all",
            help="Also show rejected hits, hits that the allow-list hides, hits of muted or suspended members, and "
            "every hit of a group of similar hits.",
        ),
    ] = False,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="Show at most N.")] = _LISTED,
    after: Annotated[
        int, typer.Option("--after", metavar="HIT", min=0, help="Continue the list after the hit with this number.")
    ] = 0,
    lists_after: Annotated[
        int,
        typer.Option(
            "--lists-after", metavar="HOLDING", min=0, help="Only hits on lists, continued after this holding."
        ),
    ] = 0,
) -> None:
    """List the hits of our holdings on records of other members and on lists, the newest first.

    Vigil finds a hit when it takes a file in, and also later, when another member shares a similar record. Hits of one
    holding on records of one member with the same evidence are one line, with their number. A hit is a lead for a
    person to check: vigil hits show HIT tells all of it, and vigil review HIT confirm, reject or unsure decides. A hit
    ends when the record is retracted or expires; if somebody decided about it, it stays listed without the record.

    Hits on lists come next, by holding: what a list says is signed by no member. They are found again each time, so a
    list that is changed or removed leaves none. With --unseen, --member or --record there are hits on records
    alone. A case that came with a list has no holdings: vigil lists hits NAME --case REF.
    """
    if ctx.invoked_subcommand is not None:
        return
    given = common(ctx)
    wanted = sorted({*(states or ()), *([State.NEW] if new else [])})
    arguments: Line = {"case": case, "unseen": unseen, "show_all": show_all, "limit": limit, "after": after}
    arguments |= {"states": [each.value for each in wanted]} if wanted else {}
    arguments |= {"member": member} if member else {}
    arguments |= {"record": record} if record else {}
    if lists_after and (member or record or unseen or after):
        raise Misuse(
            "--lists-after shows hits on lists alone",
            remedy="give it without --member, --record, --unseen and --after",
        )
    arguments |= {"lists_after": lists_after} if lists_after else {}
    shows_rejected = State.REJECTED in wanted or (show_all and not wanted)
    summary = partial(_summary_words, shows_rejected=shows_rejected)
    with given.session() as session:
        for line in session.run("hits-list", arguments):
            shown = hit_words if "hit" in line else holding_words if "holding" in line else summary
            given.output.line(line, shown)


def hit_words(line: Line) -> str:
    """A hit in several lines: the record and its distance, the case, when it was found, and what the record says."""
    number = f"hit {line['hit']} ({line['state']})"
    record = f"{speaker(line['origin'])} {record_name(line['record'])}"
    found = f"first found {moment(line['first_seen'])}"
    if moment(line["last_seen"]) != moment(line["first_seen"]):
        found += f", last {moment(line['last_seen'])}"
    cases = f"case {plain(', '.join(line['cases']))}; " if line["cases"] else ""
    rows = [
        f"{number:<14} holding {line['holding']}, record {record}: {_near_words(line)}",
        f"    {cases}{found}",
    ]
    notice = hit_notice_words(line["notice"]) if line.get("notice") else ""
    said = [decided_words(line), life_words(line), notice, "; ".join(statement_words(line))]
    said.append(handling_words(line.get("handling")))
    return "\n".join([*rows, *(f"    {words}" for words in said if words)])


def _near_words(line: Line) -> str:
    return "the record is here no longer" if line["ended"] else stored_near_words(line)


def show(ctx: typer.Context, hit: HitArgument) -> None:
    """Show one hit: the evidence, the record or the row, what members say of it, and every decision about it.

    HIT is a number that vigil hits shows: 419 for a hit on a record, 7/r12 for holding 7 and row 12 of a list, 7/h9 for
    the holdings 7 and 9.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("hit-show", {"hit": hit}))
    given.output.line(line)
    if not given.output.json:
        print_hit(given.output, line)


def _summary_words(line: Line, *, shows_rejected: bool) -> str:
    alike = f" and {line['grouped']:,} just like them" if line.get("grouped") else ""
    total = line["total"] + (line["rejected"] if shows_rejected else 0)
    words = [f"{count(line['hits'], 'hit')} shown{alike} of {total:,}."]
    words += [f"All: {state_counts_words(line, shows_rejected=shows_rejected)}."] if total else []
    if line["rejected"] and not shows_rejected:
        words.append(f"{count(line['rejected'], 'rejected hit')}: vigil hits --state rejected")
    if line["hidden"]:
        words.append(f"The allow-list hides {count(line['hidden'], 'more hit')}: vigil hits --show-all")
    words += aside_words(line)
    for member, number in line.get("more_of", {}).items():
        words.append(
            f"{count(number, 'more hit')} of {plain(member)} further down: vigil hits --member {plain(member)}"
        )
    if line["next"] is not None:
        words.append(f"For the next hits: vigil hits --after {line['next']}")
    words += _lists_words(line["lists"], shows_rejected=shows_rejected) + same_name_words(line)
    if line["not_matched_yet"]:
        words.append(not_matched_words(line))
    if line["left_out"]:
        words.append("There are too many hits to keep all of them (the strongest are kept):")
        words += [f"  {_left_out_words(each)}" for each in line["left_out"][:_LEFT_OUT_SHOWN]]
        if len(line["left_out"]) > _LEFT_OUT_SHOWN:
            words.append(
                f"  and {len(line['left_out']) - _LEFT_OUT_SHOWN:,} more records or holdings (--json lists all)"
            )
    return "\n".join(words)


def _lists_words(lists: Line | None, *, shows_rejected: bool) -> list[str]:
    """The holdings that match lists."""
    if lists is None or not lists["scanned"]:
        return []
    match = "matches a list" if lists["holdings"] == 1 else "match lists"
    words = [f"{count(lists['holdings'], 'holding')} of {lists['scanned']:,} that were searched for {match}."]
    if lists["hidden"]:
        words.append(f"The allow-list hides {count(lists['hidden'], 'more holding')}: vigil hits --show-all")
    if lists["rejected"] and not shows_rejected:
        words.append(f"{count(lists['rejected'], 'rejected hit')} on them not shown: vigil hits --state rejected")
    if lists["next"] is not None:
        words.append(f"For the next hits on lists: vigil hits --lists-after {lists['next']}")
    return words


def _left_out_words(line: Line) -> str:
    about = f"record {record_name(line['record'])}" if line["record"] else f"holding {line['holding']}"
    about += f", records of {plain(line['member'])}" if line["holding"] and line.get("member") else ""
    return f"{about}: about {count(line['left_out'], 'hit')} not kept"
