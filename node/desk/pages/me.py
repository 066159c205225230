"""One's own access: who one is here, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.desk.asked import Page
from node.desk.route_table import BOTH, Access, Route

if TYPE_CHECKING:
    from node.desk.asked import Asked


async def me(asked: Asked) -> Page:  # noqa: ARG001 (a handler)
    """The officer's own page."""
    return Page("me/me.html")


ROUTES: Final = (Route(method="GET", path="/me", name="me", handler=me, work=Access.SIGNED_IN, homes=BOTH),)
