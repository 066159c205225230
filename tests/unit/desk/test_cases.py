"""Cases: the list, one case with notes that are never overwritten, its status and its report."""

from __future__ import annotations

import base64
import re
from http import HTTPStatus

from node.desk.ports import Line
from node.errors import NotFound, Refused, VigilError
from tests.unit.desk.desk_daemon import DeskDaemon, one

NAMED = {
    "case": "A/1 & <2>",
    "list": None,
    "provider": None,
    "holdings": 1_200,
    "same_name": False,
    "status": "open",
    "title": "Bridge <b>",
    "lead": "Anna",
    "opened": True,
}
OWN = NAMED | {
    "levels": {"national": 1_200},
    "shared": 30,
    "hits": 9,
    "new_hits": 4,
    "list_hits": {"holdings": 0, "more": False},
    "notes": 2,
    "version": 3,
    "officers": ["Anna", "Sato"],
    "purpose": "victim-identification",
    "legal_basis": "art. 706-47",
    "outcome": None,
    "opened_at": 1_700_000_000,
    "changed_at": 1_700_000_000,
    "damaged": False,
}
NOTE = {"note": 2, "version": 2, "at": 1_700_000_000, "officer": "Sato", "text": "a <blue>\nroom", "damaged": False}
BROKEN = NOTE | {"note": 1, "text": "", "damaged": True}
EVENT = {
    "event": "asked",
    "at": 1_700_000_000,
    "until": 1_700_000_000,
    "officer": "Anna",
    "count": 1,
    "about": "q",
    "version": None,
    "outcome": None,
    "question": {"outcomes": {"hit": 1, "offline": 2}, "closed": True},
}
CASE = {"case": NAMED["case"]}
REPORT = b"%PDF-1.7 made up"


def world(**changed: list[Line] | VigilError) -> DeskDaemon:
    answers: dict[str, list[Line] | VigilError] = {
        "cases": [NAMED, {"case": "B", "list": "ICSE", "references": 3}, {"listed": 2, "more": True, "after": "B"}],
        "case-show": [OWN],
        "case-notes": [NOTE, BROKEN, {"listed": 2, "next": None}],
        "case-timeline": [EVENT, {"listed": 1, "next": "1700000000.4"}],
        "case-note": [NOTE],
        "case-open": [CASE],
        "case-close": [CASE],
        "case-dormant": [CASE],
        "case-reopen": [CASE],
        "case-report": [{"data": base64.b64encode(REPORT).decode()}, CASE | {"format": "pdf", "size": len(REPORT)}],
        "draft-read": [{"text": "what I had <begun>"}],
        "draft-save": [{"saved": True}],
    }
    answers.update(changed)
    return DeskDaemon(answers=answers)


def test_the_list_has_the_cases_of_this_node_by_status() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/cases?status=open&mine=1&after=A")).text
    assert daemon.of("cases") == [{"after": "A", "limit": 50, "mine": True, "status": "open"}]
    for text in ("Bridge &lt;b&gt;", "1,200", "/case?case=A/1%20%26%20%3C2%3E", "?status=open&amp;mine=1&amp;after=B"):
        assert text in page
    assert "ICSE" not in page


def test_a_case_shows_its_numbers_notes_and_timeline() -> None:
    page = one(world(), lambda client: client.get("/case", params=CASE)).text
    for text in (
        "Bridge &lt;b&gt;",
        "art. 706-47",
        ">1,200<",
        ">4<",
        "a &lt;blue&gt;\nroom",
        "damaged",
        "offline: 2",
        "before=1700000000.4",
        "what I had &lt;begun&gt;",
    ):
        assert text in page


def test_a_case_that_nobody_opened_offers_to_open_it() -> None:
    levels: Line = {"levels": {}, "shared": 0, "hits": 0, "new_hits": 0, "notes": 0, "opened": False}
    absent = NotFound("this case was not opened", remedy="open it")
    changed: dict[str, list[Line] | VigilError] = {"case-notes": absent, "case-timeline": absent}
    daemon = world(**changed, **{"case-show": [NAMED | levels]})
    page = one(daemon, lambda client: client.get("/case", params=CASE))
    assert page.status_code == HTTPStatus.OK
    assert "nobody opened it" in page.text
    assert "/cases?case=A/1%20%26%20%3C2%3E#open" in page.text
    assert "Close the case" not in page.text


def test_a_case_that_is_not_here_is_said_to_be_missing() -> None:
    missing = NotFound("there is no case 'x'", remedy="look at the list of cases")
    page = one(world(**{"case-show": missing}), lambda client: client.get("/case?case=x"))
    assert page.status_code == HTTPStatus.NOT_FOUND
    assert "look at the list of cases" in page.text


def test_a_note_is_saved_and_its_draft_is_dropped() -> None:
    daemon = world()
    answer = one(daemon, lambda client: client.post("/case/note", data=CASE | {"text": "two\r\nlines"}))
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert daemon.of("case-note") == [CASE | {"text": "two\nlines"}]
    (dropped,) = daemon.of("draft-save")
    assert dropped["text"] == ""
    one(daemon, lambda client: client.get("/case", params=CASE))
    assert [each["form"] for each in daemon.of("draft-read")] == [dropped["form"]]
    assert re.fullmatch("note-[0-9a-f]{32}", dropped["form"])


def test_an_edit_states_the_version_that_was_seen_and_keeps_the_text_if_it_is_refused() -> None:
    daemon = world(**{"case-note": Refused("Sato edited this note", remedy="read it, then edit it again")})
    sent = CASE | {"note": "2", "version": "2", "text": "my words"}
    page = one(daemon, lambda client: client.post("/case/note", data=sent))
    assert page.status_code == HTTPStatus.CONFLICT
    assert daemon.of("case-note") == [CASE | {"text": "my words", "edit": 2, "version": 2}]
    assert daemon.of("draft-save") == []
    assert "Sato edited this note" in page.text
    assert "my words" in page.text


def test_a_case_is_closed_with_its_outcome_rests_and_is_opened_again() -> None:
    daemon = world()
    for step in ("close", "rest", "reopen"):
        sent = CASE | {"version": "3", "step": step, "outcome": " victim found "}
        answer = one(daemon, lambda client, sent=sent: client.post("/case/status", data=sent))  # type: ignore[misc]
        assert answer.status_code == HTTPStatus.SEE_OTHER
    seen = CASE | {"version": 3}
    assert daemon.of("case-close") == [seen | {"outcome": "victim found"}]
    assert (daemon.of("case-dormant"), daemon.of("case-reopen")) == ([seen], [seen])


def test_a_case_that_somebody_changed_meanwhile_is_not_closed() -> None:
    daemon = world(**{"case-close": Refused("Sato changed this case", remedy="look at it again")})
    sent = CASE | {"version": "2", "step": "close", "outcome": "x"}
    page = one(daemon, lambda client: client.post("/case/status", data=sent))
    assert page.status_code == HTTPStatus.CONFLICT
    assert "Sato changed this case" in page.text


def test_a_case_is_opened_with_what_was_typed() -> None:
    daemon = world()
    typed = {"case": "C 9", "title": "", "purpose": "", "legal_basis": "art. 1"}
    answer = one(daemon, lambda client: client.post("/cases/open", data=typed))
    assert answer.headers["location"].startswith("/case?case=")
    assert daemon.of("case-open") == [{"case": "C 9", "legal_basis": "art. 1"}]
    refused = world(**{"case-open": Refused("this case is open", remedy="choose another reference")})
    page = one(refused, lambda client: client.post("/cases/open", data=typed))
    assert page.status_code == HTTPStatus.CONFLICT
    assert 'value="C 9"' in page.text


def test_a_report_is_a_file_and_never_a_page_of_the_desk() -> None:
    made = one(world(), lambda client: client.post("/case/report", data=CASE | {"format": "pdf"}))
    assert made.content == REPORT
    assert made.headers["content-type"] == "application/pdf"
    html = one(world(), lambda client: client.post("/case/report", data=CASE | {"format": "html"}))
    for each in (made, html):
        assert each.headers["content-disposition"].startswith("attachment;")
        assert "text/html" not in each.headers["content-type"]
    other = one(world(), lambda client: client.post("/case/report", data=CASE | {"format": "exe"}))
    assert other.status_code == HTTPStatus.BAD_REQUEST
    failing = world(**{"case-report": Refused("no font", remedy="install it")})
    answer = one(failing, lambda client: client.post("/case/report", data=CASE | {"format": "pdf"}))
    assert answer.status_code >= HTTPStatus.BAD_REQUEST
    assert "no font" in answer.text
