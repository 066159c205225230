"""One holding: what is stored about it, what officers said, and where it is used."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse

from node.desk.asked import Page
from node.desk.route_table import Route
from node.domain.rights import Work

if TYPE_CHECKING:
    from starlette.responses import Response

    from node.desk.asked import Asked

LEVELS: Final = ("national", "hit/no-hit")
"""The levels that an officer sets. A contribution makes a holding shared."""


async def holding(asked: Asked) -> Page:
    """Everything that is stored about one holding, without its hashes."""
    found = await asked.one("holding", holding=asked.path_number("number"), digests=False)
    return Page("holdings/holding.html", {"found": found, "levels": LEVELS})


async def level(asked: Asked) -> Response:
    """Sets the level: whether the holding answers other members."""
    form, number = await asked.form(), asked.path_number("number")
    await asked.rows("set-level", holdings=[str(number)], level=form.text("level"))
    return RedirectResponse(asked.request.app.url_path_for("holding", number=number), HTTPStatus.SEE_OTHER)


ROUTES: Final = (
    Route(method="GET", path="/holdings/{number}", name="holding", handler=holding, work=Work.INVESTIGATION),
    Route(method="POST", path="/holdings/{number}/level", name="level", handler=level, work=Work.INVESTIGATION),
)
