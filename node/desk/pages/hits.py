"""Hits: the list, the pair of a holding and what it hit, and the decision of an officer.

Rules this module upholds:

- A decision states what the officer saw. If another officer decided meanwhile, nothing is changed and the page says so.
- A decided pair leaves the list of new hits, and the next one opens.
- An opinion that goes abroad is a statement of its own: the officer ticks it, and it needs a fresh factor.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from node.desk.asked import Page
from node.desk.pages.drafts import draft_of, drop
from node.desk.route_table import Route
from node.desk.vocabulary import WORDS
from node.domain.rights import Work

if TYPE_CHECKING:
    from starlette.responses import Response

    from node.desk.asked import Asked
    from node.desk.ports import Line

LISTED: Final = 50
STATES: Final = tuple(WORDS["review"])
OPINIONS: Final = {"confirm": "confirm", "reject": "dispute"}
"""The opinion abroad that goes with each decision; there is none for "unsure"."""
FILTERS: Final = ("case", "member", "state")


async def hits(asked: Asked) -> Page:
    """The hits of holdings on records and lists, new ones unless asked otherwise."""
    filters = {name: asked.text(name) for name in FILTERS} | {"state": asked.text("state", "new")}
    lines, seen = await asked.listed("hits-list", **_wanted(filters), after=asked.number("after"), limit=LISTED)
    values = {
        "records": [each for each in lines if "record" in each and "algorithm" in each],
        "lists": [each for each in lines if isinstance(each.get("hits"), list)],
        "seen": seen,
        "filters": filters,
        "states": STATES,
        "more": f"?{urlencode({**filters, 'after': seen['next']})}" if seen["next"] else "",
    }
    return Page("hits/list.html", values)


async def pair(asked: Asked) -> Page:
    """One hit: our holding beside what it hit."""
    name = asked.text("hit")
    return await _pair(asked, name, note=await draft_of(asked, f"hit-{name}"))


async def decide(asked: Asked) -> Response | Page:
    """An officer's decision about a pair, with an opinion abroad if that is ticked."""
    form = await asked.form()
    decision, name = form.text("decision"), form.text("hit")
    seen = {"hit": name, "if_state": form.text("if_state"), "if_decisions": form.number("if_decisions")}
    abroad = OPINIONS.get(decision, "") if form.flag("abroad") else ""
    (done,) = await asked.rows("review", decision=decision, note=form.text("note"), abroad=abroad, hits=[seen])
    if done["error"]:
        return await _pair(asked, name, fault=done, note=form.text("note"))
    await drop(asked, f"hit-{name}")
    if done["unsaid"]:
        return await _pair(asked, name, fault={"error": done["unsaid"], "remedy": done["remedy"]})
    following = await _next_new(asked, form.text("case"), name)
    kept = {"case": form.text("case")} if form.text("case") else {}
    return asked.to("pair", hit=following, **kept) if following else asked.to("hits", **kept)


async def _pair(asked: Asked, name: str, fault: Line | None = None, note: str = "") -> Page:
    found = await asked.one("hit-show", hit=name)
    ours = await asked.one("holding", holding=found["holding"], digests=False)
    values = {
        "found": found,
        "ours": ours,
        "evidence": found["on"] or found["evidence"] or {},
        "fault": fault,
        "note": note,
        "case": asked.text("case"),
        "can_opine": found["record"] is not None and asked.who.may(Work.RELEASE),
    }
    return Page("hits/pair.html", values, HTTPStatus.CONFLICT if fault else HTTPStatus.OK)


async def _next_new(asked: Asked, case: str, after: str) -> str:
    """The name of the next new hit, "" if there is none. The list is sorted newest first."""
    before = int(after) if after.isascii() and after.isdigit() else 0
    for start in (before, 0):
        lines, _ = await asked.listed("hits-list", **_wanted({"case": case, "state": "new"}), after=start, limit=1)
        named = [each["hit"] for each in lines if each.get("hit") is not None]
        if named and str(named[0]) != after:
            return str(named[0])
    return ""


def _wanted(filters: dict[str, str]) -> dict[str, object]:
    """The arguments of `hits-list`. "all" leaves the state out."""
    state = filters["state"]
    states = [state] if state in STATES else list(STATES) if state == "every" else []
    given: dict[str, object] = {name: filters[name] for name in ("case", "member") if filters.get(name)}
    return given | ({"states": states} if states else {})


ROUTES: Final = (
    Route(method="GET", path="/hits", name="hits", handler=hits, work=Work.INVESTIGATION),
    Route(method="GET", path="/pair", name="pair", handler=pair, work=Work.INVESTIGATION),
    Route(method="POST", path="/pair", name="decide", handler=decide, work=Work.INVESTIGATION),
)
