"""Many chains at once: what a run of statements needs to know of the records that it mentions.

Rules this module upholds:

- A run costs a few statements, not one for each record.
- Two logs may have entries of one hash: a record is found by its hash, and compared with its log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Select, bindparam, func, literal_column, select

from node.domain.ids import HASH_SIZE, Origin, RecordId
from node.domain.log_ports import Chain
from node.store import codec
from node.store.statements import Repository, rows_in
from node.store.tables.logs import chains, entries, logs, runs

_CHAINS: Final = (
    select(chains, logs.c.origin)
    .outerjoin(logs, logs.c.number == chains.c.head_log)
    .where(chains.c.root_leaf.in_(bindparam("leaves", expanding=True)))
)
# All leaves are one parameter, and a row says which of them is not there: mostly none. Each row that SQLite gives back
# costs the thread its turn.
_first = select(literal_column("0").label("at")).cte(recursive=True)
_PLACES: Final = _first.union_all(select(_first.c.at + 1).where(_first.c.at + 1 < bindparam("count")))
_IS_ROOT: Final = (
    chains.c.root_leaf == func.substr(bindparam("leaves"), _PLACES.c.at * HASH_SIZE + 1, HASH_SIZE),
    chains.c.root_origin == bindparam("origin"),
)
# Runs do not overlap: at most one row. The order lets SQLite find it without a look at earlier runs.
_SLOT: Final = (
    select(runs.c.slot + chains.c.head_idx - runs.c.start)
    .where(runs.c.log_no == chains.c.head_log, runs.c.start <= chains.c.head_idx)
    .where(chains.c.head_idx < runs.c.start + runs.c.count)
    .order_by(runs.c.start.desc())
    .correlate(chains)
    .scalar_subquery()
)
_KNOWN: Final = select(chains.c.ended).where(*_IS_ROOT)
_SOUND: Final = (
    _KNOWN.join_from(chains, entries, entries.c.slot == _SLOT)
    .where(chains.c.ended == 0, entries.c.state.in_((codec.HELD, codec.REPAIRED)))
)  # fmt: skip
_UNKNOWN: Final = select(_PLACES.c.at).where(~_KNOWN.exists())
_UNSOUND: Final = select(_PLACES.c.at).where(~_SOUND.exists())


class ManyChains(Repository):
    """`ChainReader.chains`, `sound` and `roots` inside one transaction."""

    def chains(self, roots: Collection[RecordId]) -> Mapping[RecordId, Chain]:
        wanted = {(each.leaf, str(each.origin)): each for each in roots}
        found: dict[RecordId, Chain] = {}
        rows = rows_in(self._connection, _CHAINS, "leaves", {leaf for leaf, _ in wanted})
        for leaf, origin, head_log, head_idx, ended, barred, head_origin in rows:
            root = wanted.get((leaf, origin))
            if root is not None:
                head = (Origin.parse(head_origin), head_idx) if head_log else None
                found[root] = Chain(root=root, head=head, ended=bool(ended), barred=bool(barred))
        return found

    def sound(self, roots: Collection[RecordId]) -> set[RecordId]:
        by_log: defaultdict[Origin, list[RecordId]] = defaultdict(list)
        for each in roots:
            by_log[each.origin].append(each)
        found: set[RecordId] = set()
        for origin, some in by_log.items():
            unsound = self._without(_UNSOUND, origin, [each.leaf for each in some])
            found.update(some[at] for at in range(len(some)) if at not in unsound)
        return found

    def roots(self, origin: Origin, leaves: Collection[bytes]) -> set[bytes]:
        wanted = [leaf for leaf in leaves if len(leaf) == HASH_SIZE]
        unknown = self._without(_UNKNOWN, origin, wanted)
        return {leaf for at, leaf in enumerate(wanted) if at not in unknown}

    def _without(self, statement: Select[tuple[int]], origin: Origin, leaves: Sequence[bytes]) -> set[int]:
        """The places among these leaves that the statement selects."""
        if not leaves:
            return set()
        given = {"leaves": b"".join(leaves), "count": len(leaves), "origin": str(origin)}
        return set(self._connection.scalars(statement, given))
