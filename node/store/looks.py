"""Further looks of stored pictures with transparent parts: one packed column each, separate from the holding's row.

Rules this module upholds:

- As `frames`: written once, with its holding, and read whole.
- Packed: 42 bytes per look: background u8 (its place in `BACKGROUNDS`), PDQ quality u8, PDQ 32 bytes, pHash 8 bytes.
- Only the first orientation is stored: the others are computed from it (`domain.orientations`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from node.domain.material import BACKGROUNDS, ComposedFingerprints
from node.errors import Damaged
from node.store.statements import chunks
from node.store.tables.holdings import holding_looks

_LOOK: Final = struct.Struct(">BB32s8s")
_BETWEEN: Final = select(holding_looks).where(holding_looks.c.holding_id.between(bindparam("first"), bindparam("last")))

Looks = tuple[ComposedFingerprints, ...]


def put_looks(connection: Connection, holding_id: int, looks: Sequence[ComposedFingerprints]) -> None:
    """Writes the looks of a new holding; nothing for none."""
    if looks:
        packed = b"".join(
            _LOOK.pack(BACKGROUNDS.index(each.background), each.pdq_quality, each.pdq_orientations[0], each.phash)
            for each in looks
        )
        connection.execute(insert(holding_looks).values(holding_id=holding_id, looks=packed))


def looks_of(connection: Connection, holding_ids: Iterable[int]) -> Mapping[int, Looks]:
    """The looks of those of these holdings that have any. Raises `Damaged`."""
    found: dict[int, Looks] = {}
    for some in chunks(holding_ids):
        rows = connection.execute(select(holding_looks).where(holding_looks.c.holding_id.in_(some)))
        found.update((row.holding_id, _unpacked(row.looks)) for row in rows)
    return found


def looks_between(connection: Connection, first: int, last: int) -> Mapping[int, Looks]:
    """The looks of the holdings from `first` to `last`, of those that have any. Raises `Damaged`."""
    rows = connection.execute(_BETWEEN, {"first": first, "last": last})
    return {row.holding_id: _unpacked(row.looks) for row in rows}


def _unpacked(packed: bytes) -> Looks:
    if len(packed) % _LOOK.size:
        raise Damaged("the stored looks of a picture are cut short", remedy="run fsck, then restore the newest backup")
    looks = list(_LOOK.iter_unpack(packed))
    if any(place >= len(BACKGROUNDS) for place, *_ in looks):
        raise Damaged("a stored look of a picture is damaged", remedy="run fsck, then restore the newest backup")
    return tuple(
        ComposedFingerprints(background=BACKGROUNDS[place], pdq_quality=quality, pdq_orientations=(pdq,), phash=phash)
        for place, quality, pdq, phash in looks
    )
