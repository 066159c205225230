"""What a person says that the columns of a table hold: `--map COLUMN=ROLE`, or a saved mapping in a file.

Rules this module upholds:

- A saved mapping and an option have the same form (`column_roles.read_mapping`). A column is said once.
- What names a file that is there is a saved mapping, also if the name has a "=". Anything else with a "=" is
  `COLUMN=ROLE`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from node.errors import Misuse
from node.interop.column_roles import read_mapping

_LONGEST: Final = 1 << 20
"""Bytes of a saved mapping that are read: `read_mapping` refuses far shorter ones."""


def columns_of(given: Iterable[str]) -> dict[str, str]:
    """Column -> what it holds. Raises `Misuse`."""
    columns: dict[str, str] = {}
    for text in given:
        for column, role in read_mapping(text if _is_said(text) else _saved(Path(text))).items():
            if columns.setdefault(column, role) != role:
                raise Misuse("a column is mapped twice", remedy="give each column one role")
    return columns


def _is_said(text: str) -> bool:
    try:
        return "=" in text and not Path(text).is_file()
    except (OSError, ValueError):
        # Too long for a path, or with a NUL.
        return True


def _saved(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Misuse(
            "the mapping cannot be read", remedy="give a text file with COLUMN = ROLE lines, or COLUMN=ROLE itself"
        ) from None
