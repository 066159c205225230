"""What members have used of their limits, in people's words.

Rules this module upholds:

- What is wrong is said first, and with what to do.
"""

from __future__ import annotations

from node.cli.output import Line, plain

_ALL = 100


def alarm_words(alarm: Line) -> str:
    """An alarm, and what to do about it."""
    return f"ALARM: {plain(alarm['what'])}\n  to do: {plain(alarm['remedy'])}"


def used_words(line: Line) -> str:
    """How much a member has used of the limit that it is nearest to."""
    shares = [row["used"] * _ALL // max(row["allowed"], 1) for row in line.get("usage", ())]
    return f"{max(shares)}%" if shares else ""
