"""The text that people read of entities.

Rules this module upholds:

- Every word that a person typed goes through `plain`.
"""

from __future__ import annotations

from typing import Final

from node.cli.output import Line, plain
from node.cli.words import below, count, moment

_DEEDS: Final = {
    "added": "added as",
    "merged": "merged into entity",
    "split": "no longer merged into entity",
    "named-by-case": "named by case",
    "left-case": "no longer named by case",
}


def entity_words(line: Line) -> str | None:
    """An entity in a list, in two lines."""
    if "entity" not in line:
        return None
    about = [count(line["links"], "holding") + " linked", count(line["notes"], "note")]
    about += [f"{line['merged']:,} merged into it"] if line["merged"] else []
    about += [f"case {plain(', '.join(line['cases']))}"] if line["cases"] else []
    head = f"{line['entity']:>5}  {line['kind']:<8} {plain(line['pseudonym'])} ({line['status']})"
    return head + "\n" + below(7, "; ".join(about))


def whole_words(line: Line) -> str:
    """Everything about one entity."""
    rows = [f"Entity {line['entity']}: {line['kind']}, {plain(line['pseudonym'])}"]
    rows.append(f"  status {line['status']}, version {line['version']}, added {moment(line['added_at'])}")
    if line["merged_into"]:
        rows.append(f"  merged into entity {line['merged_into']}")
    rows.append(f"  cases: {plain(', '.join(line['cases'])) or 'none'}")
    rows += [f"  merged into it: entity {each['entity']}, {plain(each['pseudonym'])}" for each in line["merged"]]
    rows += ["Notes"] * bool(line["notes"])
    for each in line["notes"]:
        version = f", version {each['version']}" if each["version"] > 1 else ""
        rows.append(f"  {each['entity']}.{each['note']}{version} ({_who(each['officer'])}, {moment(each['at'])})")
        rows += [below(4, plain(part)) for part in each["text"].split("\n")]
    rows += ["Links"] * bool(line["links"])
    rows += [_link_words(each) for each in line["links"]]
    rows += ["History"] * bool(line["events"])
    rows += [_event_words(each) for each in line["events"]]
    return "\n".join(rows)


def _link_words(link: Line) -> str:
    words = f"  holding {link['holding']}: {link['role']}, {link['certainty']}"
    words += f" ({_who(link['officer'])}, {moment(link['at'])})"
    if link["withdrawn_at"]:
        words += f"; withdrawn {moment(link['withdrawn_at'])} by {_who(link['withdrawn_by'])}"
    return words


def _event_words(event: Line) -> str:
    change = " -> ".join(plain(each) for each in (event["was"], event["now"]) if each)
    what = _DEEDS.get(event["event"], event["event"])
    return f"  {moment(event['at'])} entity {event['entity']}: {what} {change}".rstrip() + (
        f" ({_who(event['officer'])})"
    )


def _who(officer: str | None) -> str:
    return plain(officer) if officer else "unnamed"
