"""CSV and TSV with a line of names, or with a mapping that a person states; and hashdeep, which names its columns.

Rules this module upholds:

- A column means what its name says or what the person says. All others are kept with their rows.
- A table without names is read only by numbers that the person states.
- A category means nothing without its scheme: the person states it, or the list has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from node.domain.references import At, EndsEarly, Fault, Item, ListHead, Reference
from node.interop.column_roles import Columns, columns_of, is_hash
from node.interop.hash_lines import is_line
from node.interop.hash_tables import DELIMITERS, HASHDEEP, header_cells
from node.interop.notices import Notices
from node.interop.reading import Broken, Choices, Format, Unwelcome
from node.interop.table_references import RowReader
from node.interop.table_rows import Lines, table_rows
from node.interop.text_coding import coding_of, legible
from node.interop.text_lines import Line

NAME: Final = "csv"
_SEPARATOR: Final = re.compile(r"sep=(.)", re.IGNORECASE)
_OTHERS: Final = "{[<"
"""How JSON and XML begin."""
_SKIPPED: Final = 1_000
"""Lines before the names of the columns, at most."""


class _Header(NamedTuple):
    delimiter: str
    columns: Columns
    first: Line | None
    """The first row, where the table has no names."""


def recognise(head: bytes) -> bool:
    """Whether the first line that is no comment names a column of hashes."""
    text = coding_of(head).decode(head)
    forced = ""
    for line in re.split(r"\r\n|\r|\n", text):
        if found := _SEPARATOR.fullmatch(line.strip()):
            forced = found[1]
        elif line.strip() and not line.lstrip().startswith("#"):
            return not is_line(line) and line.lstrip()[0] not in _OTHERS and _named(line, forced) is not None
    return False


def read(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    """The rows. Raises `Broken`, `Unwelcome`, `Misuse` for a mapping that does not fit."""
    notices, lines = Notices(), Lines(chunks)
    header = _header(lines, choices.columns)
    if header is None:
        yield ListHead(format=NAME, scheme=choices.scheme, scheme_version=choices.scheme_version)
        yield from notices.tell("empty-file", At(line=1, offset=0))
        return
    columns = header.columns
    scheme = (choices.scheme, choices.scheme_version) if choices.scheme else (columns.scheme, columns.scheme_version)
    yield ListHead(format=NAME, scheme=scheme[0], scheme_version=scheme[1])
    if columns.unknown:
        yield from notices.tell("unknown-field")
    reader = RowReader(columns, notices, choices.algorithm)
    if header.first is not None:
        lines.put_back([header.first])
    for row in table_rows(lines, header.delimiter):
        if isinstance(row, Fault):
            yield row
        elif not row.ended and len(row.cells) < len(columns.names):
            yield EndsEarly(row.at)
        else:
            for item in reader.items(row):
                yield item
                if isinstance(item, Reference) and item.code is not None and not scheme[0]:
                    yield from notices.tell("category-without-scheme", row.at)


def _header(lines: Lines, stated: Mapping[str, str]) -> _Header | None:
    """The columns of the table; None for a file without a line. Raises `Broken`, `Unwelcome`, `Misuse`."""
    forced = ""
    for _, line in zip(range(_SKIPPED), lines, strict=False):
        text = legible(line.text or "")
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        if found := _SEPARATOR.fullmatch(text.strip()):
            forced = found[1]
            continue
        return _stated(line, text, forced, stated) if stated else _own(line, text, forced)
    return None


def _own(line: Line, text: str, forced: str) -> _Header:
    if (found := _named(text, forced)) is None:
        raise Broken(
            "its first line does not name a column of hashes",
            At(line=line.number, offset=line.offset),
            remedy="say what the columns hold: --map COLUMN=ROLE",
        )
    return _Header(*found, None)


def _stated(line: Line, text: str, forced: str, stated: Mapping[str, str]) -> _Header:
    at = At(line=line.number, offset=line.offset)
    delimiter = forced or _likely(text, stated)
    cells = header_cells(text, delimiter)
    numbers = all(name.isascii() and name.isdigit() for name in stated)
    # A line that has hashes names no columns: it is the first row.
    named = not (numbers and any(map(is_hash, cells)))
    columns = columns_of(cells if named else [""] * len(cells), stated)
    if not columns.has_hash:
        raise Unwelcome(
            "no column of the table is said to hold a hash", at, remedy="map one: --map COLUMN=md5, sha1 or sha256"
        )
    return _Header(delimiter, columns, None if named else line)


def _likely(text: str, stated: Mapping[str, str]) -> str:
    """The delimiter under which most of the columns that the person names stand in the first line."""

    def known(delimiter: str) -> tuple[int, int]:
        cells = {name.strip().casefold() for name in header_cells(text, delimiter)}
        return sum(name.strip().casefold() in cells for name in stated), len(cells)

    return max(DELIMITERS, key=known)


def _named(text: str, forced: str) -> tuple[str, Columns] | None:
    """(delimiter, columns) of a line of names, one of them of hashes; None for any other line."""
    for delimiter in (forced,) if forced else DELIMITERS:
        cells = header_cells(text, delimiter) if delimiter in text else []
        # A line with a hash is a row, even if another cell could name a column.
        if not any(map(is_hash, cells)) and (columns := columns_of(cells)).has_hash:
            return delimiter, columns
    columns = columns_of([text])
    return (forced or DELIMITERS[0], columns) if columns.has_hash else None


def recognise_hashdeep(head: bytes) -> bool:
    """Whether the file begins as hashdeep begins."""
    return coding_of(head).decode(head[:64]).startswith(HASHDEEP)


def read_hashdeep(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    """The rows of a list of hashdeep, or of several one after another. Raises `Broken`."""
    notices, lines = Notices(), Lines(chunks)
    columns = _hashdeep_columns(lines)
    yield ListHead(format="hashdeep", scheme=choices.scheme, scheme_version=choices.scheme_version)
    reader = RowReader(columns, notices, choices.algorithm)
    for row in table_rows(lines, "", len(columns.names)):
        if isinstance(row, Fault):
            yield row
        elif not (first := ",".join(row.cells)).startswith(HASHDEEP):
            yield from reader.items(row)
        elif _named_by(first).has_hash and _named_by(first).names != columns.names:
            yield Fault(row.at, "other columns than at the start")


def _hashdeep_columns(lines: Lines) -> Columns:
    for _, line in zip(range(_SKIPPED), lines, strict=False):
        text = legible(line.text or "")
        if text.startswith(HASHDEEP) and (columns := _named_by(text)).has_hash:
            return columns
    raise Broken("the columns of this hashdeep list are not understood", At(line=1, offset=0))


def _named_by(text: str) -> Columns:
    return columns_of(text.removeprefix(HASHDEEP).strip().split(","))


FORMAT: Final = Format(name=NAME, title="CSV or TSV with a header", recognise=recognise, read=read)
HASHDEEP_FORMAT: Final = Format(name="hashdeep", title="hashdeep", recognise=recognise_hashdeep, read=read_hashdeep)
