"""Lists of hashes with columns: CSV, TSV and the like under a line of names, and `hashdeep`.

Rules this module upholds:

- A column means what its name says. Columns of other names are left alone; a table without a column of hashes is none.
- A row gives every hash that it has, as hashes of one thing. A row without any is a fault.
- A row has as many cells as there are columns.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from node.domain.fingerprint_kinds import FingerprintKind
from node.domain.fingerprints import Fingerprint
from node.errors import Malformed
from node.interop.hash_lines import Unusable, bare, fingerprint_of, kind_named
from node.interop.kind_spellings import IN_COLUMNS

HASHDEEP: Final = "%%%%"
"""How both header lines of `hashdeep` begin (its manual: "HASHDEEP-1.0")."""
MAX_ROW_LINES: Final = 100
"""Lines that one row may take: a name in quotation marks may hold line ends."""
BAD_QUOTE: Final = "a quotation mark in the middle of a cell"
OPEN_QUOTE: Final = "a quotation mark is opened and not closed"
TOO_LONG: Final = "too long"
DELIMITERS: Final = (",", "\t", ";", "|")
_FILLERS: Final = re.compile(r"(?:^|[\s_-])(?:file|hash|hashes|value|values|digest|checksum|sum|hex)(?=$|[\s_-])")
_NAMES: Final = frozenset({"name", "filename", "file", "path", "filepath", "fullpath", "fullname", "label"})
_ALGORITHMS: Final = frozenset({"algorithm", "hashalgorithm", "hashtype", "type", "kind"})
_HASHES: Final = frozenset({"hash", "hashvalue", "value", "digest", "checksum"})
_QUALITIES: Final = frozenset({"quality", "pdqquality", "pdqhashquality"})
_SUFFIXED: Final = re.compile(rf"^({'|'.join(IN_COLUMNS)})(?:hash|sum)$")
_QUALITY: Final = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What the columns of a table mean, each by its place; `delimiter`: between cells, `quoted`: as CSV quotes."""

    width: int
    delimiter: str
    kinds: tuple[tuple[int, FingerprintKind], ...]
    name: int | None = None
    algorithm: int | None = None
    value: int | None = None
    quality: int | None = None
    quoted: bool = field(default=True)

    def row(self, cells: list[str], algorithm: FingerprintKind | None) -> tuple[tuple[Fingerprint, ...], str]:
        """(every hash, name) of a row. Raises `Unusable`."""
        while len(cells) > self.width and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) != self.width:
            raise Unusable(f"it has {len(cells)} cells, and the table has {self.width} columns")
        found = [self._hash(kind, digits, cells) for at, kind in self.kinds if (digits := cells[at].strip())]
        if self.value is not None and (digits := cells[self.value].strip()):
            named = cells[self.algorithm].strip() if self.algorithm is not None else ""
            found.append(self._hash(kind_named(named), digits, cells) if named else bare(digits, algorithm))
        if not found:
            raise Unusable("it has no hash")
        return tuple(found), cells[self.name] if self.name is not None else ""

    def _hash(self, kind: FingerprintKind, digits: str, cells: list[str]) -> Fingerprint:
        return fingerprint_of(kind, digits, self._quality(cells) if kind.has_quality and not kind.timed else None)

    def _quality(self, cells: list[str]) -> int | None:
        text = cells[self.quality].strip() if self.quality is not None else ""
        if not text:
            return None
        if not _QUALITY.fullmatch(text) or int(text) > 100:  # noqa: PLR2004 (the published scale)
            raise Unusable("its quality is not a whole number from 0 to 100")
        return int(text)


def table_of(line: str) -> Table | None:
    """The table whose header `line` is; None where it is none."""
    for delimiter in DELIMITERS:
        if delimiter in line and (table := _columns(header_cells(line, delimiter), delimiter)):
            return table
    return _columns([line], ",")


def hashdeep_table(line: str) -> Table | None:
    """The table whose columns a header line of `hashdeep` names; None for the line of its version. The last column is
    the name, which may hold commas. Raises `Unusable`.
    """
    names = line.removeprefix(HASHDEEP).strip()
    if names.upper().startswith("HASHDEEP-"):
        return None
    table = _columns(names.split(","), ",")
    if table is None or table.name != table.width - 1:
        raise Unusable("the columns of this hashdeep list are not understood")
    return Table(width=table.width, delimiter=",", kinds=table.kinds, name=table.name, quoted=False)


def _columns(names: list[str], delimiter: str) -> Table | None:
    kinds: list[tuple[int, FingerprintKind]] = []
    places: dict[str, int] = {}
    for at, name in enumerate(names):
        kind = kind_of_column(name)
        if kind is not None:
            kinds.append((at, kind))
            continue
        squeezed = re.sub(r"[\s_-]", "", name.lower())
        for role, known in (("value", _HASHES), ("name", _NAMES), ("algorithm", _ALGORITHMS), ("quality", _QUALITIES)):
            if squeezed in known:
                places.setdefault(role, at)
                break
    if not kinds and "value" not in places:
        return None
    return Table(
        width=len(names),
        delimiter=delimiter,
        kinds=tuple(kinds),
        name=places.get("name"),
        algorithm=places.get("algorithm"),
        value=places.get("value"),
        quality=places.get("quality"),
    )


def kind_of_column(name: str) -> FingerprintKind | None:
    """The kind of hash that a column of that name holds, in any usual spelling; None for another column."""
    lower = name.strip().lower()
    squeezed = _SUFFIXED.sub(r"\1", lower)
    try:
        return kind_named(_FILLERS.sub("", f" {squeezed}").strip(" _-"))
    except Unusable:
        return None


def header_cells(line: str, delimiter: str) -> list[str]:
    """The cells of a row on one line; none where its quotation marks do not pair."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def read_row(table: Table, line: str, more: Iterator[tuple[int, str]]) -> list[str]:
    """The cells of the row that begins with `line`; a quoted cell goes on in the lines of `more`. Raises `Unusable`,
    `Malformed` where a quotation mark is opened and not closed: what comes behind it is no row any more.
    """
    return read_cells(line, (text for _, text in more), table.delimiter if table.quoted else "", table.width)


def read_cells(line: str, more: Iterator[str], delimiter: str, width: int = 0, most: int = MAX_ROW_LINES) -> list[str]:
    """The cells of a row. `delimiter`: "" for a row of `hashdeep`, which quotes nothing and has `width` cells.

    `more`: the lines after it, and no more of them are taken than a quoted cell needs, nor more than `most`. Raises as
    `read_row`.
    """
    if not delimiter:
        return line.split(",", width - 1)
    if '"' not in line:
        return line.split(delimiter)

    def lines() -> Iterator[str]:
        yield f"{line}\n"
        for text in islice(more, most):
            yield f"{text}\n"

    try:
        return next(csv.reader(lines(), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "expected after" in str(error):
            raise Unusable("a quotation mark stands in the middle of a cell", reason=BAD_QUOTE) from None
        if "field limit" in str(error):
            raise Unusable("it has a cell that is too long", reason=TOO_LONG) from None
        raise Malformed(OPEN_QUOTE) from None
