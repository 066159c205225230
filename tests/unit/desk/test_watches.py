"""The pages of watches and alerts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest

from node.errors import Misuse, Refused
from tests.unit.desk.desk_daemon import DeskDaemon, one
from tests.unit.desk.hit_world import RECORD, hit
from tests.unit.desk.record_world import OTHER, ROSTER

WILD = "\u202e<script>alert(1)</script>"
SAID = {
    "state": "kept",
    "hits": 1,
    "reason": None,
    "at": 1_700_000_000,
    "not_searched": ["pdq"],
    "faults": 2,
    "left_out": 0,
}
ABROAD = {
    "watch": OTHER,
    "local": False,
    "case": "A-1",
    "purpose": "victim-identification",
    "legal_basis": "art. 706-47",
    "officer": "Anna",
    "members": ["BR", "JP"],
    "subjects": 1,
    "fingerprints": 5,
    "until": "2031-12-31",
    "at": 1_700_000_000,
    "withdrawn_at": None,
    "withdrawn": False,
    "sent": True,
    "hits": 1,
    "asked": {"BR": SAID | {"state": "no-word", "at": None, "faults": 0, "not_searched": []}, "JP": SAID},
}
LOCAL = {
    "watch": "local-3",
    "local": True,
    "case": None,
    "officer": "Anna",
    "subjects": 2,
    "fingerprints": 2,
    "until": "2031-12-31",
    "at": 1_700_000_000,
    "found": 7,
    "full": True,
}
HELD = {
    "held_watch": 4,
    "asker": "KR",
    "watch": RECORD,
    "at": 1_700_000_000,
    "until": "2031-12-31",
    "why": "the policy asks an officer",
    "standing": "waiting",
    "hit_waits": True,
    "decided_at": None,
}
QUESTION = {"held": 1, "asker": "KR", "query": "ab", "why": "", "decision": "waiting"}
ALERT = {
    "alert": 9,
    "what": "local-watch",
    "about": "local-3",
    "case": None,
    "member": "JP",
    "count": 3,
    "first_at": 1_700_000_000,
    "at": 1_700_000_000,
    "state": "new",
    "seen_at": None,
    "seen_by": None,
}
SEEN = ALERT | {
    "alert": 8,
    "what": "watch-answered",
    "about": OTHER,
    "case": "A-1",
    "state": "seen",
    "seen_at": 1_700_000_100,
    "seen_by": WILD,
}
FORM = {"where": "abroad", "case": "A-1", "hashes": "", "until": "2031-12-31", "purpose": "", "rule": "policy"}
MD5 = "md5:" + "0a" * 16
DAYS = 22_644


def world(**changed: Any) -> DeskDaemon:
    answers: dict[str, Any] = {
        "watch-list": [ABROAD, LOCAL],
        "held-list": [QUESTION, HELD],
        "roster-show": [ROSTER],
        "watch-show": [ABROAD, hit(3, subject="subject 1", where="JP")],
        "watch-add": [{"subject": MD5, "not_asked": "on the allow-list"}, ABROAD],
        "watch-case": [ABROAD],
        "watch-local": [LOCAL | {"already": 4}],
        "watch-remove": [ABROAD],
        "alerts": [ALERT, SEEN],
        "alerts-seen": [{"seen": [9]}],
    }
    return DeskDaemon(answers=answers | changed)


# --- the list ---------------------------------------------------------------------------------------------------------


def test_watches_abroad_here_and_of_others_are_listed() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/watches?case=A-1")).text
    assert daemon.of("watch-list") == [{"case": "A-1"}]
    assert daemon.of("held-list") == [{"limit": 100, "all": True}]
    for text in (
        f"/watch?watch={quote(OTHER)}",
        "no word yet",
        "kept",
        "/watch?local=3",
        "finds no more",
        "the policy asks an officer",
        "a hit waits for the decision",
    ):
        assert text in page


def test_a_withdrawn_watch_has_no_end_and_one_that_waits_says_so() -> None:
    gone = ABROAD | {"withdrawn": True, "withdrawn_at": 1_700_000_000, "sent": False}
    page = one(world(**{"watch-list": [gone]}), lambda client: client.get("/watches")).text
    assert ">withdrawn<" in page
    assert "not sent yet" in page
    assert "End it" not in page


def test_empty_lists_say_so() -> None:
    page = one(world(**{"watch-list": [], "held-list": [QUESTION]}), lambda client: client.get("/watches")).text
    for text in ("No member watches for this node.", "There is no local watch.", "No watch of another member"):
        assert text in page


# --- adding and ending ------------------------------------------------------------------------------------------------


def test_a_watch_without_hashes_is_about_the_case() -> None:
    daemon = world()
    response = one(daemon, lambda client: client.post("/watches/add", data=FORM | {"to": "JP, BR"}))
    asked = {"case": "A-1", "rule": "policy", "until": DAYS, "purpose": "", "legal_basis": "", "to": ["JP", "BR"]}
    assert daemon.of("watch-case") == [asked]
    assert response.headers["location"] == f"/watch?watch={quote(OTHER, safe='')}"


def test_a_watch_for_hashes_tells_what_was_left_out_and_no_address_has_a_hash() -> None:
    daemon = world()
    form = FORM | {"hashes": f" {MD5}\r\n{MD5} ", "legal_basis": "art. 1", "purpose": "investigation"}
    response = one(daemon, lambda client: client.post("/watches/add", data=form))
    (asked,) = daemon.of("watch-add")
    assert (asked["hashes"], asked["legal_basis"], asked["purpose"], asked["to"]) == (
        [MD5, MD5],
        "art. 1",
        "investigation",
        [],
    )
    assert "0a0a" not in response.headers["location"]
    assert "1 subject is left out" in one(daemon, lambda client: client.get(response.headers["location"])).text


def test_a_local_watch_says_nothing_to_others() -> None:
    daemon = world()
    form = FORM | {"where": "local", "hashes": MD5, "to": "JP", "legal_basis": "x"}
    response = one(daemon, lambda client: client.post("/watches/add", data=form))
    assert daemon.of("watch-local") == [{"case": "A-1", "rule": "policy", "until": DAYS, "hashes": [MD5]}]
    assert response.headers["location"] == "/watch?local=3&already=4"
    daemon.answers["watch-show"] = [LOCAL, hit(1, subject="subject 1")]
    page = one(daemon, lambda client: client.get(response.headers["location"])).text
    assert daemon.of("watch-show") == [{"local": 3}]
    assert "4 records here match already." in page


@pytest.mark.parametrize("error", [Misuse("no such hash", remedy="look at it"), Refused("the case is closed")])
def test_a_fault_shows_the_form_again_with_what_was_typed(error: Misuse | Refused) -> None:
    daemon = world(**{"watch-add": error})
    form = FORM | {"hashes": "<md5>:1", "to": "JP", "legal_basis": "my <basis>"}
    response = one(daemon, lambda client: client.post("/watches/add", data=form))
    assert response.status_code == HTTPStatus.CONFLICT
    for text in (str(error), "&lt;md5&gt;:1</textarea>", "my &lt;basis&gt;", 'value="2031-12-31"'):
        assert text in response.text


def test_a_day_that_is_none_reaches_no_member() -> None:
    daemon = world()
    response = one(daemon, lambda client: client.post("/watches/add", data=FORM | {"until": "31.12.2031"}))
    assert response.status_code == HTTPStatus.CONFLICT
    assert "this is no day" in response.text
    assert not daemon.of("watch-case")


def test_watches_are_ended() -> None:
    daemon = world()
    for form in ({"watch": OTHER}, {"local": "3"}):
        response = one(daemon, lambda client, form=form: client.post("/watches/end", data=form))  # type: ignore[misc]
        assert response.headers["location"] == "/watches"
    assert daemon.of("watch-remove") == [{"watch": OTHER}, {"local": 3}]


# --- one watch --------------------------------------------------------------------------------------------------------


def test_a_watch_shows_what_each_member_says_and_its_hits() -> None:
    said = SAID | {"reason": WILD, "state": "refused"}
    daemon = world(
        **{"watch-show": [ABROAD | {"asked": {"JP": said}}, hit(3, subject="subject 1", where="JP", series=WILD)]}
    )
    page = one(daemon, lambda client: client.get("/watch", params={"watch": OTHER})).text
    assert daemon.of("watch-show") == [{"watch": OTHER}]
    for text in ("refused", "does not search", "2 replies do not count", f"/record?record={quote(RECORD)}"):
        assert text in page
    assert "<script>alert" not in page
    assert page.count("<bdi>\u202e&lt;script&gt;alert(1)&lt;/script&gt;</bdi>") == 2


# --- alerts -----------------------------------------------------------------------------------------------------------


def test_alerts_link_to_their_watches_and_say_who_has_seen_them() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/alerts?state=new&case=A-1&before=20")).text
    assert daemon.of("alerts") == [{"new": True, "case": "A-1", "before": 20, "limit": 50}]
    for text in ("a record matches a local watch", "3 times", "/watch?local=3", f"/watch?watch={quote(OTHER)}"):
        assert text in page
    assert "<bdi>\u202e&lt;script&gt;alert(1)&lt;/script&gt;</bdi>" in page
    assert 'name="alert" value="9"' in page
    assert 'name="alert" value="8"' not in page


def test_the_new_alerts_of_a_page_are_marked_as_seen_and_the_list_opens_again() -> None:
    daemon = world()
    response = one(daemon, lambda client: client.post("/alerts/seen", data={"page": "alerts", "alert": "9"}))
    assert daemon.of("alerts-seen") == [{"alerts": ["9"]}]
    assert response.headers["location"] == "/alerts"


def test_a_full_page_of_alerts_has_a_next_one() -> None:
    daemon = world(alerts=[ALERT | {"alert": 100 - each} for each in range(50)])
    assert "?state=&amp;case=A-1&amp;before=51" in one(daemon, lambda client: client.get("/alerts?case=A-1")).text
    page = one(world(alerts=[]), lambda client: client.get("/alerts")).text
    assert "No alert matches this filter." in page
    assert 'rel="next"' not in page
