"""The pages of hits, pairs and holdings."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from node.domain.caller import Role
from tests.unit.desk.desk_daemon import DeskDaemon, one
from tests.unit.desk.hit_world import decided, detail, hit, holding, summary, world

FORM = {"hit": "3", "case": "A-1", "if_state": "new", "if_decisions": "0", "note": "same\r\nroom"}


def test_new_hits_are_listed_first_and_a_filter_is_kept() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/hits")).text
    assert daemon.of("hits-list")[0] == {"states": ["new"], "after": 0, "limit": 50}
    assert "distance 12" in page
    assert "confirmed by 3" in page
    assert "disputed by 1" in page
    daemon.answers["hits-list"] = [hit(3), summary(next=3)]
    more = one(daemon, lambda client: client.get("/hits?case=A-1&state=confirmed")).text
    assert daemon.of("hits-list")[1] == {"case": "A-1", "states": ["confirmed"], "after": 0, "limit": 50}
    assert "?case=A-1&amp;member=&amp;state=confirmed&amp;after=3" in more


def test_hits_on_lists_are_shown_apart() -> None:
    on_list = {"hit": "7/r12", "origin": "Bridge list", "algorithm": "md5", "state": "new", "weak": True}
    lines = {"holding": 7, "cases": ["A-1"], "allowed": False, "hits": [on_list], "left_out": 0, "rejected": 0}
    daemon = DeskDaemon(answers={"hits-list": [lines, summary(new=0)]})
    page = one(daemon, lambda client: client.get("/hits")).text
    assert "Holdings that match lists" in page
    assert "/pair?hit=7/r12" in page


def test_no_hit_says_when_one_appears() -> None:
    daemon = DeskDaemon(answers={"hits-list": [summary(hits=0, new=0, not_matched_yet=5)]})
    page = one(daemon, lambda client: client.get("/hits")).text
    assert "No hit matches this filter" in page
    assert "5 records are not compared" in page


def test_a_pair_shows_the_evidence_of_both_sides() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/pair?hit=3")).text
    for text in (
        "pdq",
        ">12<",
        ">88<",
        "turned by 90 degrees",
        "compared without borders",
        "Bridge",
        "us-vics 2.0: 1",
        ">3<",
    ):
        assert text in page
    assert daemon.of("holding") == [{"holding": 7, "digests": False}]
    assert "State it abroad too" in page


def test_what_members_and_officers_wrote_is_escaped_and_isolated() -> None:
    wild = "\u202e<script>alert(1)</script>"
    note = {"state": "unsure", "officer": wild, "role": "investigator", "at": 1, "note": wild, "record": None}
    daemon = world()
    daemon.answers["hit-show"] = [detail(on=hit(3, series=wild), history=[note | {"followed": False}])]
    page = one(daemon, lambda client: client.get("/pair?hit=3")).text
    assert "<script>alert" not in page
    assert page.count("<bdi>\u202e&lt;script&gt;alert(1)&lt;/script&gt;</bdi>") == 3


def test_a_role_without_release_states_nothing_abroad() -> None:
    page = one(world(), lambda client: client.get("/pair?hit=3"), Role.MEDIA_REVIEWER).text
    assert "State it abroad too" not in page
    assert "Confirm: the same picture" in page


def test_a_decision_says_what_was_seen_and_opens_the_next_new_hit() -> None:
    daemon = world()
    daemon.answers["hits-list"] = [hit(2), summary()]
    response = one(daemon, lambda client: client.post("/pair", data=FORM | {"decision": "confirm"}))
    seen = {"hit": "3", "if_state": "new", "if_decisions": 0}
    assert daemon.of("review") == [{"decision": "confirm", "note": "same\nroom", "abroad": "", "hits": [seen]}]
    assert daemon.of("hits-list") == [{"case": "A-1", "states": ["new"], "after": 3, "limit": 1}]
    assert response.headers["location"] == "/pair?hit=2&case=A-1"


def test_after_the_last_new_hit_the_list_opens() -> None:
    daemon = world()
    daemon.answers["hits-list"] = [summary(hits=0)]
    response = one(daemon, lambda client: client.post("/pair", data=FORM | {"decision": "unsure"}))
    assert response.headers["location"] == "/hits?case=A-1"


@pytest.mark.parametrize(("decision", "abroad"), [("confirm", "confirm"), ("reject", "dispute"), ("unsure", "")])
def test_an_opinion_abroad_goes_with_the_decision(decision: str, abroad: str) -> None:
    daemon = world()
    one(daemon, lambda client: client.post("/pair", data=FORM | {"decision": decision, "abroad": "1"}))
    assert daemon.of("review")[0]["abroad"] == abroad


def test_a_pair_that_another_officer_decided_is_shown_again_with_the_note() -> None:
    daemon = world()
    daemon.answers["review"] = [decided(error="Bea has decided meanwhile: rejected", remedy="look again", state=None)]
    response = one(daemon, lambda client: client.post("/pair", data=FORM | {"decision": "confirm"}))
    assert response.status_code == HTTPStatus.CONFLICT
    assert "Bea has decided meanwhile" in response.text
    assert "same\nroom</textarea>" in response.text


def test_a_note_that_was_begun_is_there_again_and_goes_when_it_is_sent() -> None:
    daemon = world()
    daemon.answers["draft-read"] = [{"text": "half a <note>"}]
    page = one(daemon, lambda client: client.get("/pair?hit=3")).text
    assert "half a &lt;note&gt;</textarea>" in page
    assert daemon.of("draft-read") == [{"form": "hit-3"}]
    daemon.answers["review"] = [decided(error="Bea has decided meanwhile")]
    one(daemon, lambda client: client.post("/pair", data=FORM | {"decision": "confirm"}))
    assert not daemon.of("draft-save")
    daemon.answers["review"] = [decided()]
    one(daemon, lambda client: client.post("/pair", data=FORM | {"decision": "confirm"}))
    assert daemon.of("draft-save") == [{"form": "hit-3", "text": ""}]


def test_a_draft_is_saved_for_the_session() -> None:
    daemon = world()
    response = one(daemon, lambda client: client.post("/drafts", data={"form": "hit-3", "text": "a\r\nb"}))
    assert response.status_code == HTTPStatus.NO_CONTENT
    assert daemon.of("draft-save") == [{"form": "hit-3", "text": "a\nb"}]


def test_an_opinion_that_was_not_said_is_told_though_the_decision_stands() -> None:
    daemon = world()
    daemon.answers["review"] = [decided(unsaid="the record was withdrawn", remedy="nothing is to do")]
    response = one(daemon, lambda client: client.post("/pair", data=FORM | {"decision": "confirm", "abroad": "1"}))
    assert "the record was withdrawn" in response.text


def test_a_holding_shows_what_officers_said_and_its_level_can_be_changed() -> None:
    daemon = world()
    words = {"category": {"scheme": "us-vics", "version": "2.0", "code": "1"}, "series": None}
    daemon.answers["holding"] = [holding(said=[{"version": 1, "at": 1_700_000_000, "officer": "Anna", "says": words}])]
    page = one(daemon, lambda client: client.get("/holdings/7")).text
    assert "us-vics 2.0: 1" in page
    response = one(daemon, lambda client: client.post("/holdings/7/level", data={"level": "hit-no-hit"}))
    assert daemon.of("set-level") == [{"holdings": ["7"], "level": "hit-no-hit"}]
    assert response.headers["location"] == "/holdings/7"


@pytest.mark.parametrize("path", ["/holdings/x", "/holdings/-1", "/holdings/99999999999999999999999"])
def test_an_address_without_a_holding_is_refused(path: str) -> None:
    daemon = world()
    assert one(daemon, lambda client: client.get(path)).status_code == HTTPStatus.BAD_REQUEST
    assert not daemon.of("holding")
