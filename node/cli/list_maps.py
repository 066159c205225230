"""What a person says that the columns of a table hold: `--map COLUMN=ROLE`, or a saved mapping in a file.

Rules this module upholds:

- A saved mapping is text with one COLUMN=ROLE per line. Lines that start with # and empty lines are left out.
- A column is said once. The reader of the format checks roles and columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from node.cli.hashlist import read_lines
from node.errors import Misuse


def columns_of(given: Iterable[str]) -> dict[str, str]:
    """Column -> what it holds. Raises `Misuse`."""
    columns: dict[str, str] = {}
    for text in given:
        for column, role in [_pair(text)] if "=" in text else _saved(Path(text)):
            if columns.setdefault(column, role) != role:
                raise Misuse("a column is mapped twice", remedy="give each column one role")
    return columns


def _pair(text: str) -> tuple[str, str]:
    column, _, role = (part.strip() for part in text.rpartition("="))
    if not column or not role:
        raise Misuse("a mapping is COLUMN=ROLE", remedy="for example --map HashValue=md5")
    return column, role


def _saved(path: Path) -> list[tuple[str, str]]:
    return [pair for _, pair in read_lines(path, _pair, "COLUMN=ROLE pair")]
