"""Placeholders among PhotoDNA values: one constant that a tool writes for every file.

Rules this module upholds:

- One PhotoDNA under many different MD5s is a placeholder, not a hash. Searched, it would be a hit on every file.
- Memory is bounded: at most `MAX_COUNTED` values are counted (Misra and Gries, "Finding repeated elements", 1982). In a
  file with more of them, a value is found if more than one row in `MAX_COUNTED` has it. A real placeholder has most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from node.domain.references import Reference

CONSTANT: Final = "constant-photodna"
"""The warning of a row whose PhotoDNA is a placeholder, and left out."""
MANY_MD5: Final = 10
"""Different MD5s under one PhotoDNA that make it a placeholder."""
SOME_MD5: Final = 4
"""The same, if at least half of the rows that have a PhotoDNA have this one."""
MAX_COUNTED: Final = 32_768
"""Values that are counted at a time, each with up to `MANY_MD5` short prints of MD5s: about 10 MB."""
_SHORT: Final = 8
"""Bytes of an MD5 that are kept. MD5s that somebody made alike in these bytes count as one."""


class Placeholders:
    """Counts the PhotoDNA values of rows, in the order of a file."""

    def __init__(self, most: int = MAX_COUNTED) -> None:
        self.found: set[bytes] = set()
        self.rows = 0
        self._most = most
        self._md5: dict[bytes, tuple[bytes, ...]] = {}
        self._count: dict[bytes, int] = {}

    def look(self, row: Reference) -> bool:
        """Counts a row; whether its PhotoDNA is known to be a placeholder."""
        value = row.photodna
        if not value:
            return False
        self.rows += 1
        if value in self.found:
            self._count[value] += 1
            return True
        if not row.md5:
            return False
        if value not in self._count and len(self._count) >= self._most:
            self._forget_one_of_each()
            return False
        self._count[value] = self._count.get(value, 0) + 1
        known, short = self._md5.get(value, ()), row.md5[:_SHORT]
        if short not in known:
            self._md5[value] = known = (*known, short)
        if len(known) < MANY_MD5:
            return False
        self.found.add(value)
        del self._md5[value]
        return True

    def _forget_one_of_each(self) -> None:
        """Makes room: values that were seen once are forgotten."""
        for value in list(self._count):
            if value in self.found:
                continue
            self._count[value] -= 1
            if not self._count[value]:
                del self._count[value]
                del self._md5[value]

    def end(self) -> set[bytes]:
        """The placeholders of the whole file. Call it after the last row."""
        some = {
            value for value, md5s in self._md5.items() if len(md5s) >= SOME_MD5 and 2 * self._count[value] >= self.rows
        }
        self.found |= some
        return self.found


def without(row: Reference) -> Reference:
    """The row without its PhotoDNA, which is a placeholder."""
    return row._replace(photodna=b"", warnings=(*row.warnings, CONSTANT))
