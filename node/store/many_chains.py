"""Many chains at once: what a run of statements needs to know of the records that it mentions.

Rules this module upholds:

- A run costs a few statements, not one for each record.
- Two logs may have entries of one hash: a record is found by its hash, and compared with its log.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import bindparam, literal_column, select

from node.domain.ids import Origin, RecordId
from node.domain.log_ports import Chain
from node.store import codec
from node.store.statements import Repository, rows_in
from node.store.tables.logs import chains, entries, logs, runs

_THESE: Final = chains.c.root_leaf.in_(bindparam("leaves", expanding=True))
_CHAINS: Final = (
    select(chains, logs.c.origin).outerjoin(logs, logs.c.number == chains.c.head_log).where(_THESE)
)  # fmt: skip
# Runs do not overlap: at most one row. The order lets SQLite find it without a look at earlier runs.
_SLOT: Final = (
    select(runs.c.slot + chains.c.head_idx - runs.c.start)
    .where(runs.c.log_no == chains.c.head_log, runs.c.start <= chains.c.head_idx)
    .where(chains.c.head_idx < runs.c.start + runs.c.count)
    .order_by(runs.c.start.desc())
    .correlate(chains)
    .scalar_subquery()
)
_SOUND: Final = (
    select(chains.c.root_leaf, chains.c.root_origin)
    .join_from(chains, entries, entries.c.slot == _SLOT)
    .where(_THESE, chains.c.ended == literal_column("0"))
    .where(entries.c.state.in_([literal_column(f"x'{state.hex()}'") for state in (codec.HELD, codec.REPAIRED)]))
)
_ROOTS: Final = select(chains.c.root_leaf).where(_THESE, chains.c.root_origin == bindparam("origin"))


class ManyChains(Repository):
    """`ChainReader.chains`, `sound` and `roots` inside one transaction."""

    def chains(self, roots: Collection[RecordId]) -> Mapping[RecordId, Chain]:
        wanted = _by_name(roots)
        found: dict[RecordId, Chain] = {}
        rows = rows_in(self._connection, _CHAINS, "leaves", {leaf for leaf, _ in wanted})
        for leaf, origin, head_log, head_idx, ended, barred, head_origin in rows:
            root = wanted.get((leaf, origin))
            if root is not None:
                head = (Origin.parse(head_origin), head_idx) if head_log else None
                found[root] = Chain(root=root, head=head, ended=bool(ended), barred=bool(barred))
        return found

    def sound(self, roots: Collection[RecordId]) -> set[RecordId]:
        wanted = _by_name(roots)
        rows = rows_in(self._connection, _SOUND, "leaves", {leaf for leaf, _ in wanted})
        return {wanted[leaf, origin] for leaf, origin in rows if (leaf, origin) in wanted}

    def roots(self, origin: Origin, leaves: Collection[bytes]) -> set[bytes]:
        return {leaf for (leaf,) in rows_in(self._connection, _ROOTS, "leaves", leaves, origin=str(origin))}


def _by_name(roots: Collection[RecordId]) -> dict[tuple[bytes, str], RecordId]:
    return {(each.leaf, str(each.origin)): each for each in roots}
