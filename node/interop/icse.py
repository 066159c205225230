"""ICSE CSV, as INTERPOL's database exports lists: columns in any order, semicolons between cells.

Rules this module upholds:

- Twelve of the sixteen columns suffice, in any order and case. ZZ40 is 32 hex digits and is no MD5; it and Lace are
  kept with the row and not searched.
- Names of investigations and agencies stay with the row.
- Rows of the real file end with one more empty cell than there are columns, and a row may be short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from node.domain.references import At, EndsEarly, Fault, Item, ListHead
from node.interop.column_roles import columns_of
from node.interop.hash_tables import header_cells
from node.interop.notices import Notices
from node.interop.reading import Broken, Choices, Format
from node.interop.table_references import RowReader
from node.interop.table_rows import Lines, table_rows
from node.interop.text_coding import coding_of

NAME: Final = "icse"
DELIMITER: Final = ";"
COLUMNS: Final = (
    "MD5",
    "SHA1",
    "PhotoDNA",
    "Image ID",
    "Is distributed",
    "Victim identified",
    "Offender identified",
    "Series name",
    "Number of submissions",
    "File Available",
    "Media Type",
    "Baseline",
)
"""The columns that suffice."""
_TELLING: Final = frozenset({"image id", "is distributed", "victim identified", "offender identified", "baseline"})


def recognise(head: bytes) -> bool:
    """Whether the first line has the columns that only this format has."""
    first = coding_of(head).decode(head).lstrip("\r\n").partition("\n")[0].rstrip("\r")
    return {name.strip().lower() for name in header_cells(first, DELIMITER)} >= _TELLING


def read(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    """The rows. `choices.columns` may name columns of a header in other words. Raises `Broken`, `Unwelcome`."""
    notices, lines = Notices(), Lines(chunks)
    rows = table_rows(lines, DELIMITER)
    header = next(rows, None)
    if header is None or isinstance(header, Fault):
        raise Broken("it has no line with the names of columns", At(line=1, offset=0))
    columns = columns_of(header.cells, choices.columns)
    if not columns.has_hash:
        raise Broken("none of its columns has a hash", header.at, remedy="say what the columns hold: --map")
    yield ListHead(format=NAME, scheme=choices.scheme or NAME, scheme_version=choices.scheme_version)
    if columns.unknown:
        yield from notices.tell("unknown-field", header.at)
    reader = RowReader(columns, notices, choices.algorithm)
    for row in rows:
        # The header was the first row.
        at = row.at._replace(record=row.at.record - 1)
        if isinstance(row, Fault):
            yield Fault(at, row.reason)
        elif not row.ended and len(row.cells) < len(columns.names):
            yield EndsEarly(at)
        else:
            yield from reader.items(row._replace(at=at))


FORMAT: Final = Format(name=NAME, title="ICSE CSV (INTERPOL)", recognise=recognise, read=read)
