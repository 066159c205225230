"""Clear previews: one picture at a time, for thirty seconds.

Rules this module upholds:

- A clear picture is never in a page. A POST asks for it, the daemon records who asks, and the answer is an address that
  gives the picture once, to the session that asked.
- No cache keeps it, and the page covers it again.
- An officer is told their own count, and when a break is due. Nobody sees the count of another officer.
"""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, RedirectResponse, Response

from node.desk.route_table import Route
from node.domain.rights import Work

if TYPE_CHECKING:
    from node.desk.asked import Asked
    from node.desk.languages import Language
    from node.desk.ports import Line

PICTURES: Final = frozenset({"image/jpeg"})
"""What a preview may be. Anything else that a damaged store gave would not be shown."""


async def reveal(asked: Asked) -> Response:
    """Asks for one clear preview. A script gets its address, how many the officer has looked at today, and whether a
    break is due; without a script, the picture follows at once.
    """
    form = await asked.form()
    made = await asked.one("reveal", holding=form.number("holding"), slot=form.number("slot"))
    address = str(asked.request.app.url_path_for("revealed", grant=made["grant"]))
    if not asked.is_partial:
        return RedirectResponse(address, HTTPStatus.SEE_OTHER)
    said = {"count": _count(asked.language, made), "rest": _rest(asked.language, made)}
    return JSONResponse({"address": address, "until": made["until"], **said})


async def revealed(asked: Asked) -> Response:
    """The clear preview of an address, once."""
    found = await asked.one("revealed", grant=asked.part("grant"))
    if found["media_type"] not in PICTURES:
        return Response(status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    return Response(base64.b64decode(found["image"]), media_type=found["media_type"])


def _count(language: Language, views: Line) -> str:
    """How many clear previews the officer has looked at today, and how many more are allowed."""
    today, left = views["today"], views["left"]
    text = language.ngettext(
        "You have looked at %(n)s clear preview today.", "You have looked at %(n)s clear previews today.", today
    ) % {"n": language.number(today)}
    if left is None:
        return text
    more = language.ngettext("%(n)s more is allowed.", "%(n)s more are allowed.", left) % {"n": language.number(left)}
    return f"{text} {more}"


def _rest(language: Language, views: Line) -> str:
    """The proposal of a break; "" if none is due."""
    if not views["break_due"]:
        return ""
    minutes = views["minutes"]
    return language.ngettext(
        "You have looked at previews for %(n)s minute. Take a break now.",
        "You have looked at previews for %(n)s minutes. Take a break now.",
        minutes,
    ) % {"n": language.number(minutes)}


ROUTES: Final = (
    Route(method="POST", path="/media/reveal", name="reveal", handler=reveal, work=Work.MEDIA),
    Route(method="GET", path="/media/{grant}", name="revealed", handler=revealed, work=Work.MEDIA),
)
