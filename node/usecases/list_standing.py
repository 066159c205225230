"""Which rows of one file stand at its end: for a dry run, which stores nothing.

Rules this module upholds:

- Rows are compared as an import compares them: by their own identity, or else by their hashes. The first of two rows
  with one identity stands, unless the list says that the other is later. A withdrawal takes a row back, unless the list
  says that the row was changed after it.
- A row that shares a digest with an earlier row and differs in another contradicts it (`list_comparing.contradict`).
- Memory is bounded: beyond `MAX_COMPARED` rows nothing more is compared, and `is_exact` is false.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from node.domain.references import is_later_moment
from node.usecases.list_comparing import contradict, digests_of

if TYPE_CHECKING:
    from node.domain.references import At, Reference, Withdrawal

MAX_COMPARED: Final = 500_000
"""Rows that are compared: about 200 MB."""
_PRINT: Final = 12
"""Bytes of the print of a row."""
_PART: Final = 7
"""Bytes of a digest that are compared."""
_LOCAL: Final = frozenset({"at", "said", "changed"})
"""Fields that do not count when two rows are compared."""


class Place(StrEnum):
    """What a row is beside the rows before it."""

    NEW = "new"
    REPEATED = "repeated"
    CONFLICTING = "conflicting"
    STALE = "stale"


class Standing:
    """`repeated`, `conflicting`: rows; `withdrawn`: rows of this file that it takes back itself; `unknown`: withdrawals
    of rows that it does not have; `stale`: statements that a later one overrules (`RowsTaken`); `contradicting`: rows
    that contradict an earlier one, and `first`: the place of the first of them.
    """

    def __init__(self, most: int = MAX_COMPARED) -> None:
        self.repeated = 0
        self.conflicting = 0
        self.withdrawn = 0
        self.unknown = 0
        self.stale = 0
        self.contradicting = 0
        self.first: At | None = None
        self.is_exact = True
        self._most = most
        self._rows: dict[bytes, bytes] = {}
        self._changed: dict[bytes, str] = {}
        self._gone: dict[bytes, str] = {}
        self._digests: dict[int, bytes] = {}

    @property
    def rows(self) -> int:
        """Rows that stand."""
        return len(self._rows)

    def add(self, row: Reference) -> Place:
        """Compares a row."""
        identity, whole = identity_of(row), _print(repr(_compared(row)))
        known = self._rows.get(identity)
        if is_later_moment(self._gone.get(identity, ""), row.changed):
            self.stale += 1
            return Place.STALE
        later = known is not None and is_later_moment(row.changed, self._changed.get(identity, ""))
        if known is None and len(self._rows) >= self._most:
            self.is_exact = False
            return Place.NEW
        if known is None or later:
            self._rows[identity] = whole
            if row.changed:
                self._changed[identity] = row.changed
            self._compare(row, identity)
            return Place.NEW
        if known == whole:
            self.repeated += 1
            return Place.REPEATED
        self.conflicting += 1
        return Place.CONFLICTING

    def _compare(self, row: Reference, identity: bytes) -> None:
        """Compares a row with the first rows that have its digests. A few bytes of each digest are kept."""
        parts = [digest[:_PART] for digest in digests_of(row)]
        mine = identity + b"".join(part.ljust(_PART, b"\0") for part in parts)
        wrong = False
        for kind, part in enumerate(parts):
            if not part:
                continue
            name = int.from_bytes(part, "big") * len(parts) + kind
            first = self._digests.setdefault(name, mine)
            if first[:_PRINT] == identity or first[:_PRINT] not in self._rows:
                self._digests[name] = mine
            else:
                theirs = [first[at : at + _PART] for at in range(_PRINT, len(first), _PART)]
                wrong |= contradict(parts, [part if any(part) else b"" for part in theirs])
        self.contradicting += wrong
        if wrong and self.first is None:
            self.first = row.at

    def claim(self, row: Reference) -> bool:
        """Whether this row stands, at a second reading: true once for each. Beyond `most` rows every row stands."""
        identity = identity_of(row)
        if self._rows.get(identity) == _print(repr(_compared(row))):
            del self._rows[identity]
            return True
        return not self.is_exact and identity not in self._rows

    def withdraw(self, withdrawal: Withdrawal) -> None:
        """Takes a row back."""
        named = identity_of(withdrawal.named)
        if is_later_moment(self._changed.get(named, ""), withdrawal.changed):
            self.stale += 1
            return
        if withdrawal.changed and len(self._gone) < self._most:
            self._gone[named] = withdrawal.changed
        self._changed.pop(named, None)
        if self._rows.pop(named, None) is None:
            self.unknown += 1
        else:
            self.withdrawn += 1


def identity_of(row: Reference) -> bytes:
    """A short print of what names a row in its list."""
    return _print(f"i{row.id}" if row.id else f"h{(row.md5, row.sha1, row.sha256, row.pdq, row.photodna)}")


def _compared(row: Reference) -> list[object]:
    return [value for name, value in zip(row._fields, row, strict=True) if name not in _LOCAL]


def _print(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_PRINT).digest()
