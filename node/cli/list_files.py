"""Files of lists, as a command reads them: one pass or two, with their counts and without placeholders.

Rules this module upholds:

- A file is read from disk in chunks, as often as it is needed, and never kept: memory does not grow with it.
- Files are called by their place on the command line. A name of a file is in no message.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from node.cli.output import Advance, Line
from node.control.list_lines import item_of
from node.domain.references import PLACEHOLDER, At, Family, Fault, Item, ListCase, ListHead, Reference, Withdrawal
from node.errors import Misuse
from node.interop.formats import FORMATS, format_of
from node.interop.reading import HEAD_BYTES, Choices, Format
from node.usecases.list_report import CONFLICTING, DUPLICATE, ListReport
from node.usecases.list_standing import Standing
from node.usecases.placeholders import CONSTANT, Placeholders, without

ROWS_AN_ITEM: Final = 2_000
"""Rows of one item of the local socket, at most."""
BYTES_AN_ITEM: Final = 4 << 20
"""Characters of the words of the rows of one item, about: a row may have long words."""
_CHUNK: Final = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """A file that a person gave. `label`: what it is called in messages."""

    path: Path
    label: str
    form: Format
    choices: Choices
    size: int


def opened(path: Path, label: str, form: str | None, choices: Choices) -> ListFile:
    """A file with its format: `form` by its name, otherwise told by its content.

    Raises `Misuse` if it cannot be read or the format is not known, `Unwelcome` if nobody recognises it.
    """
    if form is not None and form not in FORMATS:
        raise Misuse("there is no such format", remedy=f"--as takes one of {', '.join(sorted(FORMATS))}")
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Misuse(f"{label} is not a regular file", remedy="write the list to a file first")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise _unreadable(label, error) from None
    found = FORMATS[form] if form is not None else format_of(head)
    return ListFile(path=path, label=label, form=found, choices=choices, size=status.st_size)


class Pass:
    """One reading of a file. `report` and `digest` are complete when `items` has ended.

    `placeholders`: those that an earlier pass found, which are left out from the first row on.
    """

    def __init__(self, file: ListFile, advance: Advance, placeholders: frozenset[bytes] = frozenset()) -> None:
        self.report = ListReport()
        self.digest = b""
        self.placeholders = placeholders
        self._file = file
        self._advance = advance
        self._sha256 = hashlib.sha256()

    @property
    def head(self) -> ListHead:
        """What the file says of itself; a file that ends early may not have come to it."""
        return self.report.head or ListHead(format=self._file.form.name)

    def items(self) -> Iterator[Item]:
        """What the file has, without placeholders. Raises `Broken`, `Unwelcome`, `Misuse`."""
        counted = Placeholders()
        for item in self._file.form.read(self._chunks(), self._file.choices):
            kept: Item = item
            if isinstance(item, Reference) and item.photodna:
                known = counted.look(item) or item.photodna in self.placeholders
                if known:
                    self.report.notice(CONSTANT, item.at)
                    left = without(item)
                    kept = left if left.fingerprints else Fault(item.at, PLACEHOLDER)
            self.report.add(kept)
            yield kept
        self.placeholders |= counted.end()
        if self.placeholders:
            self.report.notice(CONSTANT)
        self.digest = self._sha256.digest()

    def batches(self) -> Iterator[Line]:
        """The rows as items of the local socket."""
        rows: list[list[Any]] = []
        words = 0
        for item in self.items():
            if not isinstance(item, Reference | Withdrawal | ListCase | Family):
                continue
            rows.append(item_of(item))
            words += len(item.said) if isinstance(item, Reference | ListCase) else 0
            if len(rows) >= ROWS_AN_ITEM or words >= BYTES_AN_ITEM:
                yield {"rows": rows}
                rows, words = [], 0
        if rows:
            yield {"rows": rows}

    def _chunks(self) -> Iterator[bytes]:
        try:
            with self._file.path.open("rb") as file:
                while piece := file.read(_CHUNK):
                    self._sha256.update(piece)
                    self._advance(len(piece))
                    yield piece
        except OSError as error:
            raise _unreadable(self._file.label, error) from None


def examine(file: ListFile, advance: Advance) -> tuple[Pass, Standing]:
    """Reads a file to its end, and compares its rows with each other. Raises `Broken`, `Unwelcome`."""
    read, standing = _compared(Pass(file, advance))
    if read.placeholders:
        # They were known too late for the first rows.
        read, standing = _compared(Pass(file, advance, read.placeholders))
    note_repeats(read.report, standing.repeated, standing.conflicting)
    read.report.contradicting, read.report.contradicting_at = standing.contradicting, standing.first
    return read, standing


def _compared(read: Pass) -> tuple[Pass, Standing]:
    standing = Standing()
    for item in read.items():
        if isinstance(item, Reference):
            standing.add(item)
        elif isinstance(item, Withdrawal):
            standing.withdraw(item)
    return read, standing


def note_repeats(report: ListReport, repeated: int, conflicting: int) -> None:
    """Tells of rows that say again, or something else of, what another row says."""
    if repeated:
        report.notice(DUPLICATE)
    if conflicting:
        report.notice(CONFLICTING)


def note_contradicting(report: ListReport, told: Line) -> None:
    """Tells of rows that contradict others, as the node counted them."""
    report.contradicting = told["rows"]
    if (first := told["first"]) is not None:
        report.contradicting_at = At(
            record=first.get("record", -1),
            line=first.get("line", -1),
            offset=first.get("offset", -1),
            name=first.get("id", ""),
        )


def _unreadable(label: str, error: OSError) -> Misuse:
    why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
    return Misuse(f"{label} cannot be read: {why}", remedy="check the path and who may read it")
