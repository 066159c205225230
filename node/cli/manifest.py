"""A manifest: a CSV file with one row per file or digest, and the statement about each.

Rules this module upholds:

- Strict: the first line names the columns, every column is known, every row has all columns and names one file or
  digest. All rows are read before any is used, and every fault is reported with its line number.
- A file is read here only for its SHA-256. Its path stays in this process and in the output of this command.
- The node decides what a row may say; this module only reads it.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.cli.output import plain
from node.cli.words import count
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.cli.output import Line, Output

THINGS: Final = ("file", "sha256", "md5")
"""Columns that name a file or digest: each row fills one of them."""
WORDS: Final = ("category", "baseline", "series", "victim_identified", "offender_identified", "tags", "language")
"""Columns of the statement. An empty cell says nothing."""
SEPARATOR: Final = ";"
"""Between tags."""
MAX_ROWS: Final = 1_000_000
MAX_CELL: Final = 16_384
"""Characters."""
_TRI: Final = frozenset({"yes", "no", "unknown"})
_TRI_COLUMNS: Final = ("baseline", "victim_identified", "offender_identified")
_DIGITS: Final = {"sha256": 64, "md5": 32}
_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_CATEGORY: Final = re.compile(r"[^\s:]+:[^\s:]+:[^\s:]+")


@dataclass(slots=True)
class Manifest:
    """`rows` as the command takes them; `faults` as (line, what is wrong)."""

    rows: list[Line] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


class _Fault(Exception):
    """Why one row cannot be used."""


def read_manifest(path: Path, advance: Callable[[], None] = lambda: None) -> Manifest:
    """Every row of a manifest, or what is wrong with it; calls `advance` after each. Raises `Misuse` if the file is not
    a manifest.
    """
    manifest = Manifest()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = _header(next(reader, []))
            for number, cells in _numbered(reader, manifest):
                try:
                    row = _row(columns, cells, path.parent)
                except _Fault as fault:
                    manifest.faults.append((number, str(fault)))
                else:
                    manifest.rows.append({"line": number, **row})
                advance()
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
        raise Misuse(f"the manifest cannot be read: {why}", remedy="check the path and who may read it") from None
    except UnicodeDecodeError:
        raise Misuse("the manifest is not UTF-8 text", remedy="save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise Misuse(f"the manifest is not CSV: {error}", remedy="save it as CSV, with commas") from None
    if not manifest.rows and not manifest.faults:
        raise Misuse("the manifest has no rows", remedy="write one line per file, below the names of the columns")
    return manifest


def manifest_rows(output: Output, path: Path, done: str) -> list[Line]:
    """The rows of a manifest. If rows are faulty, prints each fault and then raises `Misuse`: nothing was `done`."""
    with output.progress("reading the manifest", None) as advance:
        read = read_manifest(path, advance)
    for number, fault in read.faults:
        output.line({"line": number, "error": fault, "remedy": ""}, fault_words)
    if read.faults:
        raise Misuse(
            f"nothing was {done}: {count(len(read.faults), 'line')} of the manifest cannot be used",
            remedy="correct the manifest, and run the command again",
        )
    return read.rows


def fault_words(line: Line) -> str:
    """A faulty line of a manifest, found here or by the node."""
    return f"line {line['line']}: {plain(line['error'])}"


def _header(names: list[str]) -> list[str]:
    columns = [name.strip().lower() for name in names]
    known = ", ".join((*THINGS, *WORDS))
    unknown = [name for name in columns if name not in THINGS and name not in WORDS]
    if unknown or not columns:
        hint = " (separate the columns by commas)" if ";" in "".join(names) or "\t" in "".join(names) else ""
        what = f"has an unknown column {unknown[0][:40]!r}" if unknown else "is empty"
        raise Misuse(f"line 1: the manifest {what}{hint}", remedy=f"the columns are: {known}")
    if len(set(columns)) != len(columns):
        raise Misuse("line 1: the manifest names a column twice", remedy=f"the columns are: {known}")
    if not set(columns) & set(THINGS):
        raise Misuse("line 1: no column names a file or a digest", remedy="one of: " + ", ".join(THINGS))
    return columns


def _numbered(reader: Iterator[list[str]], manifest: Manifest) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its last line; empty lines are skipped."""
    for cells in reader:
        if not any(cells):
            continue
        if len(manifest.rows) + len(manifest.faults) >= MAX_ROWS:
            raise Misuse(f"the manifest has more than {MAX_ROWS:,} rows", remedy="split it")
        yield reader.line_num, cells  # type: ignore[attr-defined]


def _row(columns: list[str], cells: list[str], folder: Path) -> Line:
    if len(cells) != len(columns):
        raise _Fault(f"it has {len(cells)} cells, and the first line names {len(columns)} columns")
    if max(map(len, cells)) > MAX_CELL:
        raise _Fault(f"a cell has more than {MAX_CELL:,} characters")
    given = {column: cell.strip() for column, cell in zip(columns, cells, strict=True) if cell.strip()}
    named = [column for column in THINGS if column in given]
    if len(named) != 1:
        raise _Fault("it names " + (f"{' and '.join(named)}: give one of them" if named else "no file and no digest"))
    row = _thing(named[0], given[named[0]], folder)
    for column in WORDS:
        if column in given:
            row[column] = _word(column, given[column])
    return row


def _thing(column: str, value: str, folder: Path) -> Line:
    if column == "file":
        return {"sha256": _sha256(folder / value)}
    if len(value) != _DIGITS[column] or not _HEX.fullmatch(value):
        raise _Fault(f"its {column} is not {_DIGITS[column]} hex digits")
    return {column: value.lower()}


def _word(column: str, value: str) -> str | list[str]:
    if column in _TRI_COLUMNS and value not in _TRI:
        raise _Fault(f"its {column} is {value[:20]!r}; write yes, no or unknown")
    if column == "category" and not _CATEGORY.fullmatch(value):
        raise _Fault("its category is not SCHEME:VERSION:CODE, for example uk-caid:1:B")
    if column == "tags":
        return [tag.strip() for tag in value.split(SEPARATOR)]
    return value


def _sha256(path: Path) -> str:
    try:
        # Opened without blocking: opening a pipe would wait forever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _Fault("its file is not a file, but a folder or a device")
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _Fault(f"its file cannot be read: {os.strerror(error.errno or 0).lower()}") from None
    except ValueError:  # a NUL byte, which no path contains
        raise _Fault("its file is not a path") from None
