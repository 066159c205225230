"""Whether the record named by another member's hit is in our own copy of that member's log.

Rules this module upholds:

- A claimed record is not yet a record: a hit that names one that is not here is marked. The record may be made up, or
  may not have reached this node yet. So it is looked up each time the hit is shown, and the mark goes once the record
  is here.
- Looking up costs one pass over the leaves of a log, so the records of many hits are looked up together.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from node.domain.ids import Origin, RecordId
    from node.domain.stores import LogStore


class Standing(StrEnum):
    """The state here of a record that a hit names."""

    HERE = "here"
    GONE = "gone"
    NOT_HERE = "not-here"


def standings(store: LogStore, records: Iterable[RecordId]) -> Mapping[RecordId, Standing]:
    """Blocking. `HERE`: in our copy with its body; `GONE`: in our copy, but its body was retracted, has expired, does
    not admit us or was set aside; `NOT_HERE`: not in our copy, as far as it was followed.
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
