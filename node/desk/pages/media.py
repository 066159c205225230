"""Clear previews: media mode, and one picture at a time for thirty seconds.

Rules this module upholds:

- A clear picture is never in a page. A POST asks for it, the daemon records who asks, and the answer is an address that
  gives the picture once.
- No cache keeps it, and the page covers it again.
"""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, RedirectResponse, Response

from node.desk.pages.signing_in import own_page
from node.desk.route_table import Route
from node.domain.rights import Work

if TYPE_CHECKING:
    from node.desk.asked import Asked

PICTURES: Final = frozenset({"image/jpeg", "image/webp", "image/png"})
"""What a preview may be. Anything else that a damaged store gave would not be shown."""


async def reveal(asked: Asked) -> Response:
    """Asks for one clear preview: its address, and until when it counts."""
    form = await asked.form()
    made = await asked.one("reveal", holding=form.number("holding"), slot=form.number("slot"))
    address = asked.request.app.url_path_for("revealed", grant=made["grant"])
    return JSONResponse({"address": str(address), "until": made["until"]})


async def revealed(asked: Asked) -> Response:
    """The clear preview of an address, once."""
    found = await asked.one("revealed", grant=asked.part("grant"))
    if found["media_type"] not in PICTURES:
        return Response(status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    return Response(base64.b64decode(found["image"]), media_type=found["media_type"])


async def mode(asked: Asked) -> Response:
    """Switches media mode on or off for this session."""
    form = await asked.form()
    await asked.one("media-mode", on=form.flag("on"))
    return RedirectResponse(own_page(form.text("next")), HTTPStatus.SEE_OTHER)


ROUTES: Final = (
    Route(method="POST", path="/media/reveal", name="reveal", handler=reveal, work=Work.MEDIA),
    Route(method="GET", path="/media/{grant}", name="revealed", handler=revealed, work=Work.MEDIA),
    Route(method="POST", path="/media/mode", name="media-mode", handler=mode, work=Work.MEDIA),
)
