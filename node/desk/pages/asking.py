"""Questions to other members: what one would take, the asking, and the table of what each member said.

Rules this module upholds:

- Nothing is sent before the officer has seen which members will be asked, how much, and under which terms.
- The table has a state for each member. A member without an answer is never shown as one that has no hit.
- A question goes on when the page is closed. Its answers are read from the daemon, also those that come late.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from node.desk.asked import Page
from node.desk.faults import MENDABLE, fault_of
from node.desk.route_table import Route
from node.domain.rights import Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from node.desk.asked import Asked, Form
    from node.desk.faults import Fault
    from node.desk.ports import Line
    from node.desk.running import Running

LISTED: Final = 50
TYPED: Final = ("case", "purpose", "legal_basis", "hashes")
ANSWERED: Final = frozenset({"hit", "no-hit"})
"""The states of members that searched and answered."""


async def queries(asked: Asked) -> Page:
    """The questions of this node, the newest first."""
    return Page("asking/list.html", {"questions": await asked.rows("queries", brief=True, limit=LISTED)})


async def ask(asked: Asked) -> Page:
    """The form of a question."""
    return await _form(asked, {name: asked.text(name) for name in TYPED}, [])


async def plan(asked: Asked) -> Page:
    """What the question would take. Nothing is stored or sent."""
    form = await asked.form()
    typed, members = _typed(form), form.texts("to")
    try:
        cost = await asked.one("query-cost", **_arguments(typed, members))
    except MENDABLE as error:
        return await _form(asked, typed, members, fault=fault_of(asked.language, error))
    return await _form(asked, typed, members, cost=cost)


async def send(asked: Asked) -> Response | Page:
    """Asks. The answer comes when the question is stored; it goes on by itself."""
    form = await asked.form()
    typed, members = _typed(form), form.texts("to")
    command = "query" if typed["hashes"] else "query-case"
    try:
        query = await _running(asked).start(asked.lines(command, **_arguments(typed, members)))
    except MENDABLE as error:
        return await _form(asked, typed, members, fault=fault_of(asked.language, error))
    return asked.to("question", query=query)


async def rest(asked: Asked) -> Response:
    """Asks the parts of a question that was interrupted."""
    form = await asked.form()
    query = await _running(asked).start(asked.lines("query-rest", query=form.text("query")))
    return asked.to("question", query=query)


async def question(asked: Asked) -> Page:
    """One question: the state of each member, and the hits."""
    query = asked.text("query")
    lines = await asked.rows("queries", query=query, table=True)
    progress = _running(asked).progress(query)
    head = next(each for each in lines if "part_states" in each)
    table = next((each for each in lines if "table" in each), None)
    values = {
        "query": query,
        "head": head,
        "subjects": [each for each in lines if "kinds" in each],
        "hits": [each for each in lines if "record_here" in each],
        "table": table,
        "members": _members(head, table),
        "answered": ANSWERED,
        "progress": progress,
        "interrupted": progress is None and any(each["state"] != "closed" for each in head["part_states"]),
    }
    return Page("asking/question.html", values)


def _members(head: Line, table: Line | None) -> list[dict[str, Any]]:
    """The members that are asked, by id, each with its state. A member without a state yet has "" as its state."""
    outcomes: Mapping[str, str] = table["outcomes"] if table else {}
    late = set(table["late"]) if table else set()
    names = sorted({*outcomes, *(head["members"] or ()), *(table["waiting"] if table else ())})
    return [
        {
            "member": name,
            "state": outcomes.get(name, ""),
            "reason": table["reasons"].get(name, "") if table else "",
            "late": name in late,
            "hits": table["coverage"].get(name, {}).get("hits") if table else None,
        }
        for name in names
    ]


async def _form(
    asked: Asked,
    typed: dict[str, str],
    members: list[str],
    *,
    fault: Fault | None = None,
    cost: Line | None = None,
) -> Page:
    roster = await asked.one("roster-show")
    values = {
        "typed": typed,
        "chosen": members,
        "known": roster["members"],
        "purposes": roster["purposes"],
        "own": asked.who.place.member,
        "fault": fault,
        "cost": cost,
    }
    return Page("asking/ask.html", values, HTTPStatus.CONFLICT if fault else HTTPStatus.OK)


def _typed(form: Form) -> dict[str, str]:
    return {name: form.text(name).strip() for name in TYPED}


def _arguments(typed: dict[str, str], members: list[str]) -> dict[str, Any]:
    """The arguments of `query`, `query-case` and `query-cost`. Without hashes it is about the holdings of the case."""
    given: dict[str, Any] = {"case": typed["case"]}
    given |= {name: typed[name] for name in ("purpose", "legal_basis") if typed[name]}
    hashes = [line.strip() for line in typed["hashes"].splitlines() if line.strip()]
    return given | ({"hashes": hashes} if hashes else {}) | ({"to": members} if members else {})


def _running(asked: Asked) -> Running:
    found: Running = asked.request.app.state.running
    return found


_WORK: Final = Work.INVESTIGATION
ROUTES: Final = (
    Route(method="GET", path="/questions", name="questions", handler=queries, work=_WORK),
    Route(method="GET", path="/ask", name="ask", handler=ask, work=_WORK),
    Route(method="POST", path="/ask/plan", name="ask-plan", handler=plan, work=_WORK),
    Route(method="POST", path="/ask", name="ask-send", handler=send, work=_WORK),
    Route(method="POST", path="/ask/rest", name="ask-rest", handler=rest, work=_WORK),
    Route(method="GET", path="/question", name="question", handler=question, work=_WORK),
)
