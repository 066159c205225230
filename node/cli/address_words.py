"""Addresses in words.

Rules this module upholds:

- An address is printed without a scheme, in its canonical form, so that a terminal does not make a link of it; beside
  it the name in its own letters, where it has others.
- Who lists it, who disputes it and until when it is in force are always named together.
"""

from __future__ import annotations

from typing import Final

from node.cli.left_out_words import left_out_words
from node.cli.output import Line, plain
from node.cli.words import below, count, join

_DONE: Final = {
    "listed": "listed",
    "renewed": "renewed",
    "unchanged": "listed already with this day of evidence",
    "withdrawn": "withdrawn",
    "disputed": "disputed",
}


def address_words(line: Line) -> str:
    """The address and its granularity."""
    shown = f" ({plain(line['shown'])})" if line.get("shown") else ""
    return f"{plain(line['address'])}{shown}  {line['granularity']}"


def taken_words(line: Line) -> str:
    """What became of an address that was given."""
    if "error" in line:
        return refused_words(line)
    if "given" in line:
        known = line["given"] - line["new"] - line["refused"]
        refused = f", {line['refused']:,} refused" if line["refused"] else ""
        return f"{line['new']:,} new, {known:,} known before{refused}."
    return address_words(line) + ("" if line["new"] else "  (known before)")


def outcome_words(line: Line) -> str:
    """What became of a listing."""
    if "error" in line:
        return refused_words(line)
    if "given" in line:
        refused = f", {line['refused']:,} refused" if line["refused"] else ""
        sent = " The node sends it to the hub while it runs." if line["done"] else ""
        return f"{line['done']:,} of {line['given']:,} done{refused}.{sent}"
    about = address_words(line) + ": " if "address" in line else ""
    return about + _DONE[line["done"]]


def refused_words(line: Line) -> str:
    """Why an address was refused, and what to do. The line number says which it is; what was typed is not repeated."""
    place = f"line {line['line']}: " if line.get("line") else ""
    name = f"{address_words(line)}: " if "address" in line else ""
    remedy = "\n" + below(2, f"to do: {plain(line['remedy'])}") if line.get("remedy") else ""
    return f"refused: {place}{name}{plain(line['error'])}{remedy}"


def known_words(line: Line) -> str:
    """A known address with its evidence, and what the members say."""
    if "total" in line:
        return f"{line['listed']:,} of {line['total']:,} known addresses."
    lines = [address_words(line)]
    lines.append(below(2, listed_words(line["listed"])))
    for each in line["evidence"]:
        what = f"holding {each['holding']}" if each["holding"] else plain(each["note"])
        by = f", by {plain(each['by'])}" if each["by"] else ""
        lines.append(below(2, f"evidence of {each['day']}: {what}{by}"))
    return "\n".join(lines)


def due_words(line: Line) -> str:
    """A listing of ours that ends."""
    if "due" in line:
        return f"{count(line['due'], 'listing')} to be checked again."
    gone = "" if line["evidence"] else "\n" + below(2, "its evidence is gone: add new evidence, or withdraw it")
    return f"{line['last_day']}  {address_words(line)}{gone}"


def listed_words(listed: Line | None) -> str:
    """What the members say about an address."""
    if listed is None:
        return "no member lists it"
    said = {
        "in-force": f"in force until {listed['last_day']}",
        "too-few": "not in force: too few members list it",
        "under-review": "not in force: under review",
        "unlisted": "not in force: nobody lists it now",
    }[listed["force"]]
    parts = [said]
    if listed["members"]:
        parts.append(f"listed by {join(listed['members'])}")
    if listed["lapsed"]:
        parts.append(f"no longer by {join(listed['lapsed'])}")
    if listed["disputed_by"]:
        parts.append(f"disputed by {join(listed['disputed_by'])}")
    if listed["not_counted"]:
        parts.append(f"{count(listed['not_counted'], 'listing')} not counted: the member has too many")
    return "; ".join(parts)


def checked_words(line: Line) -> str:
    """What covers a checked address."""
    if "checked" in line:
        unreadable = f", {line['unreadable']:,} not readable" if line["unreadable"] else ""
        return (
            f"{line['checked']:,} checked: {line['in_force']:,} covered by a listing in force, "
            f"{line['covered'] - line['in_force']:,} by others{unreadable}."
        )
    if "error" in line:
        return refused_words(line)
    place = f"line {line['line']}: " if line["line"] else ""
    lines = [f"{place}{plain(line['text'])}"]
    lines += [below(2, f"{address_words(each)}: {listed_words(each['listed'])}") for each in line["covered_by"]]
    return "\n".join(lines)


def exported_words(line: Line) -> str:
    """What the file contains, and what it does not."""
    lines = [
        f"{plain(line['path'])}: {line['addresses']:,} in force and known here, SHA-256 {line['sha256']}.",
        *left_out_words(line["left_out"]),
    ]
    if line["unknown"]:
        lines.append(below(2, f"in force, and not known here in plain form: {line['unknown']:,}"))
    if line["not_in_force"]:
        lines.append(below(2, f"known here, and not in force: {line['not_in_force']:,}"))
    return "\n".join(lines)
