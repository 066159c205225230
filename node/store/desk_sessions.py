"""Sessions of the desk, one-time codes, and drafts.

Rules this module upholds:

- A code is taken by the statement that deletes it, so of two browsers with one code only one gets a session.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update

from node.domain.desk_sessions import CODE_SECONDS, MAX_DRAFTS, DeskSession
from node.store import codec, vault
from node.store.statements import Repository, chunks
from node.store.tables.desk import desk_codes, desk_drafts, desk_sessions

if TYPE_CHECKING:
    from sqlalchemy import Row

# Built once: each request of a browser runs the first one.
_BY_TOKEN: Final = select(desk_sessions).where(desk_sessions.c.token_sha256 == bindparam("token"))
_BY_NUMBER: Final = select(desk_sessions).where(desk_sessions.c.id == bindparam("number"))
_NOT_ENDED: Final = select(desk_sessions).where(desk_sessions.c.ended_at == 0).order_by(desk_sessions.c.id)
_CODES: Final = select(func.count()).select_from(desk_codes)
_DRAFT: Final = select(desk_drafts.c.vault_id).where(
    desk_drafts.c.officer_id == bindparam("officer"), desk_drafts.c.form == bindparam("of")
)
_TAKE: Final = (
    delete(desk_codes)
    .where(desk_codes.c.code_sha256 == bindparam("code"))
    .returning(desk_codes.c.officer_id, desk_codes.c.made_at)
)


class DeskSessionRows(Repository):
    """`DeskSessionReader` inside one transaction."""

    def desk_session(self, token_sha256: bytes) -> DeskSession | None:
        row = self._connection.execute(_BY_TOKEN, {"token": token_sha256}).first()
        return None if row is None else _session(row)

    def desk_session_numbered(self, number: int) -> DeskSession | None:
        row = self._connection.execute(_BY_NUMBER, {"number": number}).first()
        return None if row is None else _session(row)

    def desk_sessions(self, officer: int = 0) -> list[DeskSession]:
        wanted = _NOT_ENDED.where(desk_sessions.c.officer_id == officer) if officer else _NOT_ENDED
        return [_session(row) for row in self._connection.execute(wanted)]

    def count_desk_codes(self) -> int:
        number: int = self._connection.scalar(_CODES) or 0
        return number

    def desk_draft(self, officer: int, form: str) -> str:
        row = self._connection.execute(_DRAFT, {"officer": officer, "of": form}).first()
        return codec.open_bytes(vault.get(self._connection, [row.vault_id])[0]).decode() if row else ""


class DeskSessionWrites(DeskSessionRows):
    """`DeskSessionWriter` inside one transaction."""

    def add_desk_session(self, token_sha256: bytes, officer: int, method: str, now: int) -> DeskSession:
        values: dict[str, Any] = {"token_sha256": token_sha256, "officer_id": officer, "method": method, "ended_at": 0}
        values |= {"made_at": now, "seen_at": now, "factor_at": now}
        number = self._connection.execute(insert(desk_sessions).values(values)).lastrowid
        return DeskSession(id=number, officer=officer, method=method, made_at=now, seen_at=now, factor_at=now)

    def touch_desk_session(self, session: int, *, seen_at: int = 0, factor_at: int = 0) -> None:
        given = {name: at for name, at in (("seen_at", seen_at), ("factor_at", factor_at)) if at}
        if given:
            self._connection.execute(update(desk_sessions).where(desk_sessions.c.id == session).values(given))

    def end_desk_sessions(self, sessions: Sequence[int], now: int) -> int:
        ended = 0
        for some in chunks(sessions):
            live = update(desk_sessions).where(desk_sessions.c.id.in_(some), desk_sessions.c.ended_at == 0)
            ended += self._connection.execute(live.values(ended_at=now)).rowcount
        return ended

    def add_desk_code(self, code_sha256: bytes, officer: int, now: int) -> None:
        values = {"code_sha256": code_sha256, "officer_id": officer, "made_at": now}
        self._connection.execute(insert(desk_codes).values(values))

    def take_desk_code(self, code_sha256: bytes, now: int) -> int | None:
        row = self._connection.execute(_TAKE, {"code": code_sha256}).first()
        if row is None or now >= row.made_at + CODE_SECONDS:
            return None
        officer: int = row.officer_id
        return officer

    def put_desk_draft(self, officer: int, form: str, text: str, now: int) -> None:
        mine = desk_drafts.c.officer_id == officer
        self._forget_drafts(mine, desk_drafts.c.form == form)
        if not text:
            return
        (row,) = vault.put(self._connection, [codec.seal_bytes(text.encode())])
        values = {"officer_id": officer, "form": form, "vault_id": row, "saved_at": now}
        self._connection.execute(insert(desk_drafts).values(values))
        oldest = select(desk_drafts.c.form).where(mine).order_by(desk_drafts.c.saved_at.desc(), desk_drafts.c.form)
        over = self._connection.scalars(oldest.limit(-1).offset(MAX_DRAFTS)).all()
        if over:
            self._forget_drafts(mine, desk_drafts.c.form.in_(over))

    def forget_desk_drafts(self, before: int) -> int:
        return self._forget_drafts(desk_drafts.c.saved_at < before)

    def _forget_drafts(self, *which: ColumnElement[bool]) -> int:
        gone = self._connection.scalars(delete(desk_drafts).where(*which).returning(desk_drafts.c.vault_id)).all()
        vault.forget(self._connection, gone)
        return len(gone)

    def forget_desk(self, before: int) -> int:
        return sum(
            self._connection.execute(delete(table).where(table.c.made_at < before)).rowcount
            for table in (desk_sessions, desk_codes)
        )


def _session(row: Row[Any]) -> DeskSession:
    return DeskSession(
        id=row.id,
        officer=row.officer_id,
        method=row.method,
        made_at=row.made_at,
        seen_at=row.seen_at,
        factor_at=row.factor_at,
        ended_at=row.ended_at,
    )
