"""The start: where each role begins, and the investigator's board of cases, hits, answers and alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
    return asked.to(first_route(asked.who))


async def board(asked: Asked) -> Page:
    """What an investigator begins the day with: what waits, the own cases, and how cases ended."""
    cases, _ = await asked.listed("cases", mine=True, status="open", limit=SHOWN)
    ended, _ = await asked.listed("cases", mine=True, status="closed", limit=SHOWN)
    _hits, seen = await asked.listed("hits-list", states=["new"], limit=1)
    threads, _ = await asked.listed("consult-list", unread=True, limit=SHOWN)
    values = {
        "cases": [each for each in cases if each["list"] is None],
        "ended": [each for each in ended if each["list"] is None],
        "seen": seen,
        "alerts": await asked.rows("alerts", new=True, limit=SHOWN),
        "threads": threads,
        "shown": SHOWN,
    }
    return Page("board/board.html", values)


async def alerts_seen(asked: Asked) -> Response:
    """The officer has seen the alerts that the page showed: the board, or the list of alerts."""
    form = await asked.form()
    numbers = [str(number) for number in form.numbers("alert")]
    if numbers:
        await asked.one("alerts-seen", alerts=numbers)
    return asked.to("alerts" if form.text("page") == "alerts" else "board")


ROUTES: Final = (
    Route(method="GET", path="/", name="start", handler=start, work=Access.SIGNED_IN, homes=BOTH),
    Route(method="GET", path="/desk", name="board", handler=board, work=Work.INVESTIGATION),
    Route(method="POST", path="/alerts/seen", name="alerts-seen", handler=alerts_seen, work=Work.INVESTIGATION),
)
