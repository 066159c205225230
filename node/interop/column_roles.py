"""What the columns of a table hold: told by their names, or by a person (`--map`, a saved mapping).

Rules this module upholds:

- What a person states comes first. A column that nobody names and whose name says nothing is kept with its row and is
  not understood as anything.
- A mapping that does not fit its table is refused with the name that the person gave. No name of the file is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from node.domain.references import At
from node.errors import Misuse
from node.interop.hash_tables import kind_of_column
from node.interop.reading import Unwelcome

UNSTATED: Final = "unstated"
"""The version of a scheme without one, in the name of a column."""
KEEP: Final = "keep"
OTHER: Final = "not-searched"
HASH_ROLES: Final = ("md5", "sha1", "sha256", "pdq", "photodna")
VALUE: Final = "hash"
ALGORITHM: Final = "algorithm"
ROLES: Final = (
    *HASH_ROLES,
    VALUE,
    ALGORITHM,
    "pdq-quality",
    "category",
    "series",
    "tags",
    "victim",
    "offender",
    "distributed",
    "baseline",
    "media-type",
    "size",
    "id",
    "comment",
    "name",
    "path",
    KEEP,
)
"""What a person may say that a column holds. "comment", "name", "path" and "keep" are kept with the row and used for
nothing. "hash" is a hash whose kind the column "algorithm" names, or its length."""

_ROLE_BY_NAME: Final = {
    name: role
    for role, names in {
        VALUE: "hash hashvalue value digest checksum",
        ALGORITHM: "algorithm hashalgorithm hashtype type kind",
        "photodna": "photodna pdna photodnahash pdnahash",
        "pdq-quality": "quality pdqquality pdqhashquality",
        "category": "category categoryid categorycode classification",
        "series": "series seriesname",
        "tags": "tags tag keywords",
        "victim": "victimidentified victim",
        "offender": "offenderidentified offender",
        "distributed": "isdistributed distributed",
        "baseline": "baseline",
        "media-type": "mediatype mimetype",
        "size": "size filesize mediasize bytes",
        "id": "id mediaid imageid recordid",
        "comment": "comment comments note notes remark remarks description",
        "name": "name filename label",
        "path": "path filepath fullpath fullname relativefilepath file",
        KEEP: "fileavailable numberofsubmissions investigationname agency",
        OTHER: "zz40 lace phash phashhash md4 sha224 sha384 sha512 sha3256 sha3512 crc32 tiger whirlpool ssdeep tlsh "
        "blake2b blake3 xxh64 vpdq tmk tmkpdqf netclean videntifier ahash dhash",
    }.items()
    for name in names.split()
}
_SQUEEZED: Final = re.compile(r"[\s_\-./]+")
_SCHEMED: Final = re.compile(r"(.+?)\s*\(([A-Za-z][A-Za-z0-9-]{0,31}) ([A-Za-z0-9.-]{1,16})\)\s*")
_DIGITS: Final = re.compile(r"[0-9A-Fa-f]+")
_LENGTHS: Final = frozenset({32, 40, 64, 288})
_LONGEST_MAP: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a table. `names`: of all, each only once; `roles`: (place, role) of those that say something;
    `unknown`: whether some were not understood; `scheme`, `scheme_version`: of the categories, where the name of their
    column states it, as `csv_writing` writes it.
    """

    names: tuple[str, ...]
    roles: tuple[tuple[int, str], ...]
    unknown: bool = False
    scheme: str = ""
    scheme_version: str = ""

    @property
    def has_hash(self) -> bool:
        """Whether a column holds hashes that are searched."""
        return any(role in HASH_ROLES or role == VALUE for _, role in self.roles)


def columns_of(header: list[str], stated: Mapping[str, str] | None = None) -> Columns:
    """The columns of a table with that header. `stated`: the name or number (from 1) of a column -> a role of `ROLES`.

    Raises `Misuse` for an unknown role, `Unwelcome` for a column that the table does not have.
    """
    said = _stated(header, stated or {})
    roles: list[tuple[int, str]] = []
    unknown, scheme, version = False, "", ""
    for at, name in enumerate(header):
        role = said.get(at) or role_of_name(name)
        if found := _SCHEMED.fullmatch(name.strip()):
            role = said.get(at) or role_of_name(found[1])
            if role == "category":
                scheme, version = found[2], "" if found[3] == UNSTATED else found[3]
        if role:
            roles.append((at, role))
        elif name.strip():
            unknown = True
    return Columns(names=_distinct(header), roles=tuple(roles), unknown=unknown, scheme=scheme, scheme_version=version)


def role_of_name(name: str) -> str:
    """The role that the name of a column tells; "" for none."""
    squeezed = _SQUEEZED.sub("", name.strip().lower())
    if role := _ROLE_BY_NAME.get(squeezed):
        return role
    kind = kind_of_column(name)
    if kind is None:
        return ""
    return kind.name if kind.name in HASH_ROLES else OTHER


def _stated(header: list[str], stated: Mapping[str, str]) -> dict[int, str]:
    exact = {name: at for at, name in reversed(list(enumerate(header)))}
    loose = {_SQUEEZED.sub("", name.strip().casefold()): at for name, at in reversed(exact.items())}
    found = {}
    for column, role in stated.items():
        if role not in ROLES:
            raise Misuse(f"a column cannot hold {role[:32]!r}", remedy=f"write one of {', '.join(ROLES)}")
        at = exact.get(column, loose.get(_SQUEEZED.sub("", column.strip().casefold())))
        if at is None and column.isascii() and column.isdigit() and 0 < int(column[:9]) <= len(header):
            at = int(column) - 1
        if at is None:
            raise Unwelcome(
                f"the table has no column {column[:64]!r}",
                At(line=1),
                remedy="write the name as the first line of the table has it, or its number from 1",
            )
        found[at] = role
    return found


def _distinct(header: list[str]) -> tuple[str, ...]:
    names: list[str] = []
    taken: set[str] = set()
    for at, name in enumerate(header):
        own = name.strip() or f"column {at + 1}"
        while own in taken:
            own = f"{own} (column {at + 1})"
        taken.add(own)
        names.append(own)
    return tuple(names)


def read_mapping(text: str) -> dict[str, str]:
    """A saved mapping: a line `COLUMN = ROLE` for each column; empty lines and lines that begin with # are ignored.

    The last "=" of a line counts. Raises `Misuse` with the number of the line.
    """
    if len(text) > _LONGEST_MAP:
        raise Misuse("the mapping is too long", remedy="write one line COLUMN = ROLE for each column of the table")
    mapping: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        column, sign, role = (part.strip() for part in line.rpartition("="))
        if not sign or not column or role not in ROLES or column in mapping:
            why = "names a column that another line names too" if column in mapping else "is no COLUMN = ROLE"
            raise Misuse(f"line {number} of the mapping {why}", remedy=f"a role is one of {', '.join(ROLES)}")
        mapping[column] = role
    return mapping


def is_hash(cell: str) -> bool:
    """Whether a cell holds hex digits of the length of a hash: then its row is no line of names."""
    text = cell.strip()
    return len(text) in _LENGTHS and _DIGITS.fullmatch(text) is not None
