"""The commands of the desk: signing in and out, and the administrator's invitations and sessions.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- The token of a session is not an argument: it comes beside the command (`control.proto`), and never reaches this
  module. A new one leaves once, in the answer to a sign-in.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.desk_drafts import DeskDrafts
    from node.usecases.desk_sessions import DeskSessions, SignedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCommands:
    """`vigil desk`, and the desk itself."""

    sessions: DeskSessions
    drafts: DeskDrafts

    async def desk_session(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"quiet"} -> {"session", "officer", "role", "works", "method", "fresh_until", "idle_until", "ends_at",
        "exercise", "previews", "home": {"role", "federation", "member", "name"}}. "quiet": no act of the officer.
        """
        is_activity = not Arguments(arguments).flag("quiet")
        yield self._line(await asyncio.to_thread(self.sessions.look, is_activity=is_activity))

    async def sign_in_code(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"code"} -> {"token": hex} and the line of `desk-session`."""
        token, found = await asyncio.to_thread(self.sessions.sign_in_by_code, Arguments(arguments).text("code"))
        yield {"token": token.hex()} | self._line(found)

    async def factor_code(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"code"} -> the line of `desk-session`."""
        yield self._line(await asyncio.to_thread(self.sessions.factor_by_code, Arguments(arguments).text("code")))

    async def desk_sign_out(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{} -> {"ended"}."""
        await asyncio.to_thread(self.sessions.sign_out)
        yield {"ended": True}

    async def draft_read(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"form"} -> {"text"}: what the caller has begun to write into this form."""
        yield {"text": await asyncio.to_thread(self.drafts.read, Arguments(arguments).text("form"))}

    async def draft_save(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"form", "text"} -> {"saved"}. "text" empty: the draft is deleted."""
        given = Arguments(arguments)
        await asyncio.to_thread(self.drafts.save, given.text("form"), given.text("text"))
        yield {"saved": True}

    async def desk_invite(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"officer"} -> {"officer", "code"}: it counts once, for 15 minutes."""
        name = Arguments(arguments).text("officer")
        yield {"officer": name, "code": await asyncio.to_thread(self.sessions.invite, name)}

    async def desk_sessions(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{} -> one line per open session {"session", "officer", "role", "method", "made_at", "seen_at", "ends_at"}."""
        for each in await asyncio.to_thread(self.sessions.live):
            yield _open_line(each)

    async def desk_revoke(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"sessions": [number], "officer"} -> {"ended"}: how many were open."""
        given = Arguments(arguments)
        ended = await asyncio.to_thread(self.sessions.revoke, given.numbers("sessions"), given.text("officer", ""))
        yield {"ended": ended}

    def _line(self, found: SignedIn) -> Line:
        session, place = found.session, self.sessions.place
        return {
            "session": session.id,
            "officer": found.officer.name,
            "role": found.officer.role.value,
            "works": sorted(work.name.lower().replace("_", "-") for work in found.works),
            "method": session.method,
            "fresh_until": session.fresh_until,
            "idle_until": session.idle_until,
            "ends_at": session.ends_at,
            "exercise": place.is_exercise,
            "previews": place.has_previews,
            "home": {
                "role": place.role,
                "federation": place.federation,
                "member": place.member or None,
                "name": place.name or None,
            },
        }


def _open_line(found: SignedIn) -> Line:
    session = found.session
    return {
        "session": session.id,
        "officer": found.officer.name,
        "role": found.officer.role.value,
        "method": session.method,
        "made_at": session.made_at,
        "seen_at": session.seen_at,
        "ends_at": session.ends_at,
    }
