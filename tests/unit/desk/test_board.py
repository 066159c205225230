"""The board: what waits, the own cases, and how cases ended."""

from __future__ import annotations

from urllib.parse import quote

from node.desk.ports import Line
from node.domain.caller import Role
from node.errors import VigilError
from tests.unit.desk.desk_daemon import DeskDaemon, one
from tests.unit.desk.hit_world import RECORD, summary

CASE = {"list": None, "provider": None, "same_name": False, "opened": True}
OPEN = CASE | {"case": "A-1", "title": "Bridge", "lead": "Anna", "status": "open", "holdings": 1_200}
LISTED = {"case": "A-1", "list": "ICSE", "provider": "x", "references": 3, "same_name": True}
ALERT = {
    "alert": 9,
    "what": "case-hit",
    "about": RECORD,
    "case": "A-1",
    "member": "JP",
    "count": 3,
    "first_at": 1_700_000_000,
    "at": 1_700_000_000,
    "state": "new",
    "seen_at": None,
    "seen_by": None,
}
THREAD = {
    "thread": RECORD,
    "subject": "Do you know <this> place?",
    "opener": "JP",
    "members": ["FR", "JP"],
    "messages": 4,
    "unread": 2,
    "last": {"member": "JP", "at": 1_700_000_000, "record": RECORD},
    "closed": False,
    "muted": False,
    "cases": [],
    "sent": True,
}


def world(**changed: list[Line]) -> DeskDaemon:
    end = {"listed": 0, "more": False, "after": ""}
    answers: dict[str, list[Line] | VigilError] = {
        "cases": [OPEN, LISTED, end],
        "hits-list": [summary(new=7)],
        "consult-list": [THREAD, {"listed": 1, "next": None}],
        "alerts": [ALERT],
        "alerts-seen": [{"seen": [9]}],
    }
    answers.update(changed)
    return DeskDaemon(answers=answers)


def test_an_investigator_begins_at_the_board() -> None:
    assert one(world(), lambda client: client.get("/")).headers["location"] == "/desk"


def test_an_officer_without_cases_begins_with_the_state() -> None:
    assert one(world(), lambda client: client.get("/"), Role.OPERATOR).headers["location"] == "/state"


def test_the_board_shows_what_waits() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/desk")).text
    for text in (">7<", "Bridge", "1,200", "3 times", "Do you know &lt;this&gt; place?", "/sheets?case=A-1"):
        assert text in page
    assert "ICSE" not in page
    assert daemon.of("cases") == [
        {"mine": True, "status": "open", "limit": 20},
        {"mine": True, "status": "closed", "limit": 20},
    ]


def test_an_empty_board_says_what_would_be_there() -> None:
    end: Line = {"listed": 0, "more": False, "after": ""}
    daemon = world(
        **{"cases": [end], "hits-list": [summary(new=0)], "consult-list": [{"listed": 0, "next": None}], "alerts": []}
    )
    page = one(daemon, lambda client: client.get("/desk")).text
    for text in ("Nothing waits for a decision.", "You are on no open case.", "No colleague abroad waits for you."):
        assert text in page


def test_alerts_that_were_shown_are_marked_as_seen() -> None:
    daemon = world()
    response = one(daemon, lambda client: client.post("/alerts/seen", data={"alert": ["9", "8"]}))
    assert daemon.of("alerts-seen") == [{"alerts": ["9", "8"]}]
    assert response.headers["location"] == "/desk"


def test_an_alert_links_to_what_it_is_about() -> None:
    written = ALERT | {"what": "consultation", "about": RECORD, "case": None}
    retracted = ALERT | {"what": "record-retracted", "about": RECORD}
    found = ALERT | {"about": None}
    watched = ALERT | {"what": "local-watch", "about": "local-3"}
    page = one(world(alerts=[written, retracted, found, watched]), lambda client: client.get("/desk")).text
    name = quote(RECORD)
    for text in (f"/thread?thread={name}", f"/record?record={name}", "/hits?case=A-1", "local-3"):
        assert text in page
