"""The digits that two people read to each other: one name for one thing, in every command of every ceremony.

Rules this module upholds:

- ROOT: the authority's root keys. HUB: all keys of the hub. CA: the hub's certificate authority. KEYS: a member's keys.
- A command says in words which digits to compare, with whom. The channel is always another than the file's: a
  telephone, or a meeting.
- Digits stand on a line of their own, the name first.
"""

from __future__ import annotations

from node.cli.output import Line, plain

_WIDTH = 10


def digits(name: str, value: object) -> str:
    """One line of digits."""
    return f"  {name:<{_WIDTH}} {plain(value)}"


def root_digits(line: Line) -> str:
    """The ROOT digits of a line, with the root's version: another version has other digits."""
    version = line.get("root_version")
    return digits(f"ROOT {version}" if version else "ROOT", line["root_fingerprint"])
