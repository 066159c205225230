"""The digits that two people read to each other. Each thing has one name in every command of every ceremony.

Rules this module upholds:

- ROOT: the authority's root keys. HUB: all keys of the hub. CA: the hub's certificate authority. KEYS: a member's keys.
- A command says which digits to compare, and with whom. People never compare them over the channel that carries the
  file: they use a telephone, or meet.
- Digits are on their own line, after their name.
"""

from __future__ import annotations

from node.cli.output import Line, plain

_WIDTH = 10


def digits(name: str, value: object) -> str:
    """One line of digits."""
    return f"  {name:<{_WIDTH}} {plain(value)}"


def root_digits(line: Line) -> str:
    """The ROOT digits of a line, with the root's version: each version has different digits."""
    version = line.get("root_version")
    return digits(f"ROOT {version}" if version else "ROOT", line["root_fingerprint"])
