"""Sessions of the desk in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.desk_sessions import CODE_SECONDS, MAX_DRAFTS, DeskSession

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True)
class DeskTables:
    """Sessions by id, their ids by token, (officer, time) of each code, (time, text) of drafts."""

    sessions: dict[int, DeskSession] = field(default_factory=dict)
    tokens: dict[bytes, int] = field(default_factory=dict)
    last: int = 0
    codes: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    drafts: dict[tuple[int, str], tuple[int, str]] = field(default_factory=dict)


class MemoryDesk:
    """`DeskSessionWriter` over plain dictionaries."""

    def __init__(self, tables: DeskTables) -> None:
        self._desk = tables

    def desk_session(self, token_sha256: bytes) -> DeskSession | None:
        return self._desk.sessions.get(self._desk.tokens.get(token_sha256, 0))

    def desk_session_numbered(self, number: int) -> DeskSession | None:
        return self._desk.sessions.get(number)

    def desk_sessions(self, officer: int = 0) -> list[DeskSession]:
        found = [each for _, each in sorted(self._desk.sessions.items()) if not each.ended_at]
        return [each for each in found if not officer or each.officer == officer]

    def count_desk_codes(self) -> int:
        return len(self._desk.codes)

    def add_desk_session(self, token_sha256: bytes, officer: int, method: str, now: int) -> DeskSession:
        self._desk.last += 1
        made = DeskSession(id=self._desk.last, officer=officer, method=method, made_at=now, seen_at=now, factor_at=now)
        self._desk.sessions[made.id] = made
        self._desk.tokens[token_sha256] = made.id
        return made

    def touch_desk_session(self, session: int, *, seen_at: int = 0, factor_at: int = 0) -> None:
        known = self._desk.sessions.get(session)
        if known is not None:
            self._desk.sessions[session] = replace(
                known, seen_at=seen_at or known.seen_at, factor_at=factor_at or known.factor_at
            )

    def end_desk_sessions(self, sessions: Sequence[int], now: int) -> int:
        live = [each for each in sessions if each in self._desk.sessions and not self._desk.sessions[each].ended_at]
        for each in live:
            self._desk.sessions[each] = replace(self._desk.sessions[each], ended_at=now)
        return len(live)

    def add_desk_code(self, code_sha256: bytes, officer: int, now: int) -> None:
        self._desk.codes[code_sha256] = (officer, now)

    def take_desk_code(self, code_sha256: bytes, now: int) -> int | None:
        officer, made_at = self._desk.codes.pop(code_sha256, (0, 0))
        return officer if officer and now < made_at + CODE_SECONDS else None

    def desk_draft(self, officer: int, form: str) -> str:
        return self._desk.drafts.get((officer, form), (0, ""))[1]

    def put_desk_draft(self, officer: int, form: str, text: str, now: int) -> None:
        self._desk.drafts.pop((officer, form), None)
        if text:
            self._desk.drafts[officer, form] = (now, text)
        mine = [(-saved_at, of) for (by, of), (saved_at, _) in self._desk.drafts.items() if by == officer]
        for _, old in sorted(mine)[MAX_DRAFTS:]:
            del self._desk.drafts[officer, old]

    def forget_desk_drafts(self, before: int) -> int:
        old = [name for name, (saved_at, _) in self._desk.drafts.items() if saved_at < before]
        for name in old:
            del self._desk.drafts[name]
        return len(old)

    def forget_desk(self, before: int) -> int:
        old = [number for number, each in self._desk.sessions.items() if each.made_at < before]
        codes = [code for code, (_, made_at) in self._desk.codes.items() if made_at < before]
        self._desk.tokens = {token: number for token, number in self._desk.tokens.items() if number not in old}
        for number in old:
            del self._desk.sessions[number]
        for code in codes:
            del self._desk.codes[code]
        return len(old) + len(codes)
