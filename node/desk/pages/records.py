"""Records: the list, one record with what members say about it, and our own statements about it.

Rules this module upholds:

- What a person may read is the daemon's answer. A record whose content is not here is shown by its name and its state.
- An opinion or a comment is a statement that other members read, and so is a retraction. It needs the work of a
  release, and a fresh factor where the daemon asks for one.
- The name of a record is public; its fingerprints are counted here and not shown.
- What was typed is shown again with the fault that stopped it.
"""

from __future__ import annotations

import time
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from node.desk.asked import Page
from node.desk.faults import MENDABLE, fault_of
from node.desk.pages.drafts import draft_of, drop
from node.desk.route_table import Route
from node.desk.vocabulary import WORDS
from node.domain.calendar import SECONDS_A_DAY
from node.domain.rights import Work

if TYPE_CHECKING:
    from starlette.responses import Response

    from node.desk.asked import Asked
    from node.desk.faults import Fault
    from node.desk.ports import Line

LISTED: Final = 20
"""Records of each member's log on a page; with a filter there are few logs, and more of each."""
LISTED_OF_ONE: Final = 100
HITS: Final = 20
LINKS: Final = 20
MATERIAL: Final = ("contribution", "correction")
"""Kinds of records that are about material: they have hits and links."""
OPINABLE: Final = (*MATERIAL, "link")
VERDICTS: Final = ("confirm", "dispute")
REASONS: Final = tuple(WORDS["retraction-reason"])
SAID: Final = ("queued", "signed", "published", "opinion", "comment", "retraction")


async def records(asked: Asked) -> Page:
    """The records of all members or of one, in the order of their logs."""
    filters = {"member": asked.text("member").strip(), "mine": asked.text("mine")}
    given: dict[str, object] = {"member": filters["member"], "mine": bool(filters["mine"])}
    limit = LISTED_OF_ONE if any(filters.values()) else LISTED
    lines, seen = await asked.listed("records", **given, after=asked.number("after"), limit=limit)
    more = f"?{urlencode({**filters, 'after': seen['next']})}" if seen["next"] else ""
    values = {"records": [_listed(each) for each in lines], "seen": seen, "filters": filters, "more": more}
    return Page("records/list.html", values)


async def record(asked: Asked) -> Response | Page:
    """One record: its facts, its history, what members say about it, its hits and its links."""
    name = asked.text("record").strip()
    if not name:
        return asked.to("records")
    return await _record(asked, name)


async def opine(asked: Asked) -> Response | Page:
    """States an opinion about the record, or a comment on it, for those who can read it."""
    form = await asked.form()
    name, verdict, text = form.text("record"), form.text("verdict"), form.text("text").strip()
    try:
        if verdict in VERDICTS:
            said = await asked.one("opine", record=name, verdict=verdict, note=text, handling={})
        else:
            said = await asked.one("comment", record=name, text=text, handling={})
    except MENDABLE as error:
        return await _record(asked, name, fault=fault_of(asked.language, error), text=text)
    await drop(asked, _form(name))
    return _back(asked, name, "opinion" if verdict in VERDICTS else "comment", said)


async def retraction(asked: Asked) -> Response | Page:
    """Takes back a statement of our own."""
    form = await asked.form()
    name = form.text("record")
    try:
        said = await asked.one("retract", record=name, reason=form.text("reason", "unstated"))
    except MENDABLE as error:
        return await _record(asked, name, fault=fault_of(asked.language, error))
    return _back(asked, name, "retraction", said)


async def _record(asked: Asked, name: str, *, fault: Fault | None = None, text: str = "") -> Page:
    found = await asked.one("records", record=name)
    name = found["record"]
    is_own = found["publication"] is not None
    is_material = found["kind"] in MATERIAL
    may_state = asked.who.may(Work.RELEASE)
    values = {
        "found": found,
        "member": _member(name),
        "author": await _author(asked, _member(name)),
        "is_own": is_own,
        "is_expired": bool(found["expiry_day"]) and found["expiry_day"] < int(time.time()) // SECONDS_A_DAY,
        "retracted": next((each for each in found["versions"] if each["kind"] == "retraction"), None),
        "algorithms": Counter(each["algorithm"] for each in found["fingerprints"]),
        "hits": await _hits(asked, found) if is_material and not is_own else None,
        "links": await _links(asked, found) if is_material else None,
        "can_speak": may_state,
        "can_opine": found["kind"] in OPINABLE and not is_own,
        "can_retract": may_state and is_own,
        "reasons": REASONS,
        "text": text if fault or not may_state else await draft_of(asked, _form(name)),
        "draft": _form(name),
        "fault": fault,
        "said": [each for each in (asked.text("said"), asked.text("reached")) if each in SAID],
    }
    return Page("records/record.html", values, HTTPStatus.CONFLICT if fault else HTTPStatus.OK)


async def _author(asked: Asked, member: str) -> Line | None:
    """The member in the roster that is in force; None if it is no member of it, such as the hub."""
    roster = await asked.one("roster-show")
    return next((each for each in roster["members"] if each["member"] == member), None)


async def _hits(asked: Asked, found: Line) -> list[Line]:
    """Our hits on this version. They stay unseen: the list of hits shows them."""
    lines, _ = await asked.listed("hits-list", record=found["record"], limit=HITS, peek=True)
    return [each for each in lines if each.get("hit") is not None]


async def _links(asked: Asked, found: Line) -> list[Line]:
    lines, _ = await asked.listed("links", record=found["record"], depth=1, limit=LINKS)
    return [each for each in lines if "relation" in each]


def _form(name: str) -> str:
    """The name of the draft of an opinion or a comment: the digest of the record alone is long enough."""
    return f"record-{name.rpartition('#')[2]}"


def _listed(line: Line) -> Line:
    return line | {"member": _member(line["record"])}


def _member(name: str) -> str:
    """The member whose log has the record: the second part of its name."""
    return name.split("/")[1]


def _back(asked: Asked, name: str, what: str, said: Line) -> Response:
    """To the record, which says what was stated and how far it has come."""
    return asked.to("record", record=name, said=what, reached=said["publication"])


ROUTES: Final = (
    Route(method="GET", path="/records", name="records", handler=records, work=Work.INVESTIGATION),
    Route(method="GET", path="/record", name="record", handler=record, work=Work.INVESTIGATION),
    Route(method="POST", path="/record/opinion", name="opine", handler=opine, work=Work.RELEASE),
    Route(method="POST", path="/record/retract", name="record-retract", handler=retraction, work=Work.RELEASE),
)
