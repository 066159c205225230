"""How much of their limits members have used, as text for people.

Rules this module upholds:

- Problems come first, with what to do about each.
"""

from __future__ import annotations

from node.cli.output import Line, plain

_ALL = 100


def alarm_words(alarm: Line) -> str:
    """An alarm, and what to do about it."""
    return f"ALARM: {plain(alarm['what'])}\n  to do: {plain(alarm['remedy'])}"


def used_words(line: Line) -> str:
    """The highest share of a limit that a member has used."""
    shares = [row["used"] * _ALL // max(row["allowed"], 1) for row in line.get("usage", ())]
    return f"{max(shares)}%" if shares else ""
