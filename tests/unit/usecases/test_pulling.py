"""The cursor of a peer: what may be left out, and when it does not describe the list any more."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from node.domain.peers import Peer
from node.errors import Damaged
from node.usecases.page_walk import Stop
from node.usecases.pulling import Cursor, PulledPage, cursor_text, mark_of, read_cursor

A, B, C = ("a" * 64, "b" * 64, "c" * 64)
PEER = Peer(name="m", list="M", path="/srv/m", format="misp")
CURSOR = Cursor(list="M", format="misp", mark="3 9 ab", is_whole=True, pages={A: B})


def test_a_cursor_is_read_as_it_is_written() -> None:
    assert read_cursor(cursor_text(CURSOR)) == CURSOR


def test_where_walks_stopped_is_read_as_it_is_written() -> None:
    cursor = replace(CURSOR, stops={C: Stop(3, "/a?after=b", "12")})
    assert read_cursor(cursor_text(cursor)) == cursor
    assert "stops" not in cursor_text(CURSOR)


def test_a_page_is_left_out_only_with_the_same_name_and_content() -> None:
    assert CURSOR.has(PulledPage(name=A, digest=B))
    assert not CURSOR.has(PulledPage(name=A, digest=C))
    assert not CURSOR.has(PulledPage(name=C, digest=B))


def test_a_set_is_the_same_only_if_no_page_came_went_or_changed() -> None:
    same, other = PulledPage(name=A, digest=B), PulledPage(name=C, digest=C)
    assert CURSOR.is_exactly([same])
    assert not CURSOR.is_exactly([])
    assert not CURSOR.is_exactly([same, other])
    assert not Cursor(pages=CURSOR.pages).is_exactly([same])


@pytest.mark.parametrize(
    ("peer", "mark"),
    [
        (PEER, "4 9 ab"),  # somebody else imported into the list
        (PEER, ""),  # the list was removed
        (Peer(name="m", list="N", path="/srv/m", format="misp"), "3 9 ab"),
        (Peer(name="m", list="M", path="/srv/m", format="hma"), "3 9 ab"),
    ],
)
def test_a_cursor_of_another_state_is_empty(peer: Peer, mark: str) -> None:
    assert CURSOR.of(PEER, "3 9 ab") == CURSOR
    assert CURSOR.of(peer, mark) == Cursor()


def test_the_empty_cursor_of_a_list_that_does_not_exist_is_no_set() -> None:
    assert not Cursor().of(PEER, mark_of(None)).is_whole


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps({**json.loads(cursor_text(CURSOR)), "more": 1}),
        json.dumps({**json.loads(cursor_text(CURSOR)), "pages": {A: "b"}}),
        json.dumps({**json.loads(cursor_text(CURSOR)), "pages": {A: 1}}),
        json.dumps({**json.loads(cursor_text(CURSOR)), "is_whole": 1}),
        json.dumps({**json.loads(cursor_text(CURSOR)), "mark": None}),
        json.dumps({**json.loads(cursor_text(CURSOR)), "stops": []}),
        json.dumps({**json.loads(cursor_text(CURSOR)), "stops": {"a": [1, "/", ""]}}),
        json.dumps({**json.loads(cursor_text(CURSOR)), "stops": {A: [1, "/"]}}),
        json.dumps({**json.loads(cursor_text(CURSOR)), "stops": {A: [1, "/", 5]}}),
        json.dumps({**json.loads(cursor_text(CURSOR)), "stops": {A: ["1", "/", ""]}}),
        json.dumps({**json.loads(cursor_text(CURSOR)), "stops": {A: [True, "/", ""]}}),
    ],
)
def test_a_damaged_cursor_is_told(text: str) -> None:
    with pytest.raises(Damaged, match="damaged"):
        read_cursor(text)
