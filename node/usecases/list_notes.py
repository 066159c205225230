"""Which record was made of a row of a list, and which records are left of rows that went.

Rules this module upholds:

- A row that goes leaves its record under the name of its list, in the transaction in which it goes. So nothing that was
  shared is forgotten, whatever becomes of the list.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from node.domain.lists import NAMELESS, UNLISTED, list_of_unlisted, shared_row, unlisted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.lists import ReferenceList
    from node.domain.setting_ports import SettingWriter
    from node.domain.stores import NodeStore


def unlist(tx: SettingWriter, of: ReferenceList, gone: Sequence[int]) -> None:
    """Keeps the records of rows that go under the name of their list."""
    noted = tx.settings_named([shared_row(row) for row in gone])
    for row in gone:
        if (record := noted.get(shared_row(row), NAMELESS)) != NAMELESS:
            tx.set_setting(f"{unlisted(of.name)}{row}", record)
    tx.forget_settings(list(noted))


def awaiting(store: NodeStore, name: str) -> int:
    """How many records of rows that left the list `name` await a decision. Blocking."""
    with store.read() as tx:
        return tx.count_settings(unlisted(name))


def of_removed(store: NodeStore) -> Mapping[str, int]:
    """Name of a list that is not here any more -> how many records of its rows await a decision. Blocking."""
    counts: Counter[str] = Counter()
    with store.read() as tx:
        here, after = {each.name for each in tx.lists()}, ""
        while page := tx.settings_under(UNLISTED, after):
            after = page[-1][0]
            counts.update(list_of_unlisted(setting)[0] for setting, _ in page)
    return {name: number for name, number in sorted(counts.items()) if name not in here}
