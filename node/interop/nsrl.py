"""The Reference Data Set of the National Software Reference Library (NIST): files that are known and harmless.

Rules this module upholds:

- It is found in its forms, text (version 2), SQLite and SQL (version 3), and in an archive, and is never taken in:
  every file of an operating system would be a hit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from node.domain.references import At, Item
from node.interop.hash_tables import DELIMITERS, header_cells
from node.interop.reading import Choices, Format, Unwelcome
from node.interop.text_coding import coding_of

_SQLITE: Final = b"SQLite format 3\0"
_ZIP: Final = b"PK\x03\x04"
_TELLING: Final = (
    frozenset({"productcode", "opsystemcode"}),
    frozenset({"opsystemcode", "specialcode"}),
    frozenset({"crc32", "packageid"}),
    frozenset({"sha256", "packageid"}),
    frozenset({"mfgcode", "productcode"}),
)
"""Columns that stand together in no other list."""
_SCHEMA: Final = re.compile(rb"DISTINCT_HASH|package_id|NSRL", re.IGNORECASE)
_BEFORE: Final = re.compile(r"(?:#.*|sep=.)?", re.IGNORECASE)
"""A line that may stand before the names of the columns, as in other tables (`tables`)."""
_SQL: Final = re.compile(r"(?:PRAGMA|BEGIN|CREATE|INSERT|DROP)\b|--", re.IGNORECASE)
_FILLS: Final = re.compile(r"package_id|NSRL|INSERT INTO [\"\[`]?FILE\b", re.IGNORECASE)
_MEMBER: Final = re.compile(rb"NSRL|RDS_?[0-9v]", re.IGNORECASE)


def recognise_text(head: bytes) -> bool:
    """Whether the first line has the columns of version 2 or of an export of version 3, or SQL fills the latter."""
    text = coding_of(head).decode(head)
    first = next((line for line in map(str.strip, re.split(r"[\r\n]", text)) if not _BEFORE.fullmatch(line)), "")
    if _SQL.match(first):
        return _FILLS.search(text) is not None
    for delimiter in DELIMITERS:
        names = {re.sub(r"[^a-z0-9]", "", name.lower()) for name in header_cells(first, delimiter)}
        if any(names >= telling for telling in _TELLING):
            return True
    return False


def recognise_database(head: bytes) -> bool:
    """Whether the file is a SQLite database with the tables of version 3, or an archive with either version."""
    if head.startswith(_SQLITE):
        return _SCHEMA.search(head) is not None
    return head.startswith(_ZIP) and _MEMBER.search(head) is not None


def _refuse(_chunks: Iterable[bytes], _choices: Choices, *, line: int) -> Iterator[Item]:
    """A reader that reads nothing. Raises `Unwelcome` at once."""
    raise Unwelcome(
        "a list of harmless files",
        At(line=line),
        remedy="do not import the NSRL: every file of an operating system would be a hit. See `vigil allow --help`",
    )


FORMAT: Final = Format(
    name="nsrl-v2", title="NSRL RDS, text (refused)", recognise=recognise_text, read=partial(_refuse, line=1)
)
DATABASE_FORMAT: Final = Format(
    name="nsrl-v3", title="NSRL RDS, SQLite (refused)", recognise=recognise_database, read=partial(_refuse, line=-1)
)
