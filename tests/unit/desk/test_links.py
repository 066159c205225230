"""The page of links: the tables, the picture, and stating a link."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest

from node.desk.graph import IN_COLUMN, MOST_RECORDS, drawing_of
from node.domain.caller import Role
from node.errors import Misuse, NotFound
from tests.unit.desk.desk_daemon import DeskDaemon, one
from tests.unit.desk.hit_world import RECORD
from tests.unit.desk.record_world import LINK, OTHER, component, link, linked

THIRD = "vigil.test/BR/log/1#" + "09" * 32
WILD = "\u202e<script>alert(1)</script>"
CLASH = {"contradiction": "victim", "about": LINK, "records": [RECORD, OTHER]}
MINE = {"shown_links": 1, "next": None}
OWN = link(member="FR", publication="published", confirmed_by=[], disputed_by=[])


def world(**changed: Any) -> DeskDaemon:
    answers: dict[str, Any] = {
        "links": [
            link(closes_cycle=True),
            linked(OTHER, depth=1),
            linked(RECORD),
            CLASH,
            component(cycles=1, contradictions=1, left_out=1_234, beyond=1, whole=False),
        ],
        "links-mine": [OWN, MINE],
        "link": [{"link": LINK, "state": "linked", "publication": "queued", "why": None}],
        "draft-read": [{"text": "half a <note>"}],
        "draft-save": [{"saved": True}],
    }
    return DeskDaemon(answers=answers | changed)


# --- the tables -------------------------------------------------------------------------------------------------------


def test_the_links_of_a_record_are_a_table_with_contradictions_and_cycles() -> None:
    daemon = world()
    page = one(daemon, lambda client: client.get("/links", params={"record": RECORD})).text
    assert daemon.of("links") == [{"record": RECORD, "limit": 100}]
    for text in (
        "same victim",
        "probable",
        "closes a cycle",
        "different victims",
        "1 cycle<",
        "1 contradiction<",
        "1,234 links are not shown.",
        "1 link leads further.",
        "a part of it was not read",
        f"/record?record={quote(LINK)}",
        "half a &lt;note&gt;</textarea>",
        f"{RECORD}</textarea>",
    ):
        assert text in page
    assert page.index(f'href="/record?record={quote(RECORD)}">', page.index("Linked records")) < page.index(
        f'href="/record?record={quote(OTHER)}">', page.index("Linked records")
    )


def test_a_series_is_asked_for_with_a_relation_and_a_distance() -> None:
    daemon = world()
    one(daemon, lambda client: client.get("/links?series=Bridge&relation=copy&depth=2&record="))
    assert daemon.of("links") == [{"series": "Bridge", "relation": "copy", "depth": 2, "limit": 100}]


def test_what_members_wrote_is_escaped_and_isolated() -> None:
    lines = [link(note=WILD), linked(RECORD, series=WILD), linked(OTHER, depth=1), component()]
    page = one(world(links=lines), lambda client: client.get("/links", params={"record": RECORD})).text
    assert "<script>alert" not in page
    assert page.count("<bdi>\u202e&lt;script&gt;alert(1)&lt;/script&gt;</bdi>") == 2


def test_a_record_that_may_not_be_read_is_shown_by_its_name() -> None:
    hidden = linked(OTHER, depth=1, sight="hidden", category=None, series=None, media_type=None)
    lines = [link(), linked(RECORD), hidden, component()]
    page = one(world(links=lines), lambda client: client.get("/links", params={"record": RECORD})).text
    assert ">hidden<" in page
    assert 'class="spot hidden"' in page


def test_without_a_record_our_own_links_are_shown_and_can_be_retracted() -> None:
    daemon = world(**{"links-mine": [OWN, {"shown_links": 1, "next": 7}]})
    page = one(daemon, lambda client: client.get("/links?after=3")).text
    assert daemon.of("links-mine") == [{"after": 3, "limit": 100}]
    assert "?after=7" in page
    assert 'action="/record/retract"' in page
    assert "<svg" not in page
    reviewer = one(daemon, lambda client: client.get("/links"), Role.MEDIA_REVIEWER).text
    assert 'action="/record/retract"' not in reviewer


def test_a_link_of_another_member_cannot_be_retracted() -> None:
    page = one(world(), lambda client: client.get("/links", params={"record": RECORD})).text
    assert 'action="/record/retract"' not in page


def test_a_series_that_is_not_here_says_so_in_the_page() -> None:
    daemon = world(links=NotFound("this node has no record of this series", remedy="look at the records"))
    response = one(daemon, lambda client: client.get("/links?series=x"))
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert "this node has no record of this series" in response.text
    assert 'value="x"' in response.text


def test_no_link_says_how_to_find_some() -> None:
    daemon = world(**{"links-mine": [{"shown_links": 0, "next": None}]})
    assert "Name a record or a series" in one(daemon, lambda client: client.get("/links")).text
    daemon = world(links=[linked(RECORD), component(links=0, records=1)])
    page = one(daemon, lambda client: client.get("/links", params={"record": RECORD})).text
    assert "No link names these records." in page


# --- stating a link ---------------------------------------------------------------------------------------------------

FORM = {"records": f"{RECORD}\r\n {OTHER} ", "relation": "same-place", "certainty": "certain", "note": ""}


def test_a_link_is_stated_and_shown_with_its_records() -> None:
    daemon = world()
    response = one(daemon, lambda client: client.post("/links", data=FORM))
    asked = {"records": [RECORD, OTHER], "relation": "same-place", "certainty": "certain", "handling": {}}
    assert daemon.of("link") == [asked]
    assert daemon.of("draft-save") == [{"form": "link-new", "text": ""}]
    assert response.status_code == HTTPStatus.SEE_OTHER
    page = one(daemon, lambda client: client.get(response.headers["location"])).text
    assert daemon.of("links") == [{"record": RECORD, "limit": 100}]
    assert "The link is stated. It goes to the hub as soon as it can be reached." in page


def test_a_fault_shows_the_form_again_with_what_was_typed() -> None:
    daemon = world(link=Misuse("a link names each record once", remedy="leave one out"))
    form = FORM | {"note": "my <note>", "records": "<x>"}
    response = one(daemon, lambda client: client.post("/links", data=form))
    assert response.status_code == HTTPStatus.CONFLICT
    for text in ("a link names each record once", "my &lt;note&gt;</textarea>", "&lt;x&gt;</textarea>"):
        assert text in response.text
    assert '<option value="same-place" selected>' in response.text
    assert not daemon.of("draft-save")


# --- the picture ------------------------------------------------------------------------------------------------------


def test_the_picture_has_no_style_and_the_numbers_of_the_table() -> None:
    page = one(world(), lambda client: client.get("/links", params={"record": RECORD})).text
    svg = page[page.index("<svg") : page.index("</svg>")]
    assert "style" not in svg
    assert re.findall(r">(\d+)</text>", svg) == ["1", "2"]
    assert 'class="stroke probable closing doubted"' in svg
    assert 'role="img"' in svg


def test_records_are_in_layers_by_distance() -> None:
    names = [f"vigil.test/BR/log/1#{number:064x}" for number in range(IN_COLUMN + 3)]
    records = [linked(name, depth=min(number, 1)) for number, name in enumerate(names)]
    drawing = drawing_of(records, [link(records=names[:2])], set())
    assert drawing is not None
    columns = [each.x for each in drawing.spots]
    assert columns == sorted(columns)
    assert len(set(columns)) == 3
    assert len({(each.x, each.y) for each in drawing.spots}) == len(names)
    assert all(0 < each.x < drawing.width and 0 < each.y < drawing.height for each in drawing.spots)


def test_a_link_of_three_records_meets_beside_them() -> None:
    records = [linked(RECORD), linked(OTHER), linked(THIRD)]
    drawing = drawing_of(records, [link(records=[RECORD, OTHER, THIRD], disputed_by=[])], {LINK})
    assert drawing is not None
    (joint,) = drawing.joints
    assert (joint.x, joint.y) not in {(each.x, each.y) for each in drawing.spots}
    assert 0 < joint.x < drawing.width + 1
    assert [each.classes for each in drawing.strokes] == ["stroke probable doubted"] * 3


@pytest.mark.parametrize("number", [0, 1, MOST_RECORDS + 1])
def test_what_is_too_large_or_empty_has_no_picture(number: int) -> None:
    records = [linked(f"vigil.test/BR/log/1#{each:064x}", depth=each) for each in range(number)]
    assert drawing_of(records, [link()], set()) is None
