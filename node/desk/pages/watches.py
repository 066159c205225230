"""Watches and alerts: what members and this node look for in what arrives later, and what happened.

Rules this module upholds:

- A watch abroad asks other members, and has a purpose and a legal basis. A local watch stays on this node.
- What an officer typed is shown again with the fault that stopped it. Hashes are in no address and in no draft.
- An alert is seen when an officer says so; to open the list marks nothing.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from node.desk.asked import Page, day
from node.desk.faults import MENDABLE, fault_of
from node.desk.route_table import Route
from node.domain.rights import Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from node.desk.asked import Asked
    from node.desk.faults import Fault
    from node.desk.ports import Line

OTHERS: Final = 100
"""Watches of other members that are listed."""
ALERTS: Final = 50
RULES: Final = ("policy", "exact")
FIELDS: Final = ("where", "case", "hashes", "until", "purpose", "legal_basis", "to", "rule")
LOCAL: Final = "local"


async def watches(asked: Asked) -> Page:
    """Our watches, the local ones, and those of other members that an officer here decides about."""
    return await _list(asked)


async def watch(asked: Asked) -> Page:
    """One watch, what each asked member says, and the hits."""
    named = {LOCAL: asked.number(LOCAL)} if asked.text(LOCAL) else {"watch": asked.text("watch")}
    head, *hits = await asked.rows("watch-show", **named)
    told = {name: asked.number(name) for name in ("left_out", "already") if asked.text(name)}
    return Page("watches/watch.html", {"found": _numbered(head), "hits": hits, "told": told})


async def add(asked: Asked) -> Response | Page:
    """Watches for hashes, or abroad for the holdings of a case."""
    form = await asked.form()
    typed = {name: form.text(name).strip() for name in FIELDS}
    hashes = typed["hashes"].split()
    is_local = typed["where"] == LOCAL
    try:
        given: dict[str, Any] = {"case": typed["case"], "rule": typed["rule"], "until": day(typed["until"])}
        if not is_local:
            given |= {name: typed[name] for name in ("purpose", "legal_basis")}
            given["to"] = typed["to"].replace(",", " ").split()
        command = "watch-local" if is_local else "watch-add" if hashes else "watch-case"
        if command != "watch-case":
            given["hashes"] = hashes
        left_out, made = await asked.listed(command, **given)
    except MENDABLE as error:
        return await _list(asked, fault=fault_of(asked.language, error), typed=typed)
    query: dict[str, Any] = {LOCAL: _number(made)} if is_local else {"watch": made["watch"]}
    query |= {"left_out": len(left_out)} if left_out else {}
    query |= {"already": made["already"]} if is_local and made["already"] else {}
    return asked.to("watch", **query)


async def end(asked: Asked) -> Response:
    """Withdraws a watch, or deletes a local one."""
    form = await asked.form()
    named = {LOCAL: form.number(LOCAL)} if form.text(LOCAL) else {"watch": form.text("watch")}
    await asked.one("watch-remove", **named)
    return asked.to("watches")


async def alerts(asked: Asked) -> Page:
    """Alerts, the newest first."""
    filters = {"state": asked.text("state"), "case": asked.text("case").strip()}
    lines = await asked.rows(
        "alerts", new=filters["state"] == "new", case=filters["case"], before=asked.number("before"), limit=ALERTS
    )
    more = f"?{urlencode({**filters, 'before': lines[-1]['alert']})}" if len(lines) == ALERTS else ""
    return Page("watches/alerts.html", {"alerts": lines, "filters": filters, "more": more})


async def _list(asked: Asked, *, fault: Fault | None = None, typed: Mapping[str, str] | None = None) -> Page:
    case = asked.text("case").strip()
    lines = await asked.rows("watch-list", case=case)
    held = await asked.rows("held-list", limit=OTHERS, all=True)
    roster = await asked.one("roster-show")
    values = {
        "case": case,
        "abroad": [each for each in lines if not each["local"]],
        "local": [_numbered(each) for each in lines if each["local"]],
        "others": [each for each in held if "held_watch" in each],
        "purposes": roster["purposes"],
        "rules": RULES,
        "typed": typed or dict.fromkeys(FIELDS, "") | {"case": case},
        "fault": fault,
    }
    return Page("watches/list.html", values, HTTPStatus.CONFLICT if fault else HTTPStatus.OK)


def _numbered(line: Line) -> Line:
    """A watch with the number of a local one."""
    return line | {"number": _number(line) if line["local"] else None}


def _number(line: Line) -> int:
    """The number of a local watch: its name is local- and the number."""
    return int(line["watch"].rpartition("-")[2])


_WORK: Final = Work.INVESTIGATION
ROUTES: Final = (
    Route(method="GET", path="/watches", name="watches", handler=watches, work=_WORK),
    Route(method="POST", path="/watches/add", name="watch-add", handler=add, work=_WORK),
    Route(method="POST", path="/watches/end", name="watch-end", handler=end, work=_WORK),
    Route(method="GET", path="/watch", name="watch", handler=watch, work=_WORK),
    Route(method="GET", path="/alerts", name="alerts", handler=alerts, work=_WORK),
)
