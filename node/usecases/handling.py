"""Who may read the records that a search has found, for local users.

Rules this module upholds:

- One read per log, and only for the shown records: many hits do not cost one statement each.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.handling import Handling
    from node.domain.ids import Origin, RecordId
    from node.domain.log_ports import LogReader
    from node.domain.ports import Codec
    from node.domain.queries import Hit


def with_handling(
    tx: LogReader, codec: Codec, hits: Sequence[Hit], rows: Mapping[RecordId, tuple[Origin, int]]
) -> list[Hit]:
    """The hits, each with the handling of its record if that is stored here. `rows`: (log, index) of the records."""
    wanted: dict[Origin, set[int]] = {}
    for record in {hit.record for hit in hits}:
        if record is not None and record in rows:
            origin, row = rows[record]
            wanted.setdefault(origin, set()).add(row)
    known: dict[bytes, Handling | None] = {}
    read: dict[tuple[Origin, int], Handling | None] = {}
    for origin, some in wanted.items():
        for row, (_, shown) in tx.disclosed_at(origin, sorted(some)).items():
            if shown.handling not in known:
                known[shown.handling] = _decoded(codec, shown.handling)
            read[origin, row] = known[shown.handling]
    return [
        hit if hit.record is None or hit.record not in rows else replace(hit, handling=read.get(rows[hit.record]))
        for hit in hits
    ]


def _decoded(codec: Codec, data: bytes) -> Handling | None:
    try:
        return codec.decode_handling(data)
    except Malformed:  # damaged since it was verified: fsck names it
        return None
