"""Sharing holdings of a case: what would be shared and who could read it, the release, and how far it has come.

Rules this module upholds:

- Nothing is shared before the officer has seen the plan: each holding, and by name each member that can read it.
- A release names the plan that was shown, and the number of members that the officer typed. A plan that has changed is
  shown again, and nothing is shared.
- Nobody reads a record because a form was left empty: who may read it is chosen.
- A release needs a fresh factor. If it has grown old, the form stays as it is.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from node.desk.asked import Page, day, whole
from node.desk.faults import MENDABLE, fault_of
from node.desk.route_table import Route
from node.domain.handling import CODES, PURPOSES
from node.domain.rights import Work
from node.errors import FactorNeeded, Misuse

if TYPE_CHECKING:
    from starlette.responses import Response

    from node.desk.asked import Asked, Form
    from node.desk.faults import Fault
    from node.desk.ports import Line
    from node.errors import VigilError

SHOWN: Final = 200
"""Holdings of a plan that the page lists. It counts all of them."""
TYPED: Final = (
    "case", "holdings", "category", "baseline", "victim_identified", "offender_identified", "series", "tags",
    "language", "audience", "code", "retain_until",
)  # fmt: skip
SEVERAL: Final = ("to", "purposes")
"""Fields that may come more than once."""
WORDS: Final = ("category", "baseline", "victim_identified", "offender_identified", "series", "language")
EVERYONE: Final = "everyone"
MEMBERS: Final = "members"
GROUP_MARK: Final = "@"
OURS: Final = frozenset({"founder", "accepted"})
"""What we are in a group to which we can say something."""


async def share(asked: Asked) -> Page:
    """The form: which holdings, what is said about them, and who may read it."""
    return await _form(asked, dict.fromkeys(TYPED, "") | {"case": asked.text("case"), "code": CODES[0]}, _none())


async def plan(asked: Asked) -> Page:
    """What would be shared. Nothing is signed."""
    form = await asked.form()
    typed, several = _typed(form)
    try:
        found = await _planned(asked, typed, several)
    except MENDABLE as error:
        return await _again(asked, typed, several, error)
    return await _form(asked, typed, several, found=found)


async def release(asked: Asked) -> Response | Page:
    """Signs the plan that was shown, and shows how far its records have come."""
    form = await asked.form()
    typed, several = _typed(form)
    try:
        consent = {"plan": _digest(form), "members": whole(form.text("members").strip(), "the number of members")}
        done, end = await asked.listed("contribute", **_arguments(typed, several), **consent)
    except MENDABLE as error:
        return await _again(asked, typed, several, error)
    values = {"case": typed["case"], "done": done[:SHOWN], "all": len(done), "end": end, "names": await _names(asked)}
    return Page("sharing/shared.html", values)


async def _planned(asked: Asked, typed: dict[str, str], several: dict[str, list[str]]) -> dict[str, Any]:
    planned, end = await asked.listed("contribute", **_arguments(typed, several), dry_run=True)
    return {"planned": planned[:SHOWN], "all": len(planned), "end": end}


async def _again(asked: Asked, typed: dict[str, str], several: dict[str, list[str]], error: VigilError) -> Page:
    """The form with the fault above it, and with the plan as it is now if there is one."""
    if isinstance(error, FactorNeeded):
        return await _form(asked, typed, several, needs_factor=True)
    found = None
    if (await asked.form()).text("plan"):
        try:
            found = await _planned(asked, typed, several)
        except MENDABLE:
            found = None  # the first fault is the one that is shown
    return await _form(asked, typed, several, fault=fault_of(asked.language, error), found=found)


async def _form(
    asked: Asked,
    typed: dict[str, str],
    several: dict[str, list[str]],
    *,
    fault: Fault | None = None,
    needs_factor: bool = False,
    found: dict[str, Any] | None = None,
) -> Page:
    roster = await asked.one("roster-show")
    groups, _ = await asked.listed("groups")
    values = {
        "typed": typed,
        "several": several,
        "schemes": await asked.rows("category-schemes"),
        "known": roster["members"],
        "names": {each["member"]: each["name"] for each in roster["members"]},
        "own": asked.who.place.member,
        "groups": [each for each in groups if each["we"] in OURS],
        "purposes": [each for each in PURPOSES if each in roster["purposes"]],
        "codes": CODES,
        "fault": fault,
        "needs_factor": needs_factor,
        "found": found,
    }
    status = HTTPStatus.CONFLICT if fault else HTTPStatus.UNAUTHORIZED if needs_factor else HTTPStatus.OK
    return Page("sharing/share.html", values, status)


async def _names(asked: Asked) -> dict[str, str]:
    roster = await asked.one("roster-show")
    return {each["member"]: each["name"] for each in roster["members"]}


def _none() -> dict[str, list[str]]:
    return {name: [] for name in SEVERAL}


def _typed(form: Form) -> tuple[dict[str, str], dict[str, list[str]]]:
    return {name: form.text(name).strip() for name in TYPED}, {name: form.texts(name) for name in SEVERAL}


def _digest(form: Form) -> str:
    """The name of the plan that was shown. Without one, the daemon would share up to ten records unseen."""
    found = form.text("plan")
    if not found:
        raise Misuse("no plan was shown", remedy="see first what would be shared")
    return found


def _arguments(typed: dict[str, str], several: dict[str, list[str]]) -> dict[str, Any]:
    """The arguments of `contribute`. What was left empty is not given: then the holding's own words, and the defaults
    of the case, apply. Raises `Misuse`, `Malformed`.
    """
    if not typed["case"]:
        raise Misuse("no case is named", remedy="name the case whose holdings are shared")
    statement: Line = {name: typed[name] for name in WORDS if typed[name]}
    if typed["tags"]:
        statement["tags"] = [each.strip() for each in typed["tags"].split(",") if each.strip()]
    handling: Line = {"audience": _audience(typed["audience"], several["to"])}
    if several["purposes"]:
        handling["purposes"] = several["purposes"]
    if typed["code"]:
        handling["code"] = typed["code"]
    if typed["retain_until"]:
        handling["retain_until_day"] = day(typed["retain_until"])
    given: Line = {"case": typed["case"], "statement": statement, "handling": handling}
    numbers = [str(whole(text, "a holding")) for text in re.split(r"[\s,]+", typed["holdings"]) if text]
    return given | ({"holdings": numbers} if numbers else {})


def _audience(chosen: str, members: list[str]) -> list[str]:
    if chosen == EVERYONE or chosen.startswith(GROUP_MARK):
        return [chosen]
    if chosen == MEMBERS and members:
        return members
    raise Misuse("nobody is chosen who may read the records", remedy="choose every member, some members, or a group")


ROUTES: Final = (
    Route(method="GET", path="/share", name="share", handler=share, work=Work.RELEASE, fresh=True),
    Route(method="POST", path="/share/plan", name="share-plan", handler=plan, work=Work.RELEASE),
    Route(method="POST", path="/share", name="share-release", handler=release, work=Work.RELEASE),
)
