"""Cases: the list, one case with its notes and its timeline, and its report.

Rules this module upholds:

- A change states the version that the officer saw. If somebody changed the case or the note meanwhile, nothing is
  overwritten, and the page says so.
- A note is never replaced: an edit adds a version.
- A text that could not be saved is still in its form.
"""

from __future__ import annotations

import base64
import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.responses import StreamingResponse

from node.desk.asked import Page
from node.desk.faults import MENDABLE, fault_of
from node.desk.pages.drafts import draft_of, drop
from node.desk.route_table import Route
from node.desk.vocabulary import WORDS
from node.domain.rights import Work
from node.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response

    from node.desk.asked import Asked
    from node.desk.faults import Fault
    from node.desk.ports import Line

LISTED: Final = 50
NOTES: Final = 20
EVENTS: Final = 30
STATUSES: Final = tuple(WORDS["case-status"])
REPORTS: Final = {"pdf": "application/pdf", "html": "application/octet-stream", "json": "application/json"}
"""The formats of a report, with the type under which a browser stores it. HTML is not shown in the desk's origin."""


async def cases(asked: Asked) -> Page:
    """The cases of this node."""
    return await _cases(asked)


async def open_case(asked: Asked) -> Response | Page:
    """Opens a case. The officer who opens it leads it."""
    form = await asked.form()
    typed = {name: form.text(name).strip() for name in ("case", "title", "purpose", "legal_basis")}
    given = {name: text for name, text in typed.items() if text}
    try:
        made = await asked.one("case-open", **given)
    except MENDABLE as error:
        return await _cases(asked, fault=fault_of(asked.language, error), typed=typed)
    return asked.to("case", case=made["case"])


async def case(asked: Asked) -> Page:
    """One case."""
    return await _case(asked, asked.text("case"), note=await draft_of(asked, _form(asked.text("case"))))


async def write_note(asked: Asked) -> Response | Page:
    """Adds a note, or a version of one."""
    form = await asked.form()
    reference, text = form.text("case"), form.text("text")
    edited = {"edit": form.number("note"), "version": form.number("version")} if form.text("note") else {}
    try:
        await asked.one("case-note", case=reference, text=text, **edited)
    except MENDABLE as error:
        return await _case(asked, reference, fault=fault_of(asked.language, error), note=text)
    if not edited:
        await drop(asked, _form(reference))
    return asked.to("case", case=reference)


async def change_status(asked: Asked) -> Response | Page:
    """Closes a case with its outcome, lets it rest, or opens it again."""
    form = await asked.form()
    reference, step = form.text("case"), form.text("step")
    seen: dict[str, Any] = {"case": reference, "version": form.number("version")}
    try:
        if step == "close":
            await asked.one("case-close", **seen, outcome=form.text("outcome").strip())
        elif step == "rest":
            await asked.one("case-dormant", **seen)
        else:
            await asked.one("case-reopen", **seen)
    except MENDABLE as error:
        return await _case(asked, reference, fault=fault_of(asked.language, error))
    return asked.to("case", case=reference)


async def report(asked: Asked) -> Response:
    """The report of a case as a file."""
    form = await asked.form()
    kind = form.text("format")
    if kind not in REPORTS:
        raise Malformed("there is no report of this format", remedy="choose PDF, HTML or JSON")
    lines = asked.lines("case-report", case=form.text("case"), format=kind)
    first = await anext(lines)  # an error comes before the first byte, and has a page of its own
    headers = {"content-disposition": f'attachment; filename="case-report.{kind}"'}
    return StreamingResponse(_bytes(first, lines), media_type=REPORTS[kind], headers=headers)


async def _bytes(first: Line, rest: AsyncIterator[Line]) -> AsyncIterator[bytes]:
    yield base64.b64decode(first["data"])
    async for line in rest:
        if "data" in line:
            yield base64.b64decode(line["data"])


async def _cases(asked: Asked, *, fault: Fault | None = None, typed: dict[str, str] | None = None) -> Page:
    status, mine = asked.text("status"), bool(asked.text("mine"))
    chosen: dict[str, Any] = {"status": status} if status in STATUSES else {}
    lines, end = await asked.listed("cases", after=asked.text("after"), limit=LISTED, mine=mine, **chosen)
    following = {"status": status, "mine": "1" if mine else "", "after": end["after"]}
    values = {
        "cases": [each for each in lines if each["list"] is None],
        "status": status,
        "statuses": STATUSES,
        "mine": mine,
        "more": f"?{urlencode(following)}" if end["more"] else "",
        "fault": fault,
        "typed": typed or {"case": asked.text("case"), "title": "", "purpose": "", "legal_basis": ""},
    }
    return Page("cases/list.html", values, HTTPStatus.CONFLICT if fault else HTTPStatus.OK)


async def _case(asked: Asked, reference: str, *, fault: Fault | None = None, note: str = "") -> Page:
    found = await asked.rows("case-show", case=reference, limit=1)
    own = next((each for each in found if each.get("case") == reference and each.get("list", "") is None), None)
    notes: list[Line] = []
    events: list[Line] = []
    following = None
    # A case that nobody opened exists by its holdings alone: it has neither notes nor a timeline.
    if own is not None and own["opened"]:
        notes, _ = await asked.listed("case-notes", case=reference, limit=NOTES)
        events, times = await asked.listed("case-timeline", case=reference, before=asked.text("before"), limit=EVENTS)
        following = times["next"]
    values = {
        "reference": reference,
        "own": own,
        "notes": notes,
        "events": events,
        "earlier": f"?{urlencode({'case': reference, 'before': following})}" if following else "",
        "fault": fault,
        "note": note,
        "draft": _form(reference),
        "reports": tuple(REPORTS),
    }
    return Page("cases/case.html", values, HTTPStatus.CONFLICT if fault else HTTPStatus.OK)


def _form(reference: str) -> str:
    """The name of the draft of a note: a reference may have any characters, the name of a form has few."""
    return f"note-{hashlib.sha256(reference.encode()).hexdigest()[:32]}"


_WORK: Final = Work.INVESTIGATION
ROUTES: Final = (
    Route(method="GET", path="/cases", name="cases", handler=cases, work=_WORK),
    Route(method="POST", path="/cases/open", name="case-open", handler=open_case, work=_WORK),
    Route(method="GET", path="/case", name="case", handler=case, work=_WORK),
    Route(method="POST", path="/case/note", name="case-note", handler=write_note, work=_WORK),
    Route(method="POST", path="/case/status", name="case-status", handler=change_status, work=_WORK),
    Route(method="POST", path="/case/report", name="case-report", handler=report, work=_WORK),
)
