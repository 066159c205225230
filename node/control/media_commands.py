"""The commands for previews: covered tiles, one clear picture at a time, and the officer's own count.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- A clear picture is in the answer to `revealed` alone.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.errors import Misuse
from node.usecases.looking import COLUMNS, TILE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.looking import Looking, OwnViews


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaCommands:
    """Previews at the desk."""

    looking: Looking

    async def sheet_covered(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"holdings": [number], "places": [number]} -> {"sprite": base64, "" if none of them has a preview,
        "media_type", "columns", "tile", "missing": [holding]}. A place is that of the holding on its sheet, from 0.
        """
        given = Arguments(arguments)
        holdings, places = given.numbers("holdings"), given.numbers("places")
        made = await asyncio.to_thread(self.looking.covered, holdings, places)
        yield {
            "sprite": b64encode(made.picture).decode(),
            "media_type": "image/png",
            "columns": COLUMNS,
            "tile": TILE,
            "missing": list(made.missing),
        }

    async def reveal(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"holding", "slot": which still, from 1} -> {"grant", "until", "still", "stills"} and the line of
        `media-views`. The grant gives the picture once, to this session.
        """
        given = Arguments(arguments)
        made = await asyncio.to_thread(self.looking.reveal, given.whole("holding"), given.whole("slot", 1))
        about = {"grant": made.token.hex(), "until": made.until, "still": made.still + 1, "stills": made.stills}
        yield about | views_line(made.views)

    async def revealed(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"grant"} -> {"image": base64, "media_type"}."""
        picture, media_type = await asyncio.to_thread(self.looking.revealed, _token(Arguments(arguments).text("grant")))
        yield {"image": b64encode(picture).decode(), "media_type": media_type}

    async def media_views(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{} -> {"today", "left": null for any number, "minutes": since the last break, "break_due"}: what the caller
        has seen.
        """
        yield views_line(await asyncio.to_thread(self.looking.own))


def views_line(views: OwnViews) -> Line:
    """What an officer has seen today."""
    return {"today": views.today, "left": views.left, "minutes": views.minutes, "break_due": views.is_break_due}


def _token(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Misuse("this is no address of a preview", remedy="ask for the preview again") from None
