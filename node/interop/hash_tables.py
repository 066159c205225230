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
_DELIMITERS: Final = (",", "\t", ";", "|")
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
    for delimiter in _DELIMITERS:
        if delimiter in line and (table := _columns(_cells(line, delimiter), delimiter)):
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
        kind = _kind(name)
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


def _kind(name: str) -> FingerprintKind | None:
    lower = name.strip().lower()
    squeezed = _SUFFIXED.sub(r"\1", lower)
    try:
        return kind_named(_FILLERS.sub("", f" {squeezed}").strip(" _-"))
    except Unusable:
        return None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def read_row(table: Table, line: str, more: Iterator[tuple[int, str]]) -> list[str]:
    """The cells of the row that begins with `line`; a quoted cell goes on in the lines of `more`. Raises `Unusable`,
    `Malformed` where a quotation mark is opened and not closed: what comes behind it is no row any more.
    """
    if not table.quoted:
        return line.split(table.delimiter, table.width - 1)
    if '"' not in line:
        return line.split(table.delimiter)

    def lines() -> Iterator[str]:
        yield f"{line}\n"
        for _, (_, text) in zip(range(MAX_ROW_LINES), more, strict=False):
            yield f"{text}\n"

    try:
        return next(csv.reader(lines(), delimiter=table.delimiter, strict=True))
    except csv.Error as error:
        if "expected after" in str(error):
            raise Unusable("a quotation mark stands in the middle of a cell") from None
        raise Malformed("a quotation mark is opened and not closed") from None
