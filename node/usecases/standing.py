"""Whether the record that another member's hit names stands in our own copy of that member's log.

Rules this module upholds:

- A member's word that there is a record is no record: a hit that names one which is not here is marked. It may be made
  up, or may not have reached this node yet; so it is looked up again each time it is shown, and loses the mark once it
  is here.
- Looking up costs one pass over the leaves of a log, so the records of many hits are looked up together.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from node.domain.ids import Origin, RecordId
    from node.domain.ports import Store


class Standing(StrEnum):
    """How a record that a hit names stands here."""

    HERE = "here"
    GONE = "gone"
    NOT_HERE = "not-here"


def standings(store: Store, records: Iterable[RecordId]) -> Mapping[RecordId, Standing]:
    """Blocking. `HERE`: in our copy with its body; `GONE`: in our copy, and its body was retracted, has expired, is not
    for us or was set aside; `NOT_HERE`: not in our copy, as far as it was followed.
    """
    wanted: dict[Origin, dict[bytes, RecordId]] = {}
    for record in records:
        wanted.setdefault(record.origin, {})[record.leaf] = record
    found: dict[RecordId, Standing] = {}
    with store.read() as tx:
        for origin, leaves in wanted.items():
            places = tx.find(origin, sorted(leaves))
            held = tx.held_at(origin, sorted(places.values())) if places else {}
            for leaf, record in leaves.items():
                place = places.get(leaf)
                found[record] = (
                    Standing.NOT_HERE if place is None else Standing.HERE if place in held else Standing.GONE
                )
    return found
