"""Which rows of a list only an earlier version of a statement has: its later version names fewer files.

Rules this module upholds:

- The rows of a statement are numbered without a gap (`references.Family`), so its old rows follow each other until a
  number is missing. Nothing else of the list is looked at.
- A statement that comes late takes nothing from a later version of itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.references import Family, Reference, Withdrawal, is_later, numbered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.domain.lists import ListReader


def outlived(tx: ListReader, number: int, families: Iterable[Family]) -> list[Withdrawal]:
    """Withdrawals of these rows. `number`: of the list."""
    gone: list[Withdrawal] = []
    asked = _asked((each, each.rows + 1) for each in families)
    while asked:
        found = tx.rows_named(number, list(asked))
        old = [asked[name] for name, row in found.items() if not _is_later(row, asked[name][0])]
        gone += [Withdrawal(family.at, numbered(family.id, at)) for family, at in old]
        asked = _asked((family, at + 1) for family, at in old)
    return gone


def _asked(families: Iterable[tuple[Family, int]]) -> dict[str, tuple[Family, int]]:
    """By the id of the row of that number."""
    return {numbered(family.id, at): (family, at) for family, at in families}


def _is_later(row: Reference, family: Family) -> bool:
    return is_later(row, Reference(family.at, changed=family.changed))
