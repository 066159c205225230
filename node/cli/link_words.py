"""Links, linked records and contradictions as text for people.

Rules this module upholds:

- Every text from other members goes through `plain`.
- A count of what was left out is always said.
"""

from __future__ import annotations

from typing import Final

from node.cli.output import Line, plain
from node.cli.statement_words import statement_words
from node.cli.words import below, count, day_words, join, record_name

_INDENT: Final = 4
_OPINIONS: Final = (("confirmed", "confirmed_by"), ("disputed", "disputed_by"))
_SIGHTS: Final = {
    "hidden": "a record that you may not read, or whose contents are deleted",
    "not-here": "a record that is not here, or that you may not read",
}
_CLASHES: Final = {
    "disputed": "a member disputes it",
    "victim": "one record says that the victim is identified, another that the victim is not",
    "offender": "one record says that the offender is identified, another that the offender is not",
    "category": "copies have different categories of one scheme",
    "media": "a picture and a video are said to be copies",
}


def link_words(line: Line) -> str:
    """A link: its records, and below them who says it and who agrees."""
    names = ", ".join(map(record_name, line["records"]))
    head = f"{record_name(line['link'])}  {plain(line['relation'])} ({plain(line['certainty'])}): {names}"
    who = f"said by {plain(line['member'])} on {day_words(line['issued_day'])}"
    more = [who]
    more += [f"{what} by {join(line[key])}" for what, key in _OPINIONS if line[key]]
    more += [f"opinions of suspended members: {line['opinions_set_aside']:,}"] if line["opinions_set_aside"] else []
    more += ["not sent yet"] if line["publication"] == "queued" else []
    more += ["its records hang together without it too"] if line["closes_cycle"] else []
    notes = [below(_INDENT, plain(line["note"]))] if line["note"] else []
    return "\n".join([head, below(_INDENT, "; ".join(more)), *notes])


def linked_record_words(line: Line) -> str:
    """A record of a component."""
    head = f"{record_name(line['record'])}  {plain(line['member'])}"
    if line["sight"] in _SIGHTS:
        return f"{head}: {_SIGHTS[line['sight']]}"
    newest = [] if line["newest"] == line["record"] else [f"now {record_name(line['newest'])}"]
    return "\n".join([head, below(_INDENT, "; ".join([*statement_words(line), *newest]) or "nothing stated")])


def contradiction_words(line: Line) -> str:
    """What a person has to look at again."""
    names = f" ({', '.join(map(record_name, line['records']))})" if line["records"] else ""
    return f"Contradiction at {record_name(line['about'])}: {_CLASHES[line['contradiction']]}{names}"


def summary_words(line: Line) -> str:
    """How much there is, and what was left out."""
    words = [f"{count(line['links'], 'link')} between {count(line['records'], 'record')}."]
    words += [f"{line['cycles']:,} of the connections are said more than once." if line["cycles"] else ""]
    words += [f"{count(line['left_out'], 'link')} not shown: --limit." if line["left_out"] else ""]
    hidden = line["records"] - line["shown_records"]
    words += [f"{count(hidden, 'record')} not shown: --limit." if hidden and not line["left_out"] else ""]
    words += [f"{count(line['beyond'], 'link')} farther away: --depth." if line["beyond"] else ""]
    words += ["" if line["whole"] else "There may be more: not everything could be read."]
    return " ".join(filter(None, words))


def page_words(line: Line) -> str:
    """The end of a page of our own links."""
    words = f"{count(line['shown_links'], 'link')} of ours."
    return words if line["next"] is None else f"{words} The next: --after {line['next']}"
