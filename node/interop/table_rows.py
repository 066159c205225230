"""Rows of a table with their places: lines of text, cut into cells.

Rules this module upholds:

- A row that cannot be cut into cells stops only itself. Where a quotation mark is opened and not closed, the lines
  after it are read again as rows of their own.
- The place of a row is that of its first line. Lines are lines of the file: a cell in quotes may have several.
- Bounded: a row has at most `MOST_LINES` lines of `LONGEST_ROW` characters. In a file with many open quotation marks
  few lines are looked at after each: time does not grow with the square of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from node.domain.references import At, Fault
from node.errors import Malformed
from node.interop.hash_lines import Unusable
from node.interop.hash_tables import OPEN_QUOTE, TOO_LONG, read_cells
from node.interop.text_coding import legible
from node.interop.text_lines import Line, placed_lines

LONGEST_ROW: Final = 1_048_576
"""Characters of a line. The longest cell of a spreadsheet has 32,767, and a row may have some of them."""
MOST_LINES: Final = 4_096
"""Lines of one row: a comment of a spreadsheet has at most 32,767 characters, and each may be a line end."""
_FEW_LINES: Final = 16
_PATIENCE: Final = 262_144
"""Lines that are read in vain after open quotation marks, before `_FEW_LINES` must do."""


class Row(NamedTuple):
    """A row. `at`: its place; `cells`: as they are written; `ended`: False where the file ends within its last line;
    `comment`: whether it begins as a comment does.
    """

    at: At
    cells: list[str]
    ended: bool
    comment: bool = False


class Lines:
    """Lines of a file, that can be put back."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._lines = placed_lines(chunks, lambda _: False, LONGEST_ROW)
        self._back: list[Line] = []

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._back.pop() if self._back else next(self._lines)

    def put_back(self, lines: list[Line]) -> None:
        """Makes `lines` the next ones."""
        self._back.extend(reversed(lines))


def table_rows(lines: Lines, delimiter: str, width: int = 0) -> Iterator[Row | Fault]:
    """Every row that is not empty, in order. `delimiter` and `width` as in `hash_tables.read_cells`.

    A row is numbered whether it can be used or not.
    """
    record = in_vain = 0
    for line in lines:
        if line.text is not None and not line.text.strip():
            continue
        record += 1
        at = At(record=record, line=line.number, offset=line.offset)
        if line.text is None:
            yield Fault(at, TOO_LONG)
            continue
        taken: list[Line] = []
        most = MOST_LINES if in_vain < _PATIENCE else _FEW_LINES
        try:
            cells = read_cells(legible(line.text), _texts(lines, taken), delimiter, width, most)
        except (Unusable, Malformed) as error:
            lines.put_back(taken)
            in_vain += len(taken)
            yield Fault(at, error.reason if isinstance(error, Unusable) else OPEN_QUOTE)
            continue
        yield Row(at, cells, (taken[-1] if taken else line).ended, comment=line.text.lstrip().startswith("#"))


def _texts(lines: Lines, taken: list[Line]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        if line.text is None:
            return
        yield legible(line.text)
