"""What an export leaves out, counted: rows that a format cannot carry, and fields that it has no place for.

Rules this module upholds:

- Nothing is left out in silence. The caller shows the counts and keeps them in its audit entry.
- The names are of fields and reasons. No value of a row is among them.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from node.domain.references import At, Reference

NO_NAME_OF_WITHDRAWAL: Final = "a withdrawal that names nothing"
_KEPT_HERE: Final = frozenset({"at", "said", "warnings", "not_searched", "disputes", "changed"})
"""Fields of a row that tell of its own list, and are not exported as fields."""
_ABSENT: Final = Reference(At())._asdict()


class LeftOut(Counter[str]):
    """Reason or name of a field -> how many rows."""

    def row(self, reason: str) -> None:
        """A row is left out as a whole."""
        self[reason] += 1

    def fields(self, row: Reference, carried: frozenset[str]) -> None:
        """What a row has beside the fields that the format carries."""
        for name, value in row._asdict().items():
            if name not in carried and name not in _KEPT_HERE and value != _ABSENT[name]:
                self[name] += 1
