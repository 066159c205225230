"""The pages of sheets: what they ask of the daemon, and what they answer to the script."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from node.domain.caller import Role
from tests.unit.desk.desk_daemon import one
from tests.unit.desk.sheet_world import CHOICE, SheetWorld


def test_a_filter_makes_a_choice_and_shows_its_first_sheet() -> None:
    world = SheetWorld()
    response = one(world, lambda client: client.get("/sheets?case=A%26B&kind=video&hits="))
    assert world.of("sheet-choose") == [{"case": "A&B", "kind": "video"}]
    assert response.headers["location"] == f"/sheets/{CHOICE}?sheet=0&case=A%26B&kind=video"


def test_a_sheet_shows_each_holding_and_what_it_says() -> None:
    world = SheetWorld(held=61)
    world.said = {1: ("2", 4)}
    page = one(world, lambda client: client.get(f"/sheets/{CHOICE}?sheet=0")).text
    assert page.count('role="option"') == 60
    assert 'data-holding="1" data-version="4" data-category="us-vics:2.0:2"' in page
    assert 'aria-posinset="60" aria-setsize="61"' in page
    assert page.count('tabindex="0"') == 1
    last = one(world, lambda client: client.get(f"/sheets/{CHOICE}?sheet=1")).text
    assert last.count('role="option"') == 1


def test_an_empty_choice_says_what_to_do() -> None:
    page = one(SheetWorld(held=0), lambda client: client.get(f"/sheets/{CHOICE}")).text
    assert "No holding matches this filter" in page
    assert 'role="option"' not in page


def test_a_choice_that_is_forgotten_is_made_again() -> None:
    world = SheetWorld(held=70)
    response = one(world, lambda client: client.get("/sheets/0000000000000000?sheet=9&case=A"))
    assert world.of("sheet-choose") == [{"case": "A"}]
    assert response.headers["location"] == f"/sheets/{CHOICE}?sheet=1&case=A"


def test_a_decision_is_answered_with_what_is_durable() -> None:
    world = SheetWorld()
    form = {"holding": ["3", "5"], "category": "us-vics:2.0:1"}
    response = one(world, lambda client: client.post("/sheets/decide", data=form))
    sent = {"holdings": ["3", "5"], "statement": {"category": "us-vics:2.0:1"}, "clear": False}
    assert world.of("categorise") == [sent]
    assert response.json() == {
        "said": [
            {"holding": 3, "changed": True, "version": 1, "category": "us-vics:2.0:1"},
            {"holding": 5, "changed": True, "version": 1, "category": "us-vics:2.0:1"},
        ]
    }


def test_an_undo_names_the_versions_it_takes_back() -> None:
    world = SheetWorld()
    world.said = {3: ("1", 1), 5: ("2", 2)}
    form = {"holding": ["3", "5"], "version": ["1", "1"]}
    response = one(world, lambda client: client.post("/sheets/undo", data=form))
    assert response.json()["said"] == [
        {"holding": 3, "changed": True, "version": 2, "category": ""},
        {"holding": 5, "changed": False, "version": 2, "category": "us-vics:2.0:2"},
    ]


@pytest.mark.parametrize(
    "form",
    [
        {"holding": ["3", "5"], "version": ["1"]},
        {"holding": ["x"], "version": ["1"]},
        {"holding": "-1", "version": "1"},
    ],
)
def test_a_form_that_is_not_from_the_page_is_refused(form: dict[str, list[str]]) -> None:
    world = SheetWorld()
    response = one(world, lambda client: client.post("/sheets/undo", data=form))
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert not world.of("categorise-undo")


def test_the_script_gets_a_sheet_as_data() -> None:
    seen = one(SheetWorld(), lambda client: client.get(f"/sheets/{CHOICE}/part?sheet=1")).json()
    assert (len(seen["tiles"]), seen["tiles"][0]["place"], seen["tiles"][0]["at"]) == (60, 60, 0)
    assert seen["tiles"][17]["hits_text"] == "2 hits"


@pytest.mark.parametrize(("after", "asked"), [("-1", {}), ("", {}), ("7", {"after": 7})])
def test_the_next_undecided_is_asked_of_the_daemon(after: str, asked: dict[str, int]) -> None:
    world = SheetWorld()
    response = one(world, lambda client: client.get(f"/sheets/{CHOICE}/next?after={after}"))
    assert world.of("sheet-next") == [{"choice": CHOICE, **asked}]
    assert response.json() == {"place": asked.get("after", -1) + 1}


def test_covers_are_one_picture_that_no_cache_keeps() -> None:
    response = one(SheetWorld(held=3), lambda client: client.get(f"/sheets/{CHOICE}/covers?sheet=0"))
    assert response.headers["content-type"] == "image/png"
    assert response.headers["cache-control"] == "no-store"
    assert response.content.startswith(b"\x89PNG")


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.RELEASER, Role.OPERATOR])
def test_only_roles_with_media_see_covers(role: Role) -> None:
    world = SheetWorld()
    response = one(world, lambda client: client.get(f"/sheets/{CHOICE}/covers?sheet=0"), role)
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert not world.of("sheet-covered")
