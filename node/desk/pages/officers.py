"""Officers and their sessions at the desk: for the administrator.

Rules this module upholds:

- A one-time code is in the answer to the POST that made it, and nowhere else: not in an address, and not in a page that
  can be loaded again.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from node.desk.asked import Page
from node.desk.faults import MENDABLE, fault_of
from node.desk.route_table import BOTH, HUB, Route
from node.domain.rights import HUB_ROLES, NODE_ROLES, Work

if TYPE_CHECKING:
    from starlette.responses import Response

    from node.desk.asked import Asked
    from node.desk.faults import Fault
    from node.desk.route_table import Handler


async def officers(asked: Asked) -> Page:
    """Who is registered, and who is signed in."""
    return await _officers(asked)


async def add(asked: Asked) -> Response | Page:
    """Registers an officer."""
    form = await asked.form()
    typed = {name: form.text(name).strip() for name in ("name", "role", "user")}
    try:
        await asked.one("officer-add", **typed)
    except MENDABLE as error:
        return await _officers(asked, fault=fault_of(asked.language, error), typed=typed)
    return asked.to("officers")


async def disable(asked: Asked) -> Response:
    """Takes every right from an officer, at once."""
    form = await asked.form()
    await asked.one("officer-disable", name=form.text("name"))
    return asked.to("officers")


async def enable(asked: Asked) -> Response:
    """Gives an officer the rights of the role again."""
    form = await asked.form()
    await asked.one("officer-enable", name=form.text("name"))
    return asked.to("officers")


async def invite(asked: Asked) -> Page:
    """Makes a one-time code for an officer, and shows it this once."""
    form = await asked.form()
    made = await asked.one("desk-invite", officer=form.text("name"))
    return await _officers(asked, code=made["code"], invited=made["officer"])


async def revoke(asked: Asked) -> Response:
    """Ends one session."""
    form = await asked.form()
    await asked.one("desk-revoke", sessions=[form.number("session")])
    return asked.to("officers")


async def _officers(
    asked: Asked,
    *,
    fault: Fault | None = None,
    typed: dict[str, str] | None = None,
    code: str = "",
    invited: str = "",
) -> Page:
    values = {
        "officers": await asked.rows("officers"),
        "sessions": await asked.rows("desk-sessions"),
        "roles": HUB_ROLES if asked.who.place.role == HUB else NODE_ROLES,
        "fault": fault,
        "typed": typed or {"name": "", "role": "", "user": ""},
        "code": code,
        "invited": invited,
    }
    return Page("officers/officers.html", values, HTTPStatus.CONFLICT if fault else HTTPStatus.OK)


def _route(method: str, path: str, name: str, handler: Handler) -> Route:
    return Route(method=method, path=path, name=name, handler=handler, work=Work.ADMINISTRATION, homes=BOTH)


ROUTES: Final = (
    _route("GET", "/officers", "officers", officers),
    _route("POST", "/officers/add", "officer-add", add),
    _route("POST", "/officers/disable", "officer-disable", disable),
    _route("POST", "/officers/enable", "officer-enable", enable),
    _route("POST", "/officers/invite", "officer-invite", invite),
    _route("POST", "/officers/revoke", "session-revoke", revoke),
)
