"""What a bundle has, and what reading it did, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.cli.output import plain
from node.cli.words import below, count, day_words, moment

if TYPE_CHECKING:
    from node.cli.output import Line

_STANDING: Final = {
    "known": "nothing new",
    "own": "our own log, which is never read from a file",
    "gap": "NOT read: entries before it are missing here",
    "paused": "NOT read to its end: its member is at a limit",
    "stopped": "NOT read to its end",
    "frozen": "FROZEN: its member has signed two histories, and the evidence is kept",
}
_REMEDIES: Final = {
    "gap": "write the bundle again without --after, or with a new file of `vigil bundle have`",
    "paused": "read this bundle again later",
    "stopped": "ask who wrote the bundle for a new one; the other logs are not affected",
    "frozen": "tell the member and the federation's authority; nothing of this log is read from now on",
}


def log_words(line: Line) -> str:
    """One log."""
    new, standing = line["size"] - line["before"], line["standing"]
    head = _STANDING.get(standing, "") or f"{_entries(new)}, {line['size']:,} in all"
    said = [f"{plain(line['log'])}: {head}"]
    if new and standing != "read":
        said.append(below(2, f"{_entries(new)} before that, {line['size']:,} in all"))
    if new:
        said.append(below(2, f"{count(line['records'], 'record')} with hashes" + _without(line)))
    if line["late"]:
        said.append(below(2, f"{count(line['late'], 'record')} that came without hashes before: now with them"))
    if line["why"]:
        said.append(below(2, plain(line["why"])))
    if standing in _REMEDIES:
        said.append(below(2, f"to do: {_REMEDIES[standing]}"))
    return "\n".join(said)


def _entries(number: int) -> str:
    return f"{number:,} new {'entry' if number == 1 else 'entries'}"


def _without(line: Line) -> str:
    open_ones = f"; {line['missing']:,} without: their hashes are not in this bundle" if line["missing"] else ""
    return open_ones + (f"; {line['closed']:,} for other members" if line["closed"] else "")


def read_words(line: Line) -> str:
    """What was stored of a bundle."""
    rows = [
        _verified(line["written_by"], line["for"], line["written_at"]),
        below(2, f"stored: {_entries(line['entries'])}, {count(line['records'], 'record')} with hashes"),
        *_left_out(line["written_by"], line["left_out"]),
        below(2, f"checked by roster version {line['roster_version']}" + _newer(line)),
    ]
    if not line["complete"]:
        rows.append("Not everything in this bundle is here: see the logs above.")
    return "\n".join(rows)


def checked_words(line: Line) -> str:
    """What a bundle has that was only checked."""
    stale = ", which has expired: its members may have changed" if line["roster_expired"] else ""
    rows = [
        _verified(line["member"], line["profile"], line["at"]),
        below(2, f"{count(line['records'], 'record')} with hashes, {line['entries']:,} entries; nothing was stored"),
        *_left_out(line["member"], line["left_out"]),
        below(2, f"checked by roster version {line['roster_version']}{stale}"),
        below(2, f"root {line['root_fingerprint']} (compare it with the authority by telephone)"),
    ]
    return "\n".join(rows)


def _verified(member: str, reader: str | None, at: int) -> str:
    whom = f"for {plain(reader)}" if reader else "for anybody"
    return f"Verified: {plain(member)} wrote this bundle {whom} on {moment(at)}, by its own clock."


def _left_out(member: str, reasons: dict[str, int]) -> list[str]:
    return [below(2, f"left out by {plain(member)}: {plain(why)} ({number:,})") for why, number in reasons.items()]


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
