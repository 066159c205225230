"""Records and consultations: what others wrote is shown as text, and what an officer typed is not lost."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from node.desk.ports import Line
from node.domain.caller import Role
from node.errors import FactorNeeded, Refused, VigilError
from tests.unit.desk.desk_daemon import DeskDaemon, one

RECORD = "test.vigil/JP/log/1#" + "ab" * 32
THREAD = "test.vigil/JP/log/1#" + "cd" * 32
SHOWN = {
    "record": RECORD,
    "index": 4,
    "kind": "contribution",
    "state": "held",
    "publication": None,
    "issued_day": 20_000,
    "expiry_day": None,
    "open": False,
    "target": None,
    "superseded": True,
    "newest": RECORD,
    "reason": None,
    "cases": None,
    "media_type": "image/jpeg",
    "category": {"scheme": "us-vics", "version": "2.0", "code": "1", "baseline": "yes"},
    "series": "Bridge <b>",
    "victim_identified": "yes",
    "offender_identified": "unknown",
    "tags": ["a <tag>"],
    "language": None,
    "handling": {
        "audience": ["FR", "JP"],
        "purposes": [],
        "code": 0,
        "retain_until_day": 21_915,
        "retain_until": "2030-01-01",
    },
    "group": None,
    "says": "2 fingerprints of image/jpeg",
    "confirmed": 1,
    "disputed": 1,
    "verified_as": [],
    "opinions_set_aside": 0,
    "fingerprints": [{"algorithm": "pdq", "value": "ef" * 32}, {"algorithm": "md5", "value": "01" * 16}],
    "remarks": [
        {
            "member": "BR",
            "kind": "opinion",
            "says": "dispute: <not> the same",
            "verdict": "dispute",
            "category": None,
            "record": RECORD,
            "about": RECORD,
            "earlier_version": True,
        }
    ],
    "versions": [{"record": RECORD, "kind": "contribution", "issued_day": 20_000, "state": "held"}],
    "confirmed_by": ["DE"],
    "disputed_by": ["BR"],
}
LISTED = {
    "thread": THREAD,
    "subject": "Do you know <this>?",
    "opener": "JP",
    "members": ["FR", "JP"],
    "messages": 4,
    "unread": 2,
    "last": {"member": "JP", "at": 1_700_000_000, "record": THREAD},
    "closed": False,
    "muted": False,
    "cases": ["A 1"],
    "sent": True,
}
MESSAGE = {
    "number": 1,
    "record": THREAD,
    "newest": THREAD,
    "member": "JP",
    "step": "open",
    "at": 1_700_000_000,
    "text": "the <blue> room\nin autumn",
    "language": "en",
    "about": [RECORD],
    "after": [],
    "changed": False,
    "unread": True,
    "publication": None,
    "handling": None,
}
OPEN = {
    "thread": THREAD,
    "subject": "Do you know <this>?",
    "opener": "JP",
    "members": ["FR", "JP"],
    "closed": False,
    "muted": False,
    "cases": ["A 1"],
    "query": None,
    "own_answer": None,
    "messages": 1,
    "unread": 1,
    "listed": 1,
    "next": None,
    "absent": {},
    "left_out": {},
    "uncounted": 0,
}
HIT = {"hit": 3, "holding": 8, "state": "new", "algorithm": "pdq", "distance": 4}
END = {"listed": 1, "next": None}
TOLD = {"thread": THREAD, "records": [THREAD], "members": ["FR", "JP"]}
SAID = {"record": RECORD, "about": RECORD, "state": "said", "publication": "published", "why": None}


def world(**changed: list[Line] | VigilError) -> DeskDaemon:
    answers: dict[str, list[Line] | VigilError] = {
        "records": [SHOWN],
        "roster-show": [{"version": 1, "members": [], "purposes": []}],
        "links": [{"links": 0, "records": 0}],
        "hits-list": [HIT, {"hits": 1, "total": 1, "next": None}],
        "opine": [SAID],
        "comment": [SAID],
        "consult-list": [LISTED, {"listed": 1, "next": THREAD}],
        "consult-show": [MESSAGE, OPEN],
        "consult-open": [TOLD],
        "consult-reply": [TOLD],
        "consult-close": [TOLD],
        "consult-reopen": [TOLD],
        "consult-leave": [{"thread": THREAD, "muted": True}],
        "consult-retract": [TOLD],
        "draft-read": [{"text": "begun <here>"}],
        "draft-save": [{"saved": True}],
    }
    answers.update(changed)
    return DeskDaemon(answers=answers)


def test_a_record_shows_what_is_said_and_no_fingerprint() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/record", params={"record": RECORD})).text
    for text in (
        "Bridge &lt;b&gt;",
        "a &lt;tag&gt;",
        "dispute: &lt;not&gt; the same",
        "about an earlier version",
        "There is a newer version",
        "/pair?hit=3",
        "2030-01-01",
    ):
        assert text in page
    assert "ef" * 32 not in page
    assert "01" * 16 not in page
    assert daemon.of("hits-list") == [{"record": RECORD, "limit": 20, "peek": True}]


def test_an_opinion_and_a_comment_are_stated_once() -> None:
    daemon = world()
    for verdict in ("confirm", "dispute", ""):
        sent = {"record": RECORD, "verdict": verdict, "text": " seen "}
        answer = one(daemon, lambda client, sent=sent: client.post("/record/opinion", data=sent))  # type: ignore[misc]
        assert answer.status_code == HTTPStatus.SEE_OTHER
    assert [each["verdict"] for each in daemon.of("opine")] == ["confirm", "dispute"]
    assert daemon.of("comment") == [{"record": RECORD, "text": "seen", "handling": {}}]


def test_an_opinion_that_is_refused_leaves_its_words() -> None:
    daemon = world(opine=Refused("you opined on it before", remedy="nothing is needed"))
    sent = {"record": RECORD, "verdict": "confirm", "text": "my words"}
    page = one(daemon, lambda client: client.post("/record/opinion", data=sent))
    assert page.status_code == HTTPStatus.CONFLICT
    assert "my words" in page.text


def test_an_opinion_needs_a_fresh_factor_and_the_role() -> None:
    needed = world(opine=FactorNeeded("this needs a factor", remedy="show it"))
    sent = {"record": RECORD, "verdict": "confirm", "text": ""}
    assert (
        one(needed, lambda client: client.post("/record/opinion", data=sent)).headers["location"].startswith("/factor")
    )
    refused = one(world(), lambda client: client.post("/record/opinion", data=sent), Role.MEDIA_REVIEWER)
    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert (
        "Your words"
        not in one(world(), lambda client: client.get("/record", params={"record": RECORD}), Role.MEDIA_REVIEWER).text
    )


def test_threads_are_listed_with_filters_and_pages() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/consultations?unread=1")).text
    assert daemon.of("consult-list") == [{"unread": True, "closed": False, "after": "", "limit": 50}]
    for text in (
        "Do you know &lt;this&gt;?",
        "?unread=1&amp;closed=&amp;after=",
        "begun &lt;here&gt;",
        "/case?case=A%201",
    ):
        assert text in page


def test_a_thread_shows_its_messages_as_text() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/thread", params={"thread": THREAD})).text
    for text in ("the &lt;blue&gt; room\nin autumn", 'lang="en"', "unread", "begun &lt;here&gt;", "/record?record="):
        assert text in page
    assert daemon.of("consult-show") == [{"thread": THREAD, "limit": 50, "peek": False}]


@pytest.mark.parametrize(("step", "command"), [("reply", "consult-reply"), ("close", "consult-close")])
def test_an_answer_is_sent_and_its_draft_is_dropped(step: str, command: str) -> None:
    daemon = world()
    sent = {"thread": THREAD, "step": step, "text": "yes\r\nwe do"}
    assert one(daemon, lambda client: client.post("/thread/reply", data=sent)).status_code == HTTPStatus.SEE_OTHER
    assert daemon.of(command) == [{"thread": THREAD, "text": "yes\nwe do"}]
    assert daemon.of("draft-save") == [{"form": f"thread-{'cd' * 32}", "text": ""}]


def test_an_answer_that_is_refused_is_still_in_its_form_and_marks_nothing_as_read() -> None:
    daemon = world(**{"consult-reply": Refused("the thread is closed", remedy="open it again")})
    sent = {"thread": THREAD, "step": "reply", "text": "my long answer"}
    page = one(daemon, lambda client: client.post("/thread/reply", data=sent))
    assert page.status_code == HTTPStatus.CONFLICT
    assert "my long answer" in page.text
    assert daemon.of("consult-show") == [{"thread": THREAD, "limit": 50, "peek": True}]
    assert daemon.of("draft-save") == []


def test_a_closed_thread_can_be_opened_again() -> None:
    daemon = world(**{"consult-show": [MESSAGE, OPEN | {"closed": True}]})
    assert "Open it again" in one(daemon, lambda client: client.get("/thread", params={"thread": THREAD})).text
    one(daemon, lambda client: client.post("/thread/reopen", data={"thread": THREAD}))
    assert daemon.of("consult-reopen") == [{"thread": THREAD}]


def test_a_consultation_is_opened_for_the_members_that_were_typed() -> None:
    daemon = world()
    sent = {"subject": " Bridge ", "text": "who?", "members": "JP, BR", "about": RECORD, "case": ""}
    one(daemon, lambda client: client.post("/consultations/open", data=sent))
    one(
        daemon, lambda client: client.post("/consultations/open", data=sent | {"members": "", "about": "", "case": "A"})
    )
    assert daemon.of("consult-open") == [
        {"subject": "Bridge", "text": "who?", "about": [RECORD], "handling": {"audience": ["JP", "BR"]}},
        {"subject": "Bridge", "text": "who?", "about": [], "handling": {}, "case": "A"},
    ]
    refused = world(**{"consult-open": Refused("BR is suspended", remedy="leave it out")})
    page = one(refused, lambda client: client.post("/consultations/open", data=sent))
    assert page.status_code == HTTPStatus.CONFLICT
    assert 'value="JP, BR"' in page.text
    assert "who?" in page.text


def test_a_thread_is_muted_and_heard_again() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/thread", params={"thread": THREAD})).text
    assert "Mute the thread" in page
    for step in ("leave", "rejoin"):
        sent = {"thread": THREAD, "step": step}
        answer = one(daemon, lambda client, sent=sent: client.post("/thread/mute", data=sent))  # type: ignore[misc]
        assert answer.status_code == HTTPStatus.SEE_OTHER
    assert daemon.of("consult-leave") == [{"thread": THREAD, "rejoin": False}, {"thread": THREAD, "rejoin": True}]
    muted = world()
    muted.answers["consult-show"] = [MESSAGE, OPEN | {"muted": True}]
    muted.answers["consult-list"] = [LISTED | {"muted": True}, END]
    page = one(muted, lambda client: client.get("/thread", params={"thread": THREAD})).text
    assert "Tell me of new messages again" in page
    assert ">muted<" in one(muted, lambda client: client.get("/consultations")).text


def test_only_a_message_of_our_own_is_retracted() -> None:
    own = MESSAGE | {"number": 2, "record": RECORD, "member": "FR", "publication": "published", "changed": True}
    page = one(world(), lambda client: client.get("/thread", params={"thread": THREAD})).text
    assert "Retract this message" not in page
    daemon = world(**{"consult-show": [MESSAGE, own, OPEN]})
    page = one(daemon, lambda client: client.get("/thread", params={"thread": THREAD})).text
    assert page.count("Retract this message") == 1
    assert "revised after it was sent" in page
    sent = {"thread": THREAD, "message": RECORD, "reason": "mistake"}
    one(daemon, lambda client: client.post("/thread/retract", data=sent))
    assert daemon.of("consult-retract") == [{"message": RECORD, "reason": "mistake"}]
    refused = world(**{"consult-retract": Refused("it is retracted already")})
    answer = one(refused, lambda client: client.post("/thread/retract", data=sent))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "it is retracted already" in answer.text


def test_what_a_thread_leaves_out_is_counted() -> None:
    shown = OPEN | {"absent": {"not for us": 3}, "left_out": {"JP": 12}, "uncounted": 2, "own_answer": "held"}
    daemon = world(**{"consult-show": [MESSAGE, shown]})
    page = one(daemon, lambda client: client.get("/thread", params={"thread": THREAD})).text
    for text in ("not for this node: 3", "12 of", "2 messages of members", "held for a decision"):
        assert text in page


def test_a_thread_that_is_named_by_one_of_its_messages_has_the_draft_of_the_thread() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/thread", params={"thread": RECORD})).text
    assert daemon.of("draft-read") == [{"form": f"thread-{'cd' * 32}"}]
    assert f'data-draft="thread-{"cd" * 32}"' in page
