"""`vigil lists hits`: the holdings that match a list.

Rules this module upholds:

- A list that was imported after the material is searched here. Nothing is stored: a changed list gives other hits.
- The summary says how many holdings match, also those that are not listed.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli.common import Command, common
from node.cli.output import Line, plain
from node.cli.search_words import list_words, stored_near_words
from node.cli.statement_words import statement_words
from node.cli.words import count

_LISTED: Final = 100
_HITS_SHOWN: Final = 3
"""Rows of the list that are shown to people for one holding. --json has more."""


def register(group: typer.Typer) -> None:
    """Adds the command to the group `lists`."""
    group.command("hits", cls=Command)(hits)


def hits(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the list.", show_default=False)],
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="Show at most N holdings.")
    ] = _LISTED,
    after: Annotated[
        int, typer.Option("--after", metavar="HOLDING", min=0, help="Continue after the holding with this number.")
    ] = 0,
    case: Annotated[str, typer.Option("--case", metavar="REF", help="Only rows of this case of the list.")] = "",
    show_all: Annotated[bool, typer.Option("--show-all", help="Also show holdings that the allow-list hides.")] = False,
) -> None:
    """List the holdings that match a list, also those that were here before the list.

    `vigil ingest` and `vigil match` search all lists. This command searches all holdings for one list. A hit is a lead
    for a person to check.
    """
    given = common(ctx)
    arguments: Line = {"list": name, "case": case, "limit": limit, "after": after, "show_all": show_all}
    with given.session() as session:
        for line in session.run("list-hits", arguments):
            given.output.line(line, holding_words if "holding" in line else _summary_words)


def holding_words(line: Line) -> str:
    """A holding that matches lists, with its best hits."""
    cases = f", case {plain(', '.join(line['cases']))}" if line["cases"] else ""
    rows = [f"holding {line['holding']}{cases}"]
    rows += [f"    hit {hit['hit']} ({hit['state']}):\n{row_hit_words(hit)}" for hit in line["hits"][:_HITS_SHOWN]]
    more = max(len(line["hits"]) - _HITS_SHOWN, 0) + line["left_out"]
    if more > 0:
        rows.append(f"    and {count(more, 'more row')}")
    return "\n".join(rows)


def row_hit_words(hit: Line) -> str:
    """A hit on a row of a list: the row, how near it is, and what it says."""
    said = "; ".join(statement_words(hit))
    row = f"    {list_words(hit['list'])}: {stored_near_words(hit)}"
    return f"{row}\n        {said}" if said else row


def _summary_words(line: Line) -> str:
    match = "matches" if line["holdings"] == 1 else "match"
    of_case = f", case {plain(line['case'])}" if line["case"] else ""
    what = f"the list {plain(line['list'])}{of_case}"
    words = [f"{count(line['holdings'], 'holding')} {match} {what}; {line['shown']:,} shown."]
    if line["hidden"]:
        words.append(f"The allow-list hides {count(line['hidden'], 'more holding')}: --show-all")
    if line["rejected"]:
        words.append(f"{count(line['rejected'], 'rejected hit')} not shown: --show-all")
    if line["next"] is not None:
        words.append(f"For the next holdings: --after {line['next']}")
    return "\n".join(words)
