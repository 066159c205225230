"""Links between records: what hangs together with a record or a series, who says so, and what contradicts it.

Rules this module upholds:

- The tables have everything; the picture shows the same for the eye.
- A record that this node may not read is shown by its name alone.
- A link is a statement that other members read. What was typed is shown again with the fault that stopped it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from node.desk.asked import Page
from node.desk.faults import MENDABLE, fault_of
from node.desk.graph import drawing_of
from node.desk.pages.drafts import draft_of, drop
from node.desk.route_table import Route
from node.desk.vocabulary import WORDS
from node.domain.rights import Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from node.desk.asked import Asked
    from node.desk.faults import Fault

LISTED: Final = 100
RELATIONS: Final = tuple(WORDS["relation"])
CERTAINTIES: Final = tuple(WORDS["certainty"])
FILTERS: Final = ("record", "series", "relation", "depth")
FIELDS: Final = ("records", "relation", "certainty", "note")
NEW: Final = "link-new"
"""The name of the draft of a new link's note."""


async def links(asked: Asked) -> Page:
    """What is linked with a record or a series; without one, our own links."""
    return await _page(asked, {name: asked.text(name).strip() for name in FILTERS})


async def state(asked: Asked) -> Response | Page:
    """States that records belong together, for all members that may read every one of them."""
    form = await asked.form()
    typed = {name: form.text(name).strip() for name in FIELDS}
    names = typed["records"].split()
    try:
        said = {name: typed[name] for name in FIELDS[1:] if typed[name]}
        made = await asked.one("link", records=names, handling={}, **said)
    except MENDABLE as error:
        filters = dict.fromkeys(FILTERS, "")
        return await _page(asked, filters, fault=fault_of(asked.language, error), typed=typed)
    await drop(asked, NEW)
    return asked.to("links", record=names[0], reached=made["publication"])


async def _page(
    asked: Asked, filters: dict[str, str], *, fault: Fault | None = None, typed: Mapping[str, str] | None = None
) -> Page:
    status = HTTPStatus.CONFLICT if fault else HTTPStatus.OK
    found: dict[str, Any] = {}
    try:
        found = await (_component(asked, filters) if filters["record"] or filters["series"] else _own(asked))
    except MENDABLE as error:
        fault, status = fault or fault_of(asked.language, error), HTTPStatus.BAD_REQUEST
    values = {
        "links": (),
        "records": (),
        "contradictions": (),
        "summary": None,
        "drawing": None,
        "numbers": {},
        "more": "",
        **found,
        "filters": filters,
        "relations": RELATIONS,
        "certainties": CERTAINTIES,
        "typed": typed or {"records": filters["record"], "relation": "", "certainty": "probable"},
        "note": typed["note"] if typed else await draft_of(asked, NEW),
        "draft": NEW,
        "fault": fault,
        "reached": asked.text("reached"),
        "can_retract": asked.who.may(Work.RELEASE),
    }
    return Page("links/links.html", values, status)


async def _component(asked: Asked, filters: dict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {name: filters[name] for name in ("record", "series", "relation") if filters[name]}
    given |= {"depth": asked.number("depth")} if filters["depth"] else {}
    lines, summary = await asked.listed("links", **given, limit=LISTED)
    shown = [each for each in lines if "relation" in each]
    records = sorted((each for each in lines if "sight" in each), key=lambda each: int(each["depth"]))
    contradictions = [each for each in lines if "contradiction" in each]
    return {
        "links": shown,
        "records": records,
        "contradictions": contradictions,
        "summary": summary,
        "drawing": drawing_of(records, shown, {each["about"] for each in contradictions}),
        "numbers": {each["record"]: number for number, each in enumerate(records, 1)},
    }


async def _own(asked: Asked) -> dict[str, Any]:
    shown, end = await asked.listed("links-mine", after=asked.number("after"), limit=LISTED)
    return {"links": shown, "more": f"?{urlencode({'after': end['next']})}" if end["next"] else ""}


ROUTES: Final = (
    Route(method="GET", path="/links", name="links", handler=links, work=Work.INVESTIGATION),
    Route(method="POST", path="/links", name="link-state", handler=state, work=Work.INVESTIGATION),
)
