"""What pages say of the page that follows, by format."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain import peers
from node.errors import Malformed
from node.interop.next_pages import FOLLOWED, SINCE, Onward, end_of

NCMEC = '<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images count="0"/>{}</queryResult>'
LINK = "https://peer.example/updates?access_token=secret&after=c1"


def said(form: str, page: Any) -> Onward | None:
    text = page if isinstance(page, str) else json.dumps(page)
    # In small pieces: what says where to go on may stand behind any number of records.
    return end_of(form, (text[at : at + 7].encode() for at in range(0, len(text), 7))).onward


def test_the_settings_know_the_formats_that_are_followed() -> None:
    assert sorted(FOLLOWED) == sorted(peers.FOLLOWED)
    assert sorted(SINCE) == sorted(peers.CHANGES)


@pytest.mark.parametrize(
    ("form", "page", "since"),
    [
        ("threatexchange", {"data": [{"last_updated": 7}, {"last_updated": 12}, {"last_updated": "x"}]}, "12"),
        ("threatexchange", {"data": []}, ""),
        ("stopncii", {"hashRecords": [], "nextSetTimestamp": 9}, "9"),
        ("stopncii", {"hashRecords": [], "nextSetTimestamp": "soon"}, ""),
        ("tat", {"results": [], "checkpoint": "1704085200,124"}, "1704085200,124"),
        ("tat", {"results": [], "checkpoint": 7}, ""),
        (
            "ncmec",
            NCMEC.format('<videos maxTimestamp="2026-01-02T00:00:00Z"/><paging maxTimestamp="soon"/>'),
            "2026-01-02T00:00:00Z",
        ),
        ("misp", [], ""),
    ],
)
def test_a_page_says_until_when_it_tells(form: str, page: Any, since: str) -> None:
    text = page if isinstance(page, str) else json.dumps(page)
    assert end_of(form, [text.encode()]).since == since


@pytest.mark.parametrize(
    ("form", "page", "onward"),
    [
        (
            "threatexchange",
            {"data": [{}], "paging": {"next": LINK, "cursors": {"after": "c1"}}},
            Onward("", "after", "c1"),
        ),
        ("threatexchange", {"paging": {"next": LINK}, "data": []}, Onward(LINK)),
        ("threatexchange", {"data": [], "paging": {"cursors": {"after": "c1"}}}, None),
        ("threatexchange", {"data": []}, None),
        (
            "stopncii",
            {"hashRecords": [], "hasMoreRecords": True, "nextPageToken": "t"},
            Onward("", "nextPageToken", "t"),
        ),
        ("stopncii", {"hashRecords": [], "hasMoreRecords": False, "nextPageToken": "t"}, None),
        ("stopncii", {"hashRecords": [], "nextPageToken": None}, None),
        ("tat", {"results": [], "next": "limit=9&offset=9"}, Onward("limit=9&offset=9")),
        ("tat", {"results": [], "next": None}, None),
        (
            "ncmec",
            NCMEC.format("<paging><next>/v2/entries?start=2&amp;size=1</next></paging>"),
            Onward("/v2/entries?start=2&size=1"),
        ),
        ("ncmec", NCMEC.format("<paging/>"), None),
        ("ncmec", NCMEC.format("<videos><next>/x</next></videos>"), None),
        ("misp", {"response": [{"Event": {}}]}, Onward()),
        ("misp", {"response": {"Attribute": [{}]}}, Onward()),
        ("misp", [{"Event": {}}], Onward()),
        ("misp", {"response": []}, None),
        ("misp", {"response": {"Attribute": []}}, None),
        ("misp", [], None),
    ],
)
def test_a_page_says_what_follows(form: str, page: Any, onward: Onward | None) -> None:
    assert said(form, page) == onward


@pytest.mark.parametrize(
    ("form", "page"),
    [
        ("threatexchange", {"data": [], "paging": {"next": 7}}),
        ("threatexchange", {"data": [], "paging": [LINK]}),
        ("threatexchange", {"data": [], "paging": {"next": LINK, "cursors": {"after": 7}}}),
        ("threatexchange", {"error": "not allowed"}),
        ("stopncii", {"hashRecords": [], "hasMoreRecords": True}),
        ("stopncii", {"hashRecords": [], "hasMoreRecords": True, "nextPageToken": 3}),
        ("stopncii", {"hashRecords": [], "hasMoreRecords": "perhaps", "nextPageToken": "t"}),
        ("tat", {"results": [], "next": {"a": 1}}),
        ("tat", '{"results": [], "next": "a'),
        ("ncmec", NCMEC.format("")[:-9]),
        ("misp", '{"response": [{"Event"'),
        ("misp", {"response": "x"}),
        ("misp", "<html></html>"),
    ],
)
def test_a_page_that_does_not_say_it_is_not_the_last(form: str, page: Any) -> None:
    with pytest.raises(Malformed) as caught:
        said(form, page)
    assert "secret" not in f"{caught.value}{caught.value.remedy}"


PAGES = {
    "threatexchange": '{"data": [{"id": "1"}], "paging": {"next": "https://a/?after=c", "cursors": {"after": "c"}}}',
    "stopncii": '{"hashRecords": [{}], "hasMoreRecords": true, "nextPageToken": "t", "count": 1}',
    "tat": '{"results": [{}], "next": "limit=1&offset=1"}',
    "ncmec": NCMEC.format("<paging><next>/v2/entries?start=1</next></paging>"),
    "misp": '{"response": [{"Event": {"Attribute": [{"type": "md5"}]}}]}',
}


@pytest.mark.parametrize("form", PAGES)
@given(st.data())
def test_a_damaged_page_is_a_fault_of_the_peer_and_nothing_else(form: str, data: st.DataObject) -> None:
    page = bytearray(PAGES[form].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(page) - 1))
        page[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    try:
        found, since = end_of(form, [bytes(page)])
    except Malformed:
        return
    assert found is None or isinstance(found, Onward)
    assert isinstance(since, str)


@pytest.mark.parametrize("form", PAGES)
def test_a_page_that_is_nested_too_deep_or_empty_is_a_fault_of_the_peer(form: str) -> None:
    for page in (b"", b"[" * 100_000, b'{"data":' * 50_000, b"<a>" * 50_000):
        with pytest.raises(Malformed):
            end_of(form, [page])
