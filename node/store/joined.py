"""Components of records and the entries that mention them, in one recursive query.

Rules this module upholds:

- The number of records and of mentions that one query gives is bounded, whatever members have stated.
- Indexes answer each step: from a record to its mentions, and from an entry to its other mentions.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import and_, bindparam, select, tuple_

from node.domain.ids import Origin, RecordId
from node.domain.mentions import Joined, Role
from node.store.statements import Repository, chunks
from node.store.tables.logs import logs
from node.store.tables.mentions import mentions

ENDS_A_RECORD: Final = 4
"""`joined` reads so many mentions for each record of its limit."""
# Built once: building a statement costs as much as running it.
_ORIGINS: Final = select(logs.c.number, logs.c.origin)
_near = mentions.alias("near")
_far = mentions.alias("far")
_reached = (
    select(mentions.c.root_leaf, mentions.c.root_origin)
    .where(tuple_(mentions.c.root_leaf, mentions.c.root_origin).in_(bindparam("starts", expanding=True)))
    .where(mentions.c.role == bindparam("role"))
    .cte("reached", recursive=True)
)
# SQLite takes from its queue what was put there first, so the nearest records come first, and each comes once.
_all_reached = _reached.union(
    select(_far.c.root_leaf, _far.c.root_origin)
    .select_from(_reached)
    .join(
        _near,
        and_(
            _near.c.root_leaf == _reached.c.root_leaf,
            _near.c.root_origin == _reached.c.root_origin,
            _near.c.role == bindparam("role"),
        ),
    )
    .join(_far, and_(_far.c.log_no == _near.c.log_no, _far.c.idx == _near.c.idx, _far.c.role == bindparam("role")))
)
_nearest = select(_all_reached).limit(bindparam("most")).subquery("nearest")
_JOINED: Final = (
    select(mentions.c.log_no, mentions.c.idx, mentions.c.root_leaf, mentions.c.root_origin)
    .select_from(_nearest)
    .join(
        mentions,
        and_(
            mentions.c.root_leaf == _nearest.c.root_leaf,
            mentions.c.root_origin == _nearest.c.root_origin,
            mentions.c.role == bindparam("role"),
        ),
    )
    .limit(bindparam("ends"))
)
_MENTIONED_AS: Final = (
    select(mentions.c.root_leaf, mentions.c.root_origin)
    .where(mentions.c.role == bindparam("role"))
    .distinct()
    .order_by(mentions.c.root_leaf, mentions.c.root_origin)
    .limit(bindparam("most"))
)


class _Joining:
    """Rows of `_JOINED` become columns. `origins`: of the logs, by number."""

    def __init__(self, origins: dict[int, Origin]) -> None:
        self._origins = origins
        self._named = {str(origin): origin for origin in origins.values()}
        self._entries: dict[tuple[int, int], int] = {}
        self._records: dict[tuple[bytes, str], int] = {}
        self._ends: dict[tuple[int, int], None] = {}
        self._is_whole = True

    def add(self, rows: Sequence[Sequence[Any]], limit: int) -> None:
        """The rows of one query, which gives at most `limit` records."""
        entries, records, ends = self._entries, self._records, self._ends
        for log, index, leaf, origin in rows:
            entry = entries.setdefault((log, index), len(entries))
            record = records.setdefault((leaf, origin), len(records))
            ends[entry, record] = None
        self._is_whole &= len({row[2:] for row in rows}) < limit and len(rows) < ENDS_A_RECORD * limit

    def joined(self) -> Joined:
        """All rows so far."""
        return Joined(
            entries=[(self._origins[log], index) for log, index in self._entries],
            records=[RecordId(self._origin(origin), leaf) for leaf, origin in self._records],
            ends=list(self._ends),
            is_whole=self._is_whole,
        )

    def _origin(self, text: str) -> Origin:
        known = self._named.get(text)
        if known is None:
            known = self._named[text] = Origin.parse(text)
        return known


class JoinedRows(Repository):
    """`MentionReader.joined` and `mentioned_as` inside one transaction."""

    def joined(self, records: Collection[RecordId], role: Role, limit: int) -> Joined:
        found = _Joining({number: Origin.parse(text) for number, text in self._connection.execute(_ORIGINS)})
        for starts in chunks(sorted({(each.leaf, str(each.origin)) for each in records})):
            wanted = {"starts": starts, "role": int(role), "most": limit, "ends": ENDS_A_RECORD * limit}
            found.add(self._connection.execute(_JOINED, wanted).all(), limit)
        return found.joined()

    def mentioned_as(self, role: Role, limit: int) -> list[RecordId]:
        rows = self._connection.execute(_MENTIONED_AS, {"role": int(role), "most": limit})
        return [RecordId(Origin.parse(row.root_origin), row.root_leaf) for row in rows]
