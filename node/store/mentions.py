"""Mentions, and the list of entries by kind.

Rules this module upholds:

- A mention goes with its body: its row is deleted (`secure_delete`). The names in it are public; only that one entry
  mentions another is not. So its key may order the rows, unlike that of a table with hashes or words.
- An index answers each query.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, or_, select, update

from node.domain.envelope import UNDERSTOOD
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.mentions import Mention, Role, Stated
from node.store.joined import JoinedRows
from node.store.statements import chunks, insert_rows
from node.store.tables.logs import logs
from node.store.tables.mentions import mentions
from node.store.tables.mentions import stated as by_kind

MENTION: Final = (
    logs.c.origin,
    mentions.c.idx,
    mentions.c.kind,
    mentions.c.role,
    mentions.c.root_leaf,
    mentions.c.root_origin,
)
"""The columns of a row that `mention_of` reads."""
_COLUMNS: Final = ("log_no", "idx", "role", "root_origin", "root_leaf", "kind")
# Built once: building a statement costs as much as running it.
_OF_ENTRIES: Final = (
    select(*MENTION)
    .join(logs, logs.c.number == mentions.c.log_no)
    .where(mentions.c.log_no == bindparam("log"), mentions.c.idx >= bindparam("start"))
    .where(mentions.c.idx < bindparam("stop"))
    .order_by(mentions.c.idx, mentions.c.role, mentions.c.root_origin, mentions.c.root_leaf)
)
_OF_RECORD: Final = (
    select(*MENTION)
    .join(logs, logs.c.number == mentions.c.log_no)
    .where(mentions.c.root_leaf == bindparam("leaf"), mentions.c.root_origin == bindparam("of"))
    .where(mentions.c.role.in_(bindparam("roles", expanding=True)))
    .where(mentions.c.log_no.not_in(bindparam("without", expanding=True)))
    .where(
        or_(
            mentions.c.log_no > bindparam("after_log"),
            and_(mentions.c.log_no == bindparam("after_log"), mentions.c.idx > bindparam("after_idx")),
        )
    )
    .order_by(mentions.c.log_no, mentions.c.idx, mentions.c.role)
    .limit(bindparam("most"))
)
_STATED: Final = (
    select(logs.c.origin, by_kind.c.idx, by_kind.c.kind, by_kind.c.is_read)
    .join(logs, logs.c.number == by_kind.c.log_no)
    .where(by_kind.c.kind.in_(bindparam("kinds", expanding=True)))
    .where(
        or_(
            by_kind.c.log_no > bindparam("after_log"),
            and_(by_kind.c.log_no == bindparam("after_log"), by_kind.c.idx > bindparam("after_idx")),
        )
    )
    .order_by(by_kind.c.log_no, by_kind.c.idx)
    .limit(bindparam("most"))
)
_UNREAD: Final = (
    select(logs.c.origin, by_kind.c.idx, by_kind.c.kind, by_kind.c.is_read)
    .join(logs, logs.c.number == by_kind.c.log_no)
    .where(by_kind.c.is_read == 0, by_kind.c.kind.in_(bindparam("kinds", expanding=True)))
    .limit(bindparam("most"))
)
_FORGET: Final = delete(mentions).where(
    mentions.c.log_no == bindparam("log"), mentions.c.idx.in_(bindparam("some", expanding=True))
)
_MOVE: Final = (
    update(mentions)
    .prefix_with("OR REPLACE")
    .where(mentions.c.root_leaf == bindparam("leaf"), mentions.c.root_origin == bindparam("of"))
    .values(root_leaf=bindparam("to_leaf"), root_origin=bindparam("to_origin"))
)
_SET_READ: Final = (
    update(by_kind)
    .where(by_kind.c.kind == bindparam("of_kind"), by_kind.c.log_no == bindparam("log"))
    .where(by_kind.c.idx == bindparam("at"))
    .values(is_read=1)
)


class MentionRows(JoinedRows):
    """`MentionReader` inside one transaction."""

    def mentions(self, origin: Origin, start: int, stop: int) -> list[Mention]:
        rows = self._connection.execute(_OF_ENTRIES, {"log": self._number(origin) or 0, "start": start, "stop": stop})
        return [mention_of(row) for row in rows]

    def mentioning(
        self,
        record: RecordId,
        roles: Collection[Role],
        *,
        limit: int | None = None,
        after: tuple[Origin, int] | None = None,
        spare: MemberId | None = None,
    ) -> list[Mention]:
        wanted = {
            "leaf": record.leaf,
            "of": str(record.origin),
            "roles": list(map(int, roles)),
            "without": self._logs_of({spare} if spare else ()),
            "most": -1 if limit is None else limit,
            **self._past(after),
        }
        return [mention_of(row) for row in self._connection.execute(_OF_RECORD, wanted)]

    def stated(
        self, kinds: Collection[int], *, limit: int | None = None, after: tuple[Origin, int] | None = None
    ) -> list[Stated]:
        wanted = {"kinds": list(map(int, kinds)), "most": -1 if limit is None else limit, **self._past(after)}
        return [_stated(row) for row in self._connection.execute(_STATED, wanted)]

    def unread(self, kinds: Collection[int], limit: int) -> list[Stated]:
        wanted = {"kinds": list(map(int, kinds)), "most": limit}
        return [_stated(row) for row in self._connection.execute(_UNREAD, wanted)]

    def _past(self, after: tuple[Origin, int] | None) -> dict[str, int]:
        if after is None:
            return {"after_log": 0, "after_idx": -1}
        return {"after_log": self._number(after[0]) or 0, "after_idx": after[1]}


class MentionWrites(MentionRows):
    """`MentionWriter` inside one transaction."""

    def put_mentions(self, filed: Sequence[Mention]) -> None:
        number = {origin: self._number(origin) for origin in {each.origin for each in filed}}
        rows = [
            (number[origin], index, int(role), str(record.origin), record.leaf, int(kind))
            for origin, index, kind, role, record in filed
        ]
        insert_rows(self._connection, mentions, _COLUMNS, rows, new_only=True)

    def set_read(self, stated: Sequence[Stated]) -> None:
        rows = [{"of_kind": each.kind, "log": self._number(each.origin), "at": each.index} for each in stated]
        if rows:
            self._connection.execute(_SET_READ, rows)

    def _list_by_kind(self, number: int, rows: list[tuple[int, int]]) -> None:
        """(Kind, index) of new entries of a log. Mentions of a known kind are filed in the same transaction; those of
        other kinds wait for the version that knows them.
        """
        listed = [(kind, number, index, int(kind in UNDERSTOOD)) for kind, index in rows]
        insert_rows(self._connection, by_kind, ("kind", "log_no", "idx", "is_read"), listed)

    def _move_mentions(self, root: RecordId, to: RecordId) -> None:
        """What was filed under `root` is filed under `to`. A statement that mentions both keeps one mention."""
        names = {"leaf": root.leaf, "of": str(root.origin), "to_leaf": to.leaf, "to_origin": str(to.origin)}
        self._connection.execute(_MOVE, names)

    def _forget_mentions(self, number: int, indices: Iterable[int]) -> None:
        for some in chunks(indices):
            self._connection.execute(_FORGET, {"log": number, "some": some})

    def _cut_mentions(self, number: int, size: int) -> None:
        """Forgets the entries of a log from `size` on."""
        for table in (mentions, by_kind):
            self._connection.execute(delete(table).where(table.c.log_no == number, table.c.idx >= size))


def mention_of(row: Any) -> Mention:  # noqa: ANN401 (a row of these statements)
    """A mention, from a row with these columns."""
    return Mention(
        origin=Origin.parse(row.origin),
        index=row.idx,
        kind=row.kind,
        role=Role(row.role),
        record=RecordId(Origin.parse(row.root_origin), row.root_leaf),
    )


def _stated(row: Any) -> Stated:  # noqa: ANN401 (a row of these statements)
    return Stated(origin=Origin.parse(row.origin), index=row.idx, kind=row.kind, is_read=bool(row.is_read))
