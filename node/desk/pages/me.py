"""One's own access: who one is here, until when, and how many clear previews one has looked at today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.desk.asked import Page
from node.desk.route_table import BOTH, Access, Route

if TYPE_CHECKING:
    from node.desk.asked import Asked


async def me(asked: Asked) -> Page:
    """The officer's own page."""
    views = await asked.one("media-views") if asked.who.sees_media else None
    return Page("me/me.html", {"views": views})


ROUTES: Final = (Route(method="GET", path="/me", name="me", handler=me, work=Access.SIGNED_IN, homes=BOTH),)
