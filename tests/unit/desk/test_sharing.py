"""Sharing: seen before it is signed, confirmed by the number of readers, and refused if the plan has changed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import fields
from http import HTTPStatus
from typing import Any

import pytest

from node.control.record_lines import STATES
from node.desk.ports import Line
from node.desk.vocabulary import WORDS
from node.domain.caller import Role
from node.domain.handling import Handling
from node.domain.statements import Contribution
from node.errors import FactorNeeded, Misuse, NotFound, VigilError
from tests.unit.desk.desk_daemon import DeskDaemon, one
from tests.unit.desk.hit_world import RECORD

GROUP = "vigil.test/JP/log/1#" + "cd" * 32
ROSTER = {
    "version": 4,
    "members": [
        {"member": "FR", "name": "France", "state": "active"},
        {"member": "JP", "name": "Japan <b>", "state": "active"},
        {"member": "BR", "name": "Brazil", "state": "suspended"},
    ],
    "purposes": ["victim-identification", "investigation"],
}
OUR_GROUP = {"group": GROUP, "name": "Bridge <i>", "we": "accepted"}
NOT_OURS = {"group": GROUP[:-2] + "ee", "name": "Elsewhere", "we": "invited"}
SCHEME = {"scheme": "us-vics", "version": "2.0", "codes": [{"code": "1", "label": "illegal"}]}
HANDLING = {
    "audience": ["JP"],
    "purposes": ["victim-identification"],
    "code": "2",
    "retain_until_day": 20_000,
    "retain_until": "2024-10-04",
}


def planned(holding: int, **changed: Any) -> Line:
    """One holding of a plan, as `contribute` gives it."""
    line: Line = {
        "holding": holding,
        "level": "national",
        "record": None,
        "state": "would contribute",
        "category": "us-vics:2.0:1",
        "differs": [],
        "says": None,
    }
    return line | changed


def end(**changed: Any) -> Line:
    """The last line of a dry run."""
    line: Line = {
        "skipped": 1,
        "differs": 1,
        "contributed": 0,
        "would_contribute": 1,
        "plan": "ab" * 16,
        "asks": False,
        "handling": HANDLING,
        "recipients": ["JP"],
    }
    return line | changed


DIFFERENT = planned(8, record=RECORD, state="contributed before, and says otherwise", category=None, differs=["series"])
SETTLED = {"queued": 0, "signed": 1, "published": 0, "why": "the hub does not answer"}
DONE = end(contributed=1, would_contribute=0, interrupted=False, remaining=0, **SETTLED)
FORM = {
    "case": "A 1",
    "holdings": "",
    "category": "",
    "series": "",
    "tags": "",
    "audience": "members",
    "to": "JP",
    "code": "2",
}
RELEASE = FORM | {"plan": "ab" * 16, "members": "1"}


class Sharing(DeskDaemon):
    """A node whose `contribute` answers a dry run and a release differently. `refused`: why it releases nothing."""

    refused: VigilError | None = None
    in_vain: VigilError | None = None

    async def call(
        self, command: str, arguments: Line, token: bytes = b"", items: Iterable[Line] = ()
    ) -> AsyncIterator[Line]:
        if command == "contribute":
            fault = self.in_vain if arguments.get("dry_run") else self.refused
            if fault:
                self.asked.append((command, arguments, token))
                raise fault
            self.answers[command] = [planned(7), DIFFERENT, end()]
            if not arguments.get("dry_run"):
                self.answers[command] = [planned(7, state="contributed", record=RECORD), DIFFERENT, DONE]
        async for line in super().call(command, arguments, token, items):
            yield line


def world() -> Sharing:
    return Sharing(
        answers={
            "roster-show": [ROSTER],
            "groups": [OUR_GROUP, NOT_OURS, {"listed": 2}],
            "category-schemes": [SCHEME],
        }
    )


def test_the_form_offers_members_and_our_groups_and_chooses_no_reader() -> None:
    page = one(world(), lambda client: client.get("/share?case=A 1")).text
    assert 'value="A 1"' in page
    assert re.findall(r'name="to" value="([A-Z]+)"', page) == ["JP"]
    assert f'value="@{GROUP}"' in page
    assert "Bridge &lt;i&gt;" in page
    assert "Elsewhere" not in page
    assert not re.search(r'name="audience"[^>]* checked', page)


def test_the_form_asks_for_a_factor_before_anything_is_typed() -> None:
    daemon = world()
    daemon.fresh = False
    answer = one(daemon, lambda client: client.get("/share?case=A"))
    assert answer.headers["location"] == "/factor?next=/share%3Fcase%3DA"
    assert not daemon.of("contribute")


def test_a_role_that_releases_nothing_has_no_form() -> None:
    assert one(world(), lambda client: client.get("/share"), Role.MEDIA_REVIEWER).status_code == HTTPStatus.FORBIDDEN


def test_a_plan_names_each_holding_and_each_reader_and_nothing_is_shared() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.post("/share/plan", data=FORM)).text
    handling = {"audience": ["JP"], "code": "2"}
    assert daemon.of("contribute") == [{"case": "A 1", "statement": {}, "handling": handling, "dry_run": True}]
    for text in (
        "Japan &lt;b&gt;",
        "is shared as a new record",
        "was shared before, and says something else",
        ">series<",
        "us-vics:2.0:1",
        "2024-10-04",
        "ask the source before it is passed on",
        "Sign and share",
    ):
        assert text in page
    kept = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    assert {("case", "A 1"), ("to", "JP"), ("audience", "members"), ("plan", "ab" * 16)} <= set(kept)


def test_what_is_typed_becomes_the_statement_and_its_handling() -> None:
    daemon = world()
    typed = FORM | {
        "holdings": "7, 8 9",
        "category": "us-vics:2.0:1",
        "baseline": "yes",
        "series": " Bridge ",
        "tags": "red, ,blue",
        "audience": f"@{GROUP}",
        "purposes": ["victim-identification", "investigation"],
        "retain_until": "1970-01-11",
    }
    one(daemon, lambda client: client.post("/share/plan", data=typed))
    (given,) = daemon.of("contribute")
    assert given["holdings"] == ["7", "8", "9"]
    words = {"category": "us-vics:2.0:1", "baseline": "yes", "series": "Bridge", "tags": ["red", "blue"]}
    assert given["statement"] == words
    assert given["handling"] == {
        "audience": [f"@{GROUP}"],
        "purposes": ["victim-identification", "investigation"],
        "code": "2",
        "retain_until_day": 10,
    }


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"audience": ""}, "nobody is chosen who may read the records"),
        ({"audience": "members", "to": []}, "nobody is chosen who may read the records"),
        ({"case": " "}, "no case is named"),
        ({"holdings": "7 x"}, "a holding is not a whole number"),
        ({"retain_until": "soon"}, "this is no day"),
    ],
)
def test_a_form_that_is_not_complete_reaches_no_plan_and_is_not_lost(changed: dict[str, Any], words: str) -> None:
    daemon = world()
    page = one(daemon, lambda client: client.post("/share/plan", data=FORM | {"series": "Bridge"} | changed))
    assert page.status_code == HTTPStatus.CONFLICT
    assert words in page.text
    assert 'value="Bridge"' in page.text
    assert not daemon.of("contribute")


def test_a_release_names_the_plan_that_was_shown_and_the_number_that_was_typed() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.post("/share", data=RELEASE))
    (given,) = daemon.of("contribute")
    assert (given["plan"], given["members"]) == ("ab" * 16, 1)
    assert "dry_run" not in given
    assert page.status_code == HTTPStatus.OK
    for text in ("the hub does not answer", ">shared<", "Japan &lt;b&gt;", f"/record?record={RECORD.split('#')[0]}"):
        assert text in page.text


@pytest.mark.parametrize("changed", [{"plan": ""}, {"members": ""}, {"members": "all"}])
def test_a_release_without_a_plan_or_a_number_shares_nothing(changed: dict[str, str]) -> None:
    daemon = world()
    page = one(daemon, lambda client: client.post("/share", data=RELEASE | changed))
    assert page.status_code == HTTPStatus.CONFLICT
    assert all(each.get("dry_run") for each in daemon.of("contribute"))


def test_a_plan_that_has_changed_is_shown_again_and_nothing_is_shared() -> None:
    daemon = world()
    daemon.refused = Misuse("what this would share has changed since it was shown", remedy="run the command again")
    page = one(daemon, lambda client: client.post("/share", data=RELEASE))
    assert page.status_code == HTTPStatus.CONFLICT
    assert "has changed since it was shown" in page.text
    assert [each.get("dry_run", False) for each in daemon.of("contribute")] == [False, True]
    assert "Sign and share" in page.text


def test_a_fault_of_the_plan_itself_leaves_the_form_alone() -> None:
    daemon = world()
    daemon.refused = daemon.in_vain = NotFound("the case has no holdings", remedy="take some in")
    page = one(daemon, lambda client: client.post("/share", data=RELEASE))
    assert page.status_code == HTTPStatus.CONFLICT
    assert page.text.count("the case has no holdings") == 1
    assert "Sign and share" not in page.text


@pytest.mark.parametrize("path", ["/share/plan", "/share"])
def test_a_factor_that_grew_old_loses_nothing_that_was_typed(path: str) -> None:
    daemon = world()
    daemon.refused = daemon.in_vain = FactorNeeded("this needs a factor", remedy="show it")
    page = one(daemon, lambda client: client.post(path, data=RELEASE | {"series": "Bridge"}))
    assert page.status_code == HTTPStatus.UNAUTHORIZED
    assert "/factor?next=/signed-in" in page.text
    assert 'value="Bridge"' in page.text
    assert "Nothing was shared." in page.text


def test_an_interrupted_release_says_how_much_is_left() -> None:
    daemon = DeskDaemon(
        answers={"roster-show": [ROSTER], "contribute": [planned(7), DONE | {"interrupted": True, "remaining": 30}]}
    )
    page = one(daemon, lambda client: client.post("/share", data=RELEASE)).text
    assert "30 holdings were not reached." in page


def test_every_state_and_every_field_of_a_contribution_has_its_word() -> None:
    assert set(STATES.values()) == set(WORDS["contribution"])
    said = {each.name for kind in (Contribution, Handling) for each in fields(kind)}
    assert said - {"fingerprints", "media_type"} == set(WORDS["record-field"])
