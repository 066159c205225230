"""The pages of records: the list, one record, and what an officer states about it."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

import pytest

from node.domain.caller import Role
from node.errors import FactorNeeded, Misuse, Refused
from tests.unit.desk.desk_daemon import DeskDaemon, one
from tests.unit.desk.hit_world import RECORD, detail, hit, summary
from tests.unit.desk.hit_world import world as hit_world
from tests.unit.desk.record_world import LINK, OTHER, record, whole, world

ADDRESS = "/record?record=" + quote(RECORD)
WILD = "\u202e<script>alert(1)</script>"


def shown(daemon: DeskDaemon, role: Role = Role.INVESTIGATOR) -> str:
    response = one(daemon, lambda client: client.get(ADDRESS), role)
    assert response.status_code == HTTPStatus.OK
    return response.text


# --- the list ---------------------------------------------------------------------------------------------------------


def test_records_are_listed_and_link_to_their_page() -> None:
    end = {"records": 2, "total": 1_234, "next": 20}
    daemon = world(records=[record(disputed=2), record(record=OTHER, state="missing", superseded=True), end])
    page = one(daemon, lambda client: client.get("/records")).text
    assert daemon.of("records") == [{"member": "", "mine": False, "after": 0, "limit": 20}]
    for text in ("1,234 records", "us-vics", "disputed by 2", "confirmed by 1", "missing", "replaced", "after=20"):
        assert text in page
    assert f'href="/record?record={quote(RECORD)}"' in page


def test_a_filter_asks_for_one_log_and_is_kept() -> None:
    daemon = world(records=[record(), {"records": 1, "total": 300, "next": 200}])
    page = one(daemon, lambda client: client.get("/records?member=JP&mine=1&after=100")).text
    assert daemon.of("records") == [{"member": "JP", "mine": True, "after": 100, "limit": 100}]
    assert "?member=JP&amp;mine=1&amp;after=200" in page


def test_no_record_says_when_one_appears() -> None:
    daemon = world(records=[{"records": 0, "total": 0, "next": None}])
    assert "No record matches this filter." in one(daemon, lambda client: client.get("/records")).text


def test_without_a_name_the_list_opens() -> None:
    assert one(world(), lambda client: client.get("/record")).headers["location"] == "/records"


# --- one record -------------------------------------------------------------------------------------------------------


def test_a_record_shows_what_it_says_and_who_confirms_it() -> None:
    daemon = world()
    page = shown(daemon)
    for text in (
        "us-vics",
        "unconfirmed",
        "Bridge",
        "blue sofa",
        "ask the source before it is passed on",
        "md5 1",
        "pdq 1",
        "Japan",
        "about an earlier version",
        "same victim",
        "/pair?hit=3",
    ):
        assert text in page
    assert "77" * 16 not in page
    assert daemon.of("hits-list") == [{"record": RECORD, "limit": 20, "peek": True}]
    assert daemon.of("links") == [{"record": RECORD, "depth": 1, "limit": 20}]


def test_what_members_wrote_is_escaped_and_isolated() -> None:
    remark = whole()["remarks"][0] | {"says": WILD}
    page = shown(world(records=[whole(series=WILD, tags=[WILD], remarks=[remark], reason=WILD)]))
    assert "<script>alert" not in page
    assert page.count("<bdi>\u202e&lt;script&gt;alert(1)&lt;/script&gt;</bdi>") == 4


def test_a_day_outside_the_calendar_breaks_no_page() -> None:
    assert str(2**40 * 86_400) in shown(world(records=[whole(issued_day=2**40)]))


@pytest.mark.parametrize(
    ("changed", "texts"),
    [
        ({"superseded": True, "newest": OTHER}, (">corrected<", "There is a newer version of this record.")),
        ({"expiry_day": 10_000}, ("expired",)),
        ({"state": "not-for-us", "handling": None}, ("not for this node", "handling of this record is not here")),
        ({"opinions_set_aside": 2}, ("2 opinions of suspended members",)),
        (
            {"versions": [{"record": LINK, "kind": "retraction", "issued_day": 20_002, "state": "held"}]},
            ('<span class="state bad">retracted</span>',),
        ),
        ({"record": LINK}, ("the member is suspended",)),
        ({"record": OTHER, "publication": "queued", "index": None, "versions": []}, ("waits for its place",)),
    ],
)
def test_the_state_of_a_record_is_said(changed: dict[str, object], texts: tuple[str, ...]) -> None:
    page = shown(world(records=[whole(**changed)]))
    for text in texts:
        assert text in page


def test_a_record_in_force_has_no_such_state() -> None:
    page = shown(world())
    for text in (">corrected<", ">expired<", ">retracted<", "the member is"):
        assert text not in page


def test_an_opinion_has_neither_hits_nor_links() -> None:
    said = whole(kind="opinion", says="confirm: seen", fingerprints=[], confirmed_by=None, disputed_by=None)
    daemon = world(records=[said])
    page = shown(daemon)
    assert "confirm: seen" in page
    assert not daemon.of("hits-list")
    assert not daemon.of("links")


# --- statements -------------------------------------------------------------------------------------------------------


CONFIRM = 'value="confirm"'


def test_only_who_may_release_states_something() -> None:
    assert CONFIRM in shown(world())
    page = shown(world(), Role.MEDIA_REVIEWER)
    assert CONFIRM not in page
    assert "Your words" not in page


def test_our_own_record_is_retracted_and_not_confirmed() -> None:
    page = shown(world(records=[whole(record=OTHER, publication="published", cases=["A-1"])]))
    assert "Retract the statement" in page
    assert CONFIRM not in page


@pytest.mark.parametrize(("verdict", "told"), [("dispute", "The opinion is stated."), ("", "The comment is stated.")])
def test_what_was_stated_is_told_and_its_draft_goes(verdict: str, told: str) -> None:
    daemon = world()
    form = {"record": RECORD, "verdict": verdict, "text": "not\r\nthis"}
    response = one(daemon, lambda client: client.post("/record/opinion", data=form))
    asked = {"verdict": verdict, "note": "not\nthis"} if verdict else {"text": "not\nthis"}
    assert daemon.of("opine" if verdict else "comment") == [{"record": RECORD, "handling": {}, **asked}]
    assert daemon.of("draft-save") == [{"form": "record-" + "ab" * 32, "text": ""}]
    page = one(daemon, lambda client: client.get(response.headers["location"])).text
    assert told in page
    assert "It goes to the hub" not in page


def test_a_draft_is_shown_again() -> None:
    daemon = world(**{"draft-read": [{"text": "half a <word>"}]})
    assert "half a &lt;word&gt;</textarea>" in shown(daemon)
    assert daemon.of("draft-read") == [{"form": "record-" + "ab" * 32}]


def test_a_retraction_that_waits_says_so() -> None:
    daemon = world(records=[whole(record=OTHER, publication="published")])
    form = {"record": OTHER, "reason": "mistake"}
    response = one(daemon, lambda client: client.post("/record/retract", data=form))
    assert daemon.of("retract") == [form]
    page = one(daemon, lambda client: client.get(response.headers["location"])).text
    assert "The retraction is stated." in page
    assert "It goes to the hub as soon as it can be reached." in page


@pytest.mark.parametrize(("verdict", "command"), [("confirm", "opine"), ("", "comment")])
def test_a_fault_shows_the_page_again_with_what_was_typed(verdict: str, command: str) -> None:
    daemon = world(**{command: Misuse("the text is too long", remedy="shorten it")})
    form = {"record": RECORD, "verdict": verdict, "text": "my <words>"}
    response = one(daemon, lambda client: client.post("/record/opinion", data=form))
    assert response.status_code == HTTPStatus.CONFLICT
    for text in ("the text is too long", "shorten it", "my &lt;words&gt;</textarea>"):
        assert text in response.text
    assert not daemon.of("draft-save")


def test_a_factor_is_asked_for_and_the_record_opens_again() -> None:
    daemon = world(retract=FactorNeeded("once more"))
    headers = {"referer": "https://desk.test:8443" + ADDRESS}
    form = {"record": RECORD, "reason": "mistake"}
    response = one(daemon, lambda client: client.post("/record/retract", data=form, headers=headers))
    assert response.headers["location"] == "/factor?next=" + quote(ADDRESS)


def test_a_retraction_that_is_refused_says_why() -> None:
    daemon = world(retract=Refused("this record is not ours"))
    response = one(daemon, lambda client: client.post("/record/retract", data={"record": RECORD}))
    assert response.status_code == HTTPStatus.CONFLICT
    assert "this record is not ours" in response.text


# --- from other pages -------------------------------------------------------------------------------------------------


def test_hits_and_pairs_link_to_the_record() -> None:
    daemon = hit_world()
    daemon.answers["hits-list"] = [hit(3), summary()]
    daemon.answers["hit-show"] = [detail()]
    for path in ("/hits", "/pair?hit=3"):
        assert f'href="{ADDRESS}"' in one(daemon, lambda client, path=path: client.get(path)).text  # type: ignore[misc]
