"""Threads of messages: where their messages are, and what officers did with them.

Rules this module upholds:

- An index answers each query; no body is read.
- A place up to which an officer has read never goes back: that is decided in the SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Integer, and_, bindparam, delete, func, or_, select, text
from sqlalchemy.dialects.sqlite import insert

from node.domain.ids import Origin, RecordId
from node.domain.mentions import Mention, Role
from node.domain.threads import ThreadLog
from node.store.mentions import MENTION, mention_of
from node.store.statements import Repository
from node.store.tables.logs import logs
from node.store.tables.mentions import mentions
from node.store.tables.threads import muted_threads, thread_cases, thread_reads

_MESSAGES: Final = (Role.THREAD, Role.OPENS)
_NEVER: Final = -1
"""The place of an officer who has read nothing of a log."""
# Built once: building a statement costs as much as running it.
_OPENINGS: Final = (
    select(*MENTION)
    .join(logs, logs.c.number == mentions.c.log_no)
    .where(text(f"role = {int(Role.OPENS)}"))  # a literal, so that SQLite uses the partial index
    .where(
        or_(
            mentions.c.log_no > bindparam("after_log"),
            and_(mentions.c.log_no == bindparam("after_log"), mentions.c.idx > bindparam("after_idx")),
        )
    )
    .order_by(mentions.c.log_no, mentions.c.idx)
    .limit(bindparam("most"))
)
_OF_THREAD: Final = and_(
    mentions.c.root_leaf == bindparam("leaf"),
    mentions.c.root_origin == bindparam("of"),
    mentions.c.role.in_(list(map(int, _MESSAGES))),
)
_UPTO: Final = func.coalesce(thread_reads.c.upto, _NEVER)
_LOGS: Final = (
    select(
        logs.c.origin,
        func.count().label("messages"),
        func.max(mentions.c.idx).label("last"),
        func.sum(mentions.c.idx > _UPTO, type_=Integer).label("unread"),
    )
    .select_from(mentions)
    .join(logs, logs.c.number == mentions.c.log_no)
    .outerjoin(
        thread_reads,
        and_(
            thread_reads.c.root_leaf == mentions.c.root_leaf,
            thread_reads.c.root_origin == mentions.c.root_origin,
            thread_reads.c.officer == bindparam("reader"),
            thread_reads.c.log_no == mentions.c.log_no,
        ),
    )
    .where(_OF_THREAD)
    .group_by(mentions.c.log_no)
    .order_by(mentions.c.log_no)
)
_IN_LOG: Final = (
    select(mentions.c.idx)
    .where(_OF_THREAD, mentions.c.log_no == bindparam("log"))
    .order_by(mentions.c.idx)
    .limit(bindparam("most"))
)
_CLOSING: Final = (
    select(logs.c.origin)
    .distinct()
    .join(mentions, logs.c.number == mentions.c.log_no)
    .where(mentions.c.root_leaf == bindparam("leaf"), mentions.c.root_origin == bindparam("of"))
    .where(mentions.c.role == int(Role.CLOSES))
)
_READ: Final = (
    select(logs.c.origin, thread_reads.c.upto)
    .join(logs, logs.c.number == thread_reads.c.log_no)
    .where(thread_reads.c.root_leaf == bindparam("leaf"), thread_reads.c.root_origin == bindparam("of"))
    .where(thread_reads.c.officer == bindparam("reader"))
)


class ThreadRows(Repository):
    """`ThreadReader` inside one transaction."""

    def openings(self, *, limit: int, after: tuple[Origin, int] | None = None) -> list[Mention]:
        past = (0, _NEVER) if after is None else (self._number(after[0]) or 0, after[1])
        wanted = {"after_log": past[0], "after_idx": past[1], "most": limit}
        return [mention_of(row) for row in self._connection.execute(_OPENINGS, wanted)]

    def thread_logs(self, thread: RecordId, officer: str) -> list[ThreadLog]:
        rows = self._connection.execute(_LOGS, {**_named(thread), "reader": officer})
        return [
            ThreadLog(origin=Origin.parse(row.origin), messages=row.messages, last=row.last, unread=row.unread)
            for row in rows
        ]

    def thread_messages(self, thread: RecordId, origin: Origin, limit: int) -> list[int]:
        wanted = {**_named(thread), "log": self._number(origin) or 0, "most": limit}
        return list(self._connection.scalars(_IN_LOG, wanted))

    def closing_logs(self, thread: RecordId) -> set[Origin]:
        return set(map(Origin.parse, self._connection.scalars(_CLOSING, _named(thread))))

    def read_places(self, thread: RecordId, officer: str) -> Mapping[Origin, int]:
        rows = self._connection.execute(_READ, {**_named(thread), "reader": officer})
        return {Origin.parse(origin): upto for origin, upto in rows}

    def muted_threads(self, threads: Sequence[RecordId]) -> set[RecordId]:
        return {each for each in threads if self._connection.scalar(_is_muted(each)) is not None}

    def cases_of_thread(self, thread: RecordId) -> list[str]:
        case = thread_cases.c
        wanted = select(case.reference).where(case.root_leaf == thread.leaf, case.root_origin == str(thread.origin))
        return list(self._connection.scalars(wanted.order_by(case.reference)))


class ThreadWrites(ThreadRows):
    """`ThreadWriter` inside one transaction."""

    def put_read_places(self, thread: RecordId, officer: str, places: Mapping[Origin, int]) -> None:
        rows = [
            {**_key(thread), "officer": officer, "log_no": number, "upto": index}
            for origin, index in places.items()
            if (number := self._number(origin)) is not None
        ]
        if not rows:
            return
        new = insert(thread_reads)
        kept = new.on_conflict_do_update(
            index_elements=["root_leaf", "root_origin", "officer", "log_no"],
            set_={"upto": new.excluded.upto},
            where=new.excluded.upto > thread_reads.c.upto,
        )
        self._connection.execute(kept, rows)

    def set_muted(self, thread: RecordId, *, muted: bool) -> None:
        if muted:
            self._connection.execute(insert(muted_threads).values(**_key(thread)).on_conflict_do_nothing())
            return
        of = (muted_threads.c.root_leaf == thread.leaf, muted_threads.c.root_origin == str(thread.origin))
        self._connection.execute(delete(muted_threads).where(*of))

    def put_thread_case(self, thread: RecordId, reference: str) -> None:
        row = {**_key(thread), "reference": reference}
        self._connection.execute(insert(thread_cases).values(**row).on_conflict_do_nothing())


def _is_muted(thread: RecordId) -> Any:  # noqa: ANN401 (a statement of SQLAlchemy)
    muted = muted_threads.c
    return select(muted.root_leaf).where(muted.root_leaf == thread.leaf, muted.root_origin == str(thread.origin))


def _named(thread: RecordId) -> dict[str, Any]:
    return {"leaf": thread.leaf, "of": str(thread.origin)}


def _key(thread: RecordId) -> dict[str, Any]:
    return {"root_leaf": thread.leaf, "root_origin": str(thread.origin)}
