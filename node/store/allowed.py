"""The allow-list: SHA-256 values of content that is known to be harmless.

Rules this module upholds:

- The list stores only the value and the time when it was added.
- Lookups are batched: a value costs one descent of a tree, at any length of the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, func, select

from node.store.statements import Repository, chunks, insert_rows
from node.store.tables.holdings import allowed

_COUNT: Final = select(func.count()).select_from(allowed)
_KNOWN: Final = select(allowed.c.sha256).where(allowed.c.sha256.in_(bindparam("values", expanding=True)))
_FORGET: Final = delete(allowed).where(allowed.c.sha256.in_(bindparam("values", expanding=True)))


class AllowRows(Repository):
    """`AllowReader` inside one transaction."""

    def allowed(self, values: Sequence[bytes]) -> set[bytes]:
        found: set[bytes] = set()
        for some in chunks(dict.fromkeys(values)):
            found.update(self._connection.scalars(_KNOWN, {"values": some}))
        return found

    def count_allowed(self) -> int:
        number: int = self._connection.scalar(_COUNT) or 0
        return number

    def list_allowed(self, after: bytes, limit: int) -> list[tuple[bytes, int]]:
        page = select(allowed.c.sha256, allowed.c.added_at).where(allowed.c.sha256 > after)
        rows = self._connection.execute(page.order_by(allowed.c.sha256).limit(limit))
        return [(row.sha256, row.added_at) for row in rows]


class AllowWrites(AllowRows):
    """`AllowWriter` inside one transaction."""

    def allow(self, values: Sequence[bytes], now: int) -> int:
        known = self.allowed(values)
        fresh = sorted(set(values) - known)  # sorted, because the tree then grows at one place after another
        insert_rows(self._connection, allowed, ("sha256", "added_at"), [(value, now) for value in fresh])
        return len(fresh)

    def disallow(self, values: Sequence[bytes]) -> int:
        return sum(
            self._connection.execute(_FORGET, {"values": some}).rowcount for some in chunks(dict.fromkeys(values))
        )

    def clear_allowed(self) -> int:
        return self._connection.execute(delete(allowed)).rowcount
