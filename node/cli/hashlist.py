"""Text files of hashes or record names, a line each: what `vigil allow import`, `--hashes` and `retract --file` read.

Rules this module upholds:

- Strict: a line is a hash, a comment that starts with #, or empty. All lines are read before any is used, and every
  fault is named by its line number; the line itself is never repeated, for it may be anything.
- Bounded: a line is no longer than the longest hash could be, so a file of another kind is told from its first line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from node.errors import Misuse

LONGEST_LINE: Final = 1_000
"""Bytes. The longest hash of all (PhotoDNA in hex, with its name) takes 297."""
FAULTS_NAMED: Final = 5
"""Faults of a file that are told one by one; of the others, how many there are."""
_BOM: Final = b"\xef\xbb\xbf"

Value = TypeVar("Value")


def read_hashes(path: Path, parse: Callable[[str], Value]) -> list[Value]:
    """Every hash of a file in its order, as `parse` reads it (which raises `Misuse` for what is none).

    Raises `Misuse` that names the file, the lines that are at fault, and why.
    """
    return [value for _, value in read_lines(path, parse, "hash")]


def read_lines(path: Path, parse: Callable[[str], Value], what: str) -> list[tuple[int, Value]]:
    """(line, value) of every value of a file in its order; `what` one is called. As `read_hashes`."""
    values: list[tuple[int, Value]] = []
    faults: list[str] = []
    for number, text in _lines(path):
        try:
            values.append((number, parse(text)))
        except Misuse as error:
            faults.append(f"line {number}: {error}")
    if faults:
        named = "; ".join(faults[:FAULTS_NAMED])
        more = f"; and {len(faults) - FAULTS_NAMED:,} more" if len(faults) > FAULTS_NAMED else ""
        plural = "hashes" if what == "hash" else f"{what}s"
        raise Misuse(
            f"{path} was not used, because some of its lines are not {plural}: {named}{more}",
            remedy=f"write one {what} per line; lines that start with # and empty lines are ignored",
        )
    return values


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number, text) of every line that says something."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise Misuse(f"{path}: line {number} is too long for a hash", remedy="is it a text file of hashes?")
                text = line.removeprefix(_BOM if number == 1 else b"").decode("ascii", "replace").strip()
                if text and not text.startswith("#"):
                    yield number, text
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
        raise Misuse(f"{path} cannot be read: {why}", remedy="check the path and who may read it") from None
