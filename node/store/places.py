"""The places of holdings as parts of others.

Rules this module upholds:

- A place names the direct parent by its SHA-256: the parent file may be stored after its parts, or never.
- The name of the part in its parent is in the vault, and leaves it with the place.
- A place is deleted with the part and with its parent, whichever comes first: overwritten, then deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, insert, select, update

from node.domain.parts import Place, Role
from node.store import codec, vault
from node.store.statements import chunks, insert_rows, zeros_like
from node.store.tables.holdings import holding_places

MAX_NAME: Final = 1_000
"""Most characters stored of a part's name in its parent."""
REWRITE_BELOW: Final = 100_000
"""Most places that are rewritten after a deletion, as for holdings (`deleting`)."""
_NUMBER: Final = 4
"""Bytes of one number of a path, big-endian."""
_AS_IT_IS: Final = "surrogatepass"
"""A name may contain bytes that are not text."""

_PART: Final[BindParameter[int]] = bindparam("part")
_PARENT: Final[BindParameter[bytes]] = bindparam("parent_sha256")
_OF_BOTH: Final = select(holding_places.c.id).where(
    holding_places.c.parent == _PARENT,
    holding_places.c.holding_id == _PART,
    holding_places.c.path == bindparam("at_path"),
)
_OF_PART: Final = select(holding_places).where(holding_places.c.holding_id == _PART).order_by(holding_places.c.id)
_PARTS: Final = (
    select(holding_places.c.holding_id)
    .where(holding_places.c.parent == _PARENT)
    .distinct()
    .order_by(holding_places.c.holding_id)
)
_GOING: Final = (holding_places.c.holding_id == _PART) | (holding_places.c.parent == _PARENT)
_BLANK: Final = update(holding_places).where(_GOING).values(parent=zeros_like(holding_places.c.parent))
_NAMES: Final = select(holding_places.c.id, holding_places.c.vault_id).where(_GOING)


def put_place(connection: Connection, holding_id: int, place: Place) -> None:
    """Stores a place of a holding, once."""
    path = b"".join(number.to_bytes(_NUMBER, "big") for number in place.path)
    here = {"part": holding_id, "parent_sha256": place.parent, "at_path": path}
    if connection.scalar(_OF_BOTH, here) is not None:
        return
    name = codec.seal_bytes(place.name[:MAX_NAME].encode("utf-8", _AS_IT_IS))
    row = vault.put(connection, [name])[0] if place.name else 0
    connection.execute(
        insert(holding_places).values(
            holding_id=holding_id, parent=place.parent, path=path, role=place.role.value, vault_id=row
        )
    )


def places_of(connection: Connection, holding_id: int, limit: int) -> list[Place]:
    """The first places of a holding. Raises `Damaged`."""
    rows = connection.execute(_OF_PART.limit(limit), {"part": holding_id}).all()
    named = [row.vault_id for row in rows if row.vault_id]
    names = dict(zip(named, vault.get(connection, named), strict=True))
    return [
        Place(
            parent=row.parent,
            path=tuple(int.from_bytes(row.path[at : at + _NUMBER], "big") for at in range(0, len(row.path), _NUMBER)),
            role=Role(row.role),
            name=codec.open_bytes(names[row.vault_id]).decode("utf-8", _AS_IT_IS) if row.vault_id else "",
        )
        for row in rows
    ]


def parents_of(connection: Connection, holding_ids: Iterable[int]) -> Mapping[int, set[bytes]]:
    """The direct parents of those of these holdings that are parts."""
    found: defaultdict[int, set[bytes]] = defaultdict(set)
    for some in chunks(holding_ids):
        rows = select(holding_places.c.holding_id, holding_places.c.parent).where(holding_places.c.holding_id.in_(some))
        for row in connection.execute(rows):
            found[row.holding_id].add(row.parent)
    return found


def parts_of(connection: Connection, sha256: bytes) -> list[int]:
    """The holdings that are direct parts of this content."""
    return list(connection.scalars(_PARTS, {"parent_sha256": sha256}))


def forget_places(connection: Connection, holding_id: int, sha256: bytes) -> None:
    """Deletes the places of a holding, and those of its parts in it. `sha256` is its own."""
    going = {"part": holding_id, "parent_sha256": sha256}
    rows = connection.execute(_NAMES, going).all()
    if not rows:
        return
    connection.execute(_BLANK, going)
    for some in chunks(row.id for row in rows):
        connection.execute(delete(holding_places).where(holding_places.c.id.in_(some)))
    vault.forget(connection, [row.vault_id for row in rows if row.vault_id])


def rewrite_places(connection: Connection) -> None:
    """Removes what deleted places left in the pages: rewrites the table, or for a large one its index by digest."""
    count = connection.scalar(select(func.count()).select_from(holding_places)) or 0
    if count > REWRITE_BELOW:
        connection.exec_driver_sql("REINDEX holding_places_by_parent")
        return
    rows: Sequence[tuple[object, ...]] = [
        tuple(row) for row in connection.execute(select(holding_places).order_by(holding_places.c.id))
    ]
    # Without a WHERE, SQLite frees and zeroes all pages of the table.
    connection.execute(delete(holding_places))
    insert_rows(connection, holding_places, [column.name for column in holding_places.columns], list(rows))
