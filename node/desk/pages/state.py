"""The state of a node or a hub: what works, what needs somebody, and the members.

Rules this module upholds:

- No hash of a record or file is on this page: administrators, auditors and operators open it.
- Suspending a member needs its id, typed: a click on the wrong row suspends nobody.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from node.desk.asked import Page
from node.desk.faults import MENDABLE, Fault, fault_of
from node.desk.marking import N_
from node.desk.route_table import BOTH, HUB, Route
from node.domain.rights import Work

if TYPE_CHECKING:
    from starlette.responses import Response

    from node.desk.asked import Asked
    from node.desk.ports import Line

ALARM_FACTS: Final = ("what", "remedy", "at")
"""What is shown of an alarm. Its other facts name logs and evidence, which have digests."""
TYPED_WRONG: Final = N_("The id that you typed is not the id of this member. Nothing was changed.")
TYPE_AGAIN: Final = N_("Type the id of the member as it stands in the table.")


async def state(asked: Asked) -> Page:
    """What `vigil node status` or `vigil hub status` says."""
    return await _state(asked)


async def suspend(asked: Asked) -> Response | Page:
    """The operator suspends a member at once, with a reason that the member reads."""
    form = await asked.form()
    member, typed, reason = form.text("member"), form.text("typed").strip(), form.text("reason")
    if typed != member:
        fault = Fault(text=asked.language.gettext(TYPED_WRONG), remedy=asked.language.gettext(TYPE_AGAIN))
        return await _state(asked, fault=fault, reason=reason)
    try:
        await asked.one("suspend", member=member, reason=reason)
    except MENDABLE as error:
        return await _state(asked, fault=fault_of(asked.language, error), reason=reason)
    return asked.to("state")


async def readmit(asked: Asked) -> Response:
    """The operator ends a suspension."""
    form = await asked.form()
    await asked.one("unsuspend", member=form.text("member"))
    return asked.to("state")


async def _state(asked: Asked, fault: Fault | None = None, reason: str = "") -> Page:
    own, *members = await asked.rows("status")
    values: dict[str, Any] = {
        "own": own,
        "members": members,
        "alarms": [_alarm(each) for line in (own, *members) for each in line.get("alarms", ())],
        "fault": fault,
        "reason": reason,
    }
    template = "state/hub.html" if asked.who.place.role == HUB else "state/node.html"
    return Page(template, values, HTTPStatus.CONFLICT if fault else HTTPStatus.OK)


def _alarm(alarm: Line) -> Line:
    return {name: alarm.get(name) for name in ALARM_FACTS}


_HUB_ALONE: Final = frozenset({HUB})
ROUTES: Final = (
    Route(method="GET", path="/state", name="state", handler=state, work=Work.OVERVIEW, homes=BOTH),
    Route(
        method="POST",
        path="/members/suspend",
        name="suspend",
        handler=suspend,
        work=Work.OPERATION,
        homes=_HUB_ALONE,
    ),
    Route(
        method="POST",
        path="/members/readmit",
        name="readmit",
        handler=readmit,
        work=Work.OPERATION,
        homes=_HUB_ALONE,
    ),
)
