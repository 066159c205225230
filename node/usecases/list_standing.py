"""Which rows of one file stand at its end: for a dry run, which stores nothing.

Rules this module upholds:

- Rows are compared as an import compares them: by their own identity, or else by their hashes. The first of two rows
  with one identity stands, unless the list says that the other is later. A withdrawal takes a row back.
- Memory is bounded: beyond `MAX_COMPARED` rows nothing more is compared, and `is_exact` is false.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from node.domain.references import Reference, Withdrawal

MAX_COMPARED: Final = 500_000
"""Rows that are compared: about 200 MB."""
_PRINT: Final = 12
"""Bytes of the print of a row."""
_LOCAL: Final = frozenset({"at", "said", "changed"})
"""Fields that do not count when two rows are compared."""


class Place(StrEnum):
    """What a row is beside the rows before it."""

    NEW = "new"
    REPEATED = "repeated"
    CONFLICTING = "conflicting"


class Standing:
    """`repeated`, `conflicting`: rows; `withdrawn`: rows of this file that it takes back itself; `unknown`: withdrawals
    of rows that it does not have; `shared`: rows whose SHA-1 or SHA-256 stands in another row with another MD5.
    """

    def __init__(self, most: int = MAX_COMPARED) -> None:
        self.repeated = 0
        self.conflicting = 0
        self.withdrawn = 0
        self.unknown = 0
        self.shared = 0
        self.is_exact = True
        self._most = most
        self._rows: dict[bytes, bytes] = {}
        self._changed: dict[bytes, str] = {}
        self._md5: dict[bytes, bytes] = {}

    @property
    def rows(self) -> int:
        """Rows that stand."""
        return len(self._rows)

    def add(self, row: Reference) -> Place:
        """Compares a row."""
        identity, whole = _identity(row), _print(repr(_compared(row)))
        known = self._rows.get(identity)
        later = known is not None and "" < self._changed.get(identity, "") < row.changed
        if known is None and len(self._rows) >= self._most:
            self.is_exact = False
            return Place.NEW
        if known is None or later:
            self._rows[identity] = whole
            if row.changed:
                self._changed[identity] = row.changed
            self._share(row)
            return Place.NEW
        if known == whole:
            self.repeated += 1
            return Place.REPEATED
        self.conflicting += 1
        return Place.CONFLICTING

    def _share(self, row: Reference) -> None:
        for longer in (row.sha1, row.sha256):
            if longer and row.md5:
                self.shared += self._md5.setdefault(longer[:_PRINT], row.md5[:_PRINT]) != row.md5[:_PRINT]

    def claim(self, row: Reference) -> bool:
        """Whether this row stands, at a second reading: true once for each. Beyond `most` rows every row stands."""
        identity = _identity(row)
        if self._rows.get(identity) == _print(repr(_compared(row))):
            del self._rows[identity]
            return True
        return not self.is_exact and identity not in self._rows

    def withdraw(self, withdrawal: Withdrawal) -> None:
        """Takes a row back."""
        named = _identity(withdrawal.named)
        if self._rows.pop(named, None) is None:
            self.unknown += 1
        else:
            self.withdrawn += 1


def _identity(row: Reference) -> bytes:
    return _print(f"i{row.id}" if row.id else f"h{(row.md5, row.sha1, row.sha256, row.pdq, row.photodna)}")


def _compared(row: Reference) -> list[object]:
    return [value for name, value in zip(row._fields, row, strict=True) if name not in _LOCAL]


def _print(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_PRINT).digest()
