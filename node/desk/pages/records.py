"""One record: what it says, who may read it, its history, who confirms it, and the hits of ours on it.

Rules this module upholds:

- An opinion or a comment is a statement that other members read. It needs the work of a release, and a fresh factor.
- The name of a record is public; its fingerprints are counted here and not shown.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse

from node.desk.asked import Page
from node.desk.faults import fault_of
from node.desk.route_table import Route
from node.domain.rights import Work
from node.errors import VigilError

if TYPE_CHECKING:
    from starlette.responses import Response

    from node.desk.asked import Asked
    from node.desk.faults import Fault

HITS: Final = 20
VERDICTS: Final = ("confirm", "dispute")


async def record(asked: Asked) -> Page:
    """One record."""
    return await _record(asked, asked.text("record"))


async def opine(asked: Asked) -> Response | Page:
    """States an opinion about a record, or a comment on it, for those who can read it."""
    form = await asked.form()
    name, verdict, text = form.text("record"), form.text("verdict"), form.text("text").strip()
    try:
        if verdict in VERDICTS:
            await asked.one("opine", record=name, verdict=verdict, note=text, handling={})
        else:
            await asked.one("comment", record=name, text=text, handling={})
    except VigilError as error:
        return await _record(asked, name, fault=fault_of(asked.language, error), text=text)
    path = asked.request.app.url_path_for("record")
    return RedirectResponse(f"{path}?{urlencode({'record': name})}", HTTPStatus.SEE_OTHER)


async def _record(asked: Asked, name: str, *, fault: Fault | None = None, text: str = "") -> Page:
    found = await asked.one("records", record=name)
    hits, _ = await asked.listed("hits-list", record=name, limit=HITS, peek=True)
    values = {
        "found": found,
        "hits": [each for each in hits if each.get("hit") is not None],
        "fault": fault,
        "text": text,
        "can_speak": asked.who.may(Work.RELEASE),
    }
    return Page("records/record.html", values, HTTPStatus.CONFLICT if fault else HTTPStatus.OK)


ROUTES: Final = (
    Route(method="GET", path="/record", name="record", handler=record, work=Work.INVESTIGATION),
    Route(method="POST", path="/record/opinion", name="opine", handler=opine, work=Work.RELEASE),
)
