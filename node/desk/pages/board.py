"""The start: where each role begins, and the investigator's board of cases, hits, answers and alerts."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse

from node.desk.asked import Page
from node.desk.navigation import first_route
from node.desk.route_table import BOTH, Access, Route
from node.domain.rights import Work

if TYPE_CHECKING:
    from starlette.responses import Response

    from node.desk.asked import Asked

SHOWN: Final = 20
"""Rows of each part of the board."""


async def start(asked: Asked) -> Response:
    """To the first page of the officer's role."""
    address = asked.request.app.url_path_for(first_route(asked.who))
    return RedirectResponse(str(address), HTTPStatus.SEE_OTHER)


async def board(asked: Asked) -> Page:
    """What an investigator begins the day with."""
    cases, _ = await asked.listed("cases", mine=True, limit=SHOWN)
    hits, seen = await asked.listed("hits-list", unseen=True, limit=SHOWN)
    alerts = await asked.rows("alerts", new=True, limit=SHOWN)
    return Page("board/board.html", {"cases": cases, "hits": hits, "seen": seen, "alerts": alerts})


ROUTES: Final = (
    Route(method="GET", path="/", name="start", handler=start, work=Access.SIGNED_IN, homes=BOTH),
    Route(method="GET", path="/desk", name="board", handler=board, work=Work.INVESTIGATION),
)
