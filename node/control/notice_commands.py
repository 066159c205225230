"""The commands for notices of a member.

Rules this module upholds:

- As in `node.control.sharing_commands`: commands hold no decisions. No line has a hash.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.control.arguments import Arguments
from node.control.lines import read_subject
from node.control.record_lines import settled_line
from node.domain.calendar import in_calendar, spell_day
from node.domain.notices import NoticeColour
from node.errors import Misuse
from node.usecases.notices import NoticeWords

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.fingerprints import Fingerprint
    from node.domain.ids import RecordId
    from node.usecases.notice_views import NoticeView
    from node.usecases.notices import Notices
    from node.usecases.publication import Publishing

COLOURS: Final = {colour.name.lower(): colour for colour in NoticeColour}


def notice_view_line(view: NoticeView) -> Line:
    """One notice: its reference, its days, what it has fingerprints of, and what the hub decided."""
    return {
        "notice": str(view.request),
        "member": view.member,
        "state": view.state.value,
        "colour": view.colour.name.lower() if view.colour else None,
        "reference": view.reference or None,
        "consent_day": _day(view.consent_day),
        "since": _day(view.since_day),
        "until": _day(view.until_day),
        "fingerprints": dict(view.kinds),
        "decision": str(view.decision) if view.decision else None,
        "reason": view.reason or None,
    }


def _day(day: int) -> str | None:
    return spell_day(day) if day and in_calendar(day) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeCommands:
    """`publishing` follows a request on its way to the hub."""

    notices: Notices
    publishing: Publishing

    async def notice_request(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"colour", "reference", "consent_day", "since_day", "until_day"} and subjects as items -> {"notice",
        "queued", "signed", "published", "why"}.
        """
        words = await _words(Arguments(arguments), items)
        said = await asyncio.to_thread(self.notices.request, words)
        yield await self._settled(said)

    async def notice_amend(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"notice"}, the values that change, and subjects as items if the fingerprints change -> as
        `notice_request`.
        """
        given = Arguments(arguments)
        words = await _words(given, items)
        said = await asyncio.to_thread(self.notices.amend, given.text("notice"), words)
        yield await self._settled(said)

    async def notice_withdraw(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"notice"} -> as `notice_request`; "notice" is null if the request was never sent."""
        said = await asyncio.to_thread(self.notices.withdraw, Arguments(arguments).text("notice"))
        yield await self._settled(said)

    async def notice_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"mine"} -> one line per notice, then {"notices"}."""
        views = await asyncio.to_thread(self.notices.listed, mine=Arguments(arguments).flag("mine"))
        for view in views:
            yield notice_view_line(view)
        yield {"notices": len(views)}

    async def notice_show(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"notice"} -> the notice."""
        yield notice_view_line(await asyncio.to_thread(self.notices.one, Arguments(arguments).text("notice")))

    async def _settled(self, said: RecordId | None) -> Line:
        settled = await self.publishing.follow([] if said is None else [said])
        return {"notice": str(said) if said else None, **settled_line(settled)}


async def _words(given: Arguments, items: AsyncIterator[Line]) -> NoticeWords:
    found: list[Fingerprint] = []
    async for item in items:
        found += read_subject(item).fingerprints
    colour = given.text("colour", "")
    if colour and colour not in COLOURS:
        raise Misuse("no such colour of a notice", remedy="one of: " + ", ".join(COLOURS))
    return NoticeWords(
        colour=COLOURS.get(colour),
        reference=given.text("reference") if given.has("reference") else None,
        fingerprints=tuple(found) or None,
        consent_day=given.whole("consent_day") if given.has("consent_day") else None,
        since_day=given.whole("since_day") if given.has("since_day") else None,
        until_day=given.whole("until_day") if given.has("until_day") else None,
    )
