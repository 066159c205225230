"""A row of a table as a reference, by the roles of its columns.

Rules this module upholds:

- A row may be short: what it lacks is unknown. It may have more cells than there are columns only if they are empty.
- Everything that the row says stands in `said`, with the names of the columns.
- A cell that was neutralised for spreadsheets (`'=`, `'+`, `'-`, `'@`) is read as what it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from node.domain.fingerprint_kinds import KIND_BY_NAME, PDQ, SHA256, FingerprintKind
from node.domain.fingerprints import UNSTATED_QUALITY
from node.domain.references import Fault, Item
from node.domain.statements import Tri
from node.interop.column_roles import ALGORITHM, HASH_ROLES, OTHER, VALUE, Columns
from node.interop.hash_lines import Unusable, bare, kind_named
from node.interop.hash_values import flag, size
from node.interop.notices import Notices
from node.interop.row_hashes import MAX_TEXT, RowHashes, plain_text, told_name
from node.interop.said_texts import compact
from node.interop.table_rows import Row

DIFFER: Final = "columns-differ"
ASSUMED: Final = "assumed-kind"
TOO_MANY: Final = "more cells than columns"
_FLAGS: Final = {
    "victim": "victim_identified",
    "offender": "offender_identified",
    "distributed": "distributed",
    "baseline": "baseline",
}
_TEXTS: Final = {"series": "series", "tags": "tags", "id": "id", "category": "code"}
_MEDIA: Final = {"picture": "image", "photo": "image", "movie": "video", "film": "video"}
_SAFE: Final = re.compile(r"'+[=+\-@\t\r]")
_QUALITY: Final = re.compile(r"[0-9]{1,3}")


class RowReader:
    """Makes references of the rows of one table. `algorithm`: of hashes whose kind neither column nor row tells."""

    def __init__(self, columns: Columns, notices: Notices, algorithm: FingerprintKind | None = None) -> None:
        self._columns = columns
        self._notices = notices
        self._algorithm = algorithm
        self._width = len(columns.names)

    def items(self, row: Row) -> Iterator[Item]:
        """The row as a reference or a fault, with what there is to tell of it. Nothing for a comment."""
        cells = row.cells
        surplus = len(cells) > self._width
        if surplus and any(map(str.strip, cells[self._width :])):
            yield Fault(row.at, TOO_MANY)
            return
        hashes = RowHashes()
        if len(cells) < self._width:
            hashes.warn(DIFFER)
        given = [(role, text) for at, role in self._columns.roles if at < len(cells) and (text := cells[at].strip())]
        for role, text in given:
            if role in HASH_ROLES:
                hashes.add(KIND_BY_NAME[role], text)
        assumed = self._named(given, hashes)
        self._others(cells, hashes)
        fields = _fields(given, hashes)
        if hashes.fault:
            if not row.comment:
                yield Fault(row.at, hashes.fault)
            return
        found = hashes.reference(row.at, said=said_of(self._columns.names, cells), **fields)
        yield found
        yield from self._notices.of_row(found)
        if surplus:
            yield from self._notices.tell(DIFFER, row.at)
        if assumed:
            yield from self._notices.tell(ASSUMED, row.at)

    def _named(self, given: list[tuple[str, str]], hashes: RowHashes) -> bool:
        """Takes the hash whose kind another column names. Whether the kind was assumed."""
        named = next((text for role, text in given if role == ALGORITHM), "")
        assumed = False
        for role, text in given:
            if role != VALUE:
                continue
            try:
                kind, guessed = kind_of(text, named, self._algorithm)
            except Unusable as error:
                if error.algorithm:
                    hashes.other(told_name(error.algorithm, "other"))
                continue
            assumed = assumed or guessed
            if kind.name in HASH_ROLES:
                hashes.add(kind, text)
            else:
                hashes.other(kind.name)
        return assumed

    def _others(self, cells: list[str], hashes: RowHashes) -> None:
        for at, role in self._columns.roles:
            if role == OTHER and at < len(cells) and cells[at].strip():
                hashes.other(told_name(self._columns.names[at], "other"))


def kind_of(text: str, named: str, algorithm: FingerprintKind | None) -> tuple[FingerprintKind, bool]:
    """(kind of a hash, whether it was assumed): by its name, by what the person states, by its length.

    Raises `Unusable`.
    """
    if named:
        return kind_named(named), False
    if algorithm is not None:
        return algorithm, False
    if len(text) == 2 * SHA256.size and text.isalnum():
        return SHA256, True
    found = bare(text, None).kind
    if found is None:  # pragma: no cover  (`bare` gives known kinds)
        raise Unusable("its kind is not known")
    return found, False


def _fields(given: list[tuple[str, str]], hashes: RowHashes) -> dict[str, object]:
    """The fields of a reference that are no hashes."""
    fields: dict[str, object] = {}
    for role, text in given:
        if role in _FLAGS:
            value, bad = flag(text)
            _once(fields, _FLAGS[role], value, hashes)
            if bad:
                hashes.warn("bad-flag")
        elif role in _TEXTS:
            _text(fields, role, plain_text(unsafe(text)), hashes)
        elif role == "media-type":
            fields.setdefault("media_type", media_type(text))
        elif role == "size":
            fields["size"], bad = size(text)
            if bad:
                hashes.warn("bad-size")
        elif role == "pdq-quality":
            fields["pdq_quality"] = quality(text, hashes)
    return fields


def _once(fields: dict[str, object], name: str, value: Tri, hashes: RowHashes) -> None:
    """Two columns that answer one question in two ways answer nothing."""
    if fields.setdefault(name, value) != value:
        fields[name] = Tri.UNKNOWN
        hashes.warn("bad-flag")


def _text(fields: dict[str, object], role: str, text: str, hashes: RowHashes) -> None:
    """Several columns of tags are one list of them; of anything else the first counts."""
    name = _TEXTS[role]
    if name in fields:
        if role != "tags":
            return
        text = f"{fields[name]}, {text}"
    if len(text) > MAX_TEXT:
        hashes.warn("text-too-long")
        return
    fields[name] = text


def quality(text: str, hashes: RowHashes) -> int:
    """The quality of a PDQ, 0 to 100."""
    if _QUALITY.fullmatch(text) and text.isascii() and int(text) <= 100:  # noqa: PLR2004 (the published scale)
        return int(text)
    hashes.warn(f"bad-{PDQ.name}-quality")
    return UNSTATED_QUALITY


def media_type(text: str) -> str:
    """`image`, `video` or a MIME type, in lower case; another word as it is written."""
    lower = plain_text(text).lower()
    return _MEDIA.get(lower, lower)


def unsafe(text: str) -> str:
    """What a cell held before it was neutralised for spreadsheets."""
    return text[1:] if text.startswith("'") and _SAFE.match(text) else text


def said_of(names: tuple[str, ...], cells: list[str]) -> str:
    """A row as a JSON text: its cells by the names of their columns, those beyond the last column by their numbers."""
    said = dict(zip(names, cells, strict=False))
    for at in range(len(names), len(cells)):
        said[f"{at + 1}"] = cells[at]
    return compact(said)
