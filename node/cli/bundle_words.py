"""What reading a bundle did, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.cli.output import plain
from node.cli.words import below, count, day_words, moment

if TYPE_CHECKING:
    from node.cli.output import Line

_STANDING: Final = {
    "known": "nothing new",
    "own": "our own log, which is never read from a file",
    "gap": "NOT read: a part is missing before it",
    "paused": "read in part: its limit is reached",
    "stopped": "NOT read to its end",
    "frozen": "FROZEN: its member has signed two histories; the evidence is kept (vigil node status)",
}


def log_words(line: Line) -> str:
    """One log."""
    new = line["size"] - line["before"]
    said = [f"{plain(line['log'])}: {_entries(new)}, {line['size']:,} in all"]
    if line["standing"] != "read":
        said = [f"{plain(line['log'])}: {_STANDING.get(line['standing'], plain(line['standing']))}"]
    if new and line["standing"] != "read":
        said.append(below(2, f"{_entries(new)} before that, {line['size']:,} in all"))
    if new:
        said.append(below(2, f"{count(line['records'], 'record')} with hashes" + _without(line)))
    if line["late"]:
        said.append(below(2, f"{count(line['late'], 'record')} that came without hashes before: now with them"))
    if line["why"]:
        said.append(below(2, plain(line["why"])))
    return "\n".join(said)


def _entries(number: int) -> str:
    return f"{number:,} new {'entry' if number == 1 else 'entries'}"


def _without(line: Line) -> str:
    return f", {line['missing']:,} without: this bundle does not have theirs" if line["missing"] else ""


def read_words(line: Line) -> str:
    """The bundle."""
    reader = f"for {plain(line['for'])}" if line["for"] else "for anybody"
    at = moment(line["written_at"])
    rows = [
        f"Verified: {plain(line['written_by'])} wrote this bundle {reader} on {at}, by its own clock.",
        below(
            2,
            f"stored: {_entries(line['entries'])}, {count(line['records'], 'record')} with hashes",
        ),
        *(
            below(2, f"left out by {plain(line['written_by'])}: {plain(reason)} ({number:,})")
            for reason, number in line["left_out"].items()
        ),
        below(2, f"checked by list of members {line['roster_version']}" + _newer(line)),
    ]
    if not line["complete"]:
        rows.append("Not everything in this bundle is here: see the logs above.")
    return "\n".join(rows)


def _newer(line: Line) -> str:
    return ", which came with this bundle" if line["newer_roster"] else ""


def record_words(line: Line) -> str:
    """One record of a bundle that is only checked."""
    series = f", series {plain(line['series'])}" if line.get("series") else ""
    prints = count(len(line["fingerprints"]), "fingerprint")
    return (
        f"{plain(line['record'])}\n  {day_words(line['issued_day'])}, by {plain(line['member'])}{series}; {prints}; "
        f"seen by the hub no later than {moment(line['cosigned_at'])}"
    )
