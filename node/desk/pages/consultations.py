"""Consultations: threads between members, and the answers of this node's officers.

Rules this module upholds:

- What is shown is read then, for this officer; a page that is shown again after a fault changes no mark.
- A text that could not be sent is still in its form. A draft survives the end of the session.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from node.desk.asked import Page
from node.desk.faults import MENDABLE, fault_of
from node.desk.pages.drafts import draft_of, drop
from node.desk.route_table import Route
from node.domain.rights import Work

if TYPE_CHECKING:
    from starlette.responses import Response

    from node.desk.asked import Asked
    from node.desk.faults import Fault

LISTED: Final = 50
MESSAGES: Final = 50
REASONS: Final = ("unstated", "mistake", "legal-order", "victim-request", "duplicate")
"""Why a message is retracted."""
NEW: Final = "consult-open"
"""The name of the draft of a new consultation."""


async def consultations(asked: Asked) -> Page:
    """The threads of this node, those with the newest message first."""
    return await _list(asked, text=await draft_of(asked, NEW))


async def thread(asked: Asked) -> Page:
    """One thread."""
    return await _thread(asked, asked.text("thread"))


async def open_thread(asked: Asked) -> Response | Page:
    """Asks colleagues abroad. Without members, every member reads it."""
    form = await asked.form()
    typed = {name: form.text(name).strip() for name in ("subject", "members", "about", "case")}
    text = form.text("text")
    members = typed["members"].replace(",", " ").split()
    given: dict[str, Any] = {"subject": typed["subject"], "text": text, "about": typed["about"].split()}
    given |= {"handling": {"audience": members} if members else {}} | ({"case": typed["case"]} if typed["case"] else {})
    try:
        made = await asked.one("consult-open", **given)
    except MENDABLE as error:
        return await _list(asked, fault=fault_of(asked.language, error), typed=typed, text=text)
    await drop(asked, NEW)
    return asked.to("thread", thread=made["thread"])


async def reply(asked: Asked) -> Response | Page:
    """Answers, or closes the thread with the answer."""
    form = await asked.form()
    name, text = form.text("thread"), form.text("text")
    try:
        await asked.one("consult-close" if form.text("step") == "close" else "consult-reply", thread=name, text=text)
    except MENDABLE as error:
        return await _thread(asked, name, fault=fault_of(asked.language, error), text=text)
    await drop(asked, _form(name))
    return asked.to("thread", thread=name)


async def reopen(asked: Asked) -> Response:
    """Opens a closed thread again."""
    form = await asked.form()
    await asked.one("consult-reopen", thread=form.text("thread"))
    return asked.to("thread", thread=form.text("thread"))


async def mute(asked: Asked) -> Response:
    """No more alerts about the thread, or alerts again."""
    form = await asked.form()
    await asked.one("consult-leave", thread=form.text("thread"), rejoin=form.text("step") == "rejoin")
    return asked.to("thread", thread=form.text("thread"))


async def take_back(asked: Asked) -> Response | Page:
    """Retracts a message of our own."""
    form = await asked.form()
    name = form.text("thread")
    try:
        await asked.one("consult-retract", message=form.text("message"), reason=form.text("reason", "unstated"))
    except MENDABLE as error:
        return await _thread(asked, name, fault=fault_of(asked.language, error))
    return asked.to("thread", thread=name)


async def _list(
    asked: Asked, *, fault: Fault | None = None, typed: dict[str, str] | None = None, text: str = ""
) -> Page:
    unread, closed = bool(asked.text("unread")), bool(asked.text("closed"))
    threads, end = await asked.listed(
        "consult-list", unread=unread, closed=closed, after=asked.text("after"), limit=LISTED
    )
    following = {"unread": "1" if unread else "", "closed": "1" if closed else "", "after": end["next"] or ""}
    values = {
        "threads": threads,
        "unread": unread,
        "closed": closed,
        "more": f"?{urlencode(following)}" if end["next"] else "",
        "fault": fault,
        "typed": typed or {"subject": "", "members": "", "about": asked.text("about"), "case": asked.text("case")},
        "text": text,
        "draft": NEW,
    }
    return Page("consultations/list.html", values, HTTPStatus.CONFLICT if fault else HTTPStatus.OK)


async def _thread(asked: Asked, name: str, *, fault: Fault | None = None, text: str | None = None) -> Page:
    """`name`: of any message of the thread. `text`: what was typed; None: the draft, which is the thread's."""
    start = {"after": asked.number("after")} if asked.text("after") else {}
    messages, shown = await asked.listed("consult-show", thread=name, limit=MESSAGES, peek=fault is not None, **start)
    values = {
        "messages": messages,
        "shown": shown,
        "more": f"?{urlencode({'thread': name, 'after': shown['next']})}" if shown["next"] else "",
        "fault": fault,
        "text": await draft_of(asked, _form(shown["thread"])) if text is None else text,
        "draft": _form(shown["thread"]),
        "reasons": REASONS,
    }
    return Page("consultations/thread.html", values, HTTPStatus.CONFLICT if fault else HTTPStatus.OK)


def _form(name: str) -> str:
    """The name of the draft of an answer: of the thread's first message, whose digest alone is long enough."""
    return f"thread-{name.rpartition('#')[2]}"


_WORK: Final = Work.INVESTIGATION
ROUTES: Final = (
    Route(method="GET", path="/consultations", name="consultations", handler=consultations, work=_WORK),
    Route(method="POST", path="/consultations/open", name="consult-open", handler=open_thread, work=_WORK),
    Route(method="GET", path="/thread", name="thread", handler=thread, work=_WORK),
    Route(method="POST", path="/thread/reply", name="consult-reply", handler=reply, work=_WORK),
    Route(method="POST", path="/thread/reopen", name="consult-reopen", handler=reopen, work=_WORK),
    Route(method="POST", path="/thread/mute", name="consult-mute", handler=mute, work=_WORK),
    Route(method="POST", path="/thread/retract", name="consult-retract", handler=take_back, work=_WORK),
)
