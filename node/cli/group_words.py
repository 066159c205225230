"""Groups as text for people.

Rules this module upholds:

- Name and purpose are words of another member: they go through `plain`.
- A group that the reader does not know is shown by its short id.
"""

from __future__ import annotations

from typing import Final

from node.cli.output import Line, plain
from node.cli.statement_words import publication_words, why_words
from node.cli.words import below, count, record_name

_STATES: Final = {
    "open": "open",
    "closed": "closed by its founder",
    "expired": "over: its last day has passed",
    "retracted": "retracted by its founder",
    "hidden": "not for us any more",
}
_WE: Final = {
    "founder": "we founded it",
    "invited": "we are invited: vigil group accept or decline",
    "accepted": "we are in it",
    "declined": "we have declined",
    "left": "we have left",
}
_DONE: Final = {
    "founded": "Founded. Invited: {}.",
    "invited": "Invited: {}.",
    "removed": "Not invited any more: {}.",
    "accepted": "Accepted. Told to {}.",
    "declined": "Declined. Told to {}.",
    "left": "Left. Told to {}.",
    "closed": "Closed. Told to {}.",
}
_INDENT: Final = 14


def shared_words(group: Line) -> str:
    """With which group a record was shared."""
    name = f"the group {group['name']}" if group["name"] else f"a group that we do not know: {_short(group)}"
    return plain(f"to {name}")


def row_words(line: Line) -> str:
    """A group of the list."""
    name = plain(line["name"] or "a group that we may not read")
    rows = [f"{_short(line)}  {name}, founded by {plain(line['founder'])}: {_state_words(line)}"]
    if line["name"]:
        rows.append(below(_INDENT, f"{count(line['present'], 'member')} present, {line['invited']:,} not yet"))
    return "\n".join(rows)


def whole_words(line: Line) -> str:
    """A group in full."""
    rows = [
        ("Group", line["name"] or "a group that we may not read"),
        ("Id", line["group"]),
        ("Purpose", line["purpose"]),
        ("Founder", line["founder"]),
        ("State", _state_words(line)),
        ("Until", line["until"]),
        *(("Members" if not at else "", f"{each['member']}: {each['standing']}") for at, each in _numbered(line)),
    ]
    words = [f"{name:<12} {plain(value)}" for name, value in rows if value]
    return "\n".join([*words, *(["Our last statement about it has not been sent yet."] if line["waits"] else [])])


def _numbered(line: Line) -> list[tuple[int, Line]]:
    return list(enumerate(line["members"]))


def said_words(line: Line) -> str:
    """What we said about a group."""
    words = _DONE[line["state"]].format(", ".join(map(plain, line["members"])))
    words = f"{words} The group: {_short(line)}.\n  {plain(line['group'])}"
    return f"{words}\n" + publication_words(line, "Published: the hub has confirmed it.")


def readdressed_words(line: Line) -> str:
    """The outcome for one record."""
    name = f", now {record_name(line['correction'])}" if line["correction"] else ""
    error = f": {plain(line['error'])}" if line["error"] else ""
    return f"{record_name(line['record'])}: {plain(line['state'])}{name}{error}"


def share_end_words(line: Line) -> str:
    """The end of `group share`."""
    readers = ", ".join(map(plain, line["members"]))
    if line["would_share"]:
        return f"{count(line['would_share'], 'record')} would be shared with {readers}. Nothing was changed."
    words = [f"{count(line['shared'], 'record')} shared with {readers}."]
    if line.get("interrupted"):
        words[0] = f"Interrupted: {words[0]} {line['remaining']:,} not begun."
    if line["kept"]:
        words.append(f"{count(line['kept'], 'record')} could not be shared.")
    waiting = line.get("queued", 0) + line.get("signed", 0)
    if waiting:
        words += [f"{line['published']:,} published, {waiting:,} waiting to leave this node.", why_words(line)]
    return "\n".join(words)


def _state_words(line: Line) -> str:
    state = _STATES[line["state"]]
    return f"{state}; {_WE[line['we']]}" if line["we"] and line["state"] == "open" else state


def _short(line: Line) -> str:
    return record_name(line["group"])
