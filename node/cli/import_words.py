"""What became of a file of a list, in words for people.

Rules this module upholds:

- A category is shown as it is written, with its scheme. A label stands beside it and names its source.
- A file that was not taken in says so first.
"""

from __future__ import annotations

import shlex
from typing import Final

from node.cli.import_lines import ACCEPTED, INCOMPLETE
from node.cli.output import Line, plain
from node.cli.words import count, kind_words

_FLAGS: Final = {
    "victim_identified": "victim identified",
    "offender_identified": "offender identified",
    "distributed": "distributed",
    "baseline": "baseline",
}


def file_words(line: Line) -> str:
    """The outcome of a file."""
    parts = [line["format"], line["version"], line["region"], line["kind"]]
    what = " ".join(plain(part) for part in parts if part) or "format not recognised"
    first = f"file {line['number']} of {line['files']}: {what}, {_outcome(line)}"
    if line["error"] is not None and line["file"] not in (ACCEPTED, INCOMPLETE) and not line["references"]:
        return first
    return "\n".join([first, *(f"  {words}" for words in _content(line))])


def _outcome(line: Line) -> str:
    if line["dry_run"]:
        ends = "" if line["whole_records_before"] is None else ", ends early"
        return f"{line['file']}{ends} (a dry run: nothing was stored)"
    if line["file"] == INCOMPLETE:
        return f"ends early: what was whole is in the list, which is marked incomplete ({_place(line['error'])})"
    return str(line["file"])


def _content(line: Line) -> list[str]:
    records = "records not counted" if line["records"] is None else count(line["records"], "record")
    ignored = sum(line["ignored"].values())
    first = f"{count(line['seen'], 'row')} read: {records}, {count(line['retractions_total'], 'withdrawal')}, "
    words = [first + f"{line['rejected_total']:,} rejected, {ignored:,} ignored"]
    if line["list"] is not None:
        words.append(
            f"list {plain(line['list'])}: {line['added']:,} added, {line['changed']:,} changed, "
            f"{line['unchanged']:,} unchanged, {line['withdrawn']:,} withdrawn; {count(line['list_rows'], 'row')} now"
        )
    if line["stale"]:
        words.append(f"{line['stale']:,} older than what the list says of the same row later: not taken")
    words += own_holdings_words(line["own_holdings"], line["list"])
    if line["awaiting_retraction"]:
        words.append(awaiting_words(line["awaiting_retraction"], line["list"]))
    words += [f"{count(line['cases'], 'case')}"] if line["cases"] else []
    words += _same_cases_words(line["same_cases"])
    words += [f"category {_category(each)}: {count(each['rows'], 'row')}" for each in line["categories"]]
    words += [
        f"{_FLAGS[name]}: {each['yes']:,} yes, {each['no']:,} no"
        for name, each in line["flags"].items()
        if each["yes"] or each["no"]
    ]
    words += [
        f"rejected: {plain(each['reason'])}, {count(each['rows'], 'row')}, the first at {_place(each['first'])}"
        for each in line["faults"]
    ]
    words += [f"ignored: {plain(name)}, {number:,}" for name, number in line["ignored"].items()]
    return words + [f"note: {_notice(each)}" for each in line["notices"]]


def own_holdings_words(told: Line | None, name: str) -> list[str]:
    """Which of our holdings match rows of a file, and the command that shows them."""
    if told is None:
        return []
    shows = f"vigil lists hits {shlex.quote(plain(name))}"
    by = ", ".join(f"{number:,} by {kind_words(kind)}" for kind, number in sorted(told["by"].items()))
    match = "matches" if told["matching"] == 1 else "match"
    words = [
        f"{count(told['matching'], 'holding')} of this node {match} rows of this file ({by}): {shows}"
        if told["matching"]
        else "no holding of this node matches a row of this file"
    ]
    if told["hidden"]:
        words.append(f"the allow-list hides {count(told['hidden'], 'more holding')}: {shows} --show-all")
    if told["pdq_rows_not_compared"] or told["near_holdings_not_compared"]:
        words.append(f"not all rows with a PDQ were compared with near pictures; this compares all: {shows}")
    return words


def _same_cases_words(same: Line | None) -> list[str]:
    """Cases that have the reference of another case: they are told, and never merged."""
    words = []
    for name, where in (("own", "of this node"), ("lists", "of another list")):
        if same and same[name]:
            have = "case has the reference of a case" if same[name] == 1 else "cases have references of cases"
            words.append(f"{same[name]:,} {have} {where}; they are separate cases: vigil case list")
    return words


def awaiting_words(number: int, name: str) -> str:
    """Records that were made of rows which left their list, and the command that decides."""
    command = f"vigil contribute --list {shlex.quote(plain(name))}"
    shared = "shared record is of a row" if number == 1 else "shared records are of rows"
    return (
        f"{number:,} {shared} that this list changed or withdrew; to retract what it does not say any more: {command}"
    )


def _category(each: Line) -> str:
    if each["code"] is None:
        return "none"
    category = each["category"]
    if category is None:
        return f"{plain(each['code'])} (no scheme: it means nothing)"
    name = ":".join(plain(category[part]) for part in ("scheme", "version", "code"))
    about = [f"{category['label']}, says {category['label_source']}"] if category["label"] else ["no label"]
    mapped = f"baseline {category['baseline']}, says {category['mapping']}"
    about.append(mapped if category["baseline"] else "no mapping")
    return f"{name} ({'; '.join(about)})"


def _notice(each: Line) -> str:
    rows = [count(each["rows"], "row")] if each["rows"] else []
    first = [f"the first at {_place(each['first'])}"] if each["first"] else []
    about = ", ".join([*rows, *first])
    return plain(each["text"]) + (f" ({about})" if about else "")


def _place(place: Line) -> str:
    named = {"record": "record", "line": "line", "offset": "byte", "id": "id"}
    words = [f"{word} {plain(place[name])}" for name, word in named.items() if name in place]
    return ", ".join(words) or "an unknown place"
