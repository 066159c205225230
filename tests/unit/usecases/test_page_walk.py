"""A walk over following pages: where it leads, where it never leads, and how it goes on."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import Malformed
from node.usecases.page_walk import Stop, Walk

URL = "https://peer.example:8443/v2/entries?from=1&size=9"
NUMBERED = "https://peer.example/attributes/restSearch/page:{page}/limit:9"


@pytest.mark.parametrize(
    ("onward", "target"),
    [
        ({"link": "https://peer.example:8443/v2/entries?from=1&start=9"}, "/v2/entries?from=1&start=9"),
        ({"link": "//PEER.example:8443/v2/entries?start=9"}, "/v2/entries?start=9"),
        # A service may state its own path without the place where it stands: only the query is taken.
        ({"link": "/entries?start=9"}, "/v2/entries?start=9"),
        ({"link": "/other/place?start=9"}, "/v2/entries?start=9"),
        ({"link": "start=9&to=a?b"}, "/v2/entries?start=9&to=a?b"),
        ({"link": "?start=9"}, "/v2/entries?start=9"),
        ({"parameter": "after", "token": "a b&c=d"}, "/v2/entries?from=1&size=9&after=a%20b%26c%3Dd"),
        ({"parameter": "size", "token": "5"}, "/v2/entries?from=1&size=5"),
        ({"parameter": "after", "token": "\ud800"}, "/v2/entries?from=1&size=9&after=%3F"),
    ],
)
def test_only_the_query_changes(onward: dict[str, str], target: str) -> None:
    walk = Walk(URL)
    assert (walk.address.target, walk.name) == ("/v2/entries?from=1&size=9", URL)
    walk.go("d1", **onward)
    assert (walk.address.host, walk.address.port, walk.address.target) == ("peer.example", 8443, target)
    assert (walk.stop, walk.name) == (Stop(2, target), f"{URL} 2")


@pytest.mark.parametrize(
    "link",
    [
        "https://other.example:8443/v2/entries?start=9",
        "https://peer.example/v2/entries?start=9",
        "http://peer.example:8443/v2/entries?start=9",
        "//other.example/v2?start=9",
        "https://peer.example:8443@other.example/?start=9",
        "https://user@peer.example:8443/?start=9",
        "file:///etc/passwd?a=b",
    ],
)
def test_no_other_address_is_asked(link: str) -> None:
    walk = Walk(URL)
    with pytest.raises(Malformed, match="another address"):
        walk.go("d1", link=link)
    assert walk.stop.page == 1


@pytest.mark.parametrize("link", ["/v2/entries", "", "start=9\r\nHost: other", "start=ä", "a=b#c", "a=" + "x" * 9_000])
def test_what_is_no_address_ends_the_walk(link: str) -> None:
    with pytest.raises(Malformed, match="not an address"):
        Walk(URL).go("d1", link=link)


def test_a_cursor_that_repeats_is_told() -> None:
    walk = Walk(URL)
    walk.go("d1", parameter="after", token="a")
    walk.go("d2", parameter="after", token="b")
    with pytest.raises(Malformed, match="same page again"):
        walk.go("d3", parameter="after", token="a")
    with pytest.raises(Malformed, match="same page again"):
        walk.go("d3", link=URL)


def test_pages_are_asked_for_by_number_until_one_repeats() -> None:
    walk = Walk(NUMBERED)
    assert walk.address.target.endswith("/page:1/limit:9")
    walk.go("d1")
    walk.go("d2")
    assert walk.address.target.endswith("/page:3/limit:9")
    with pytest.raises(Malformed, match="same page again"):
        walk.go("d2")


@pytest.mark.parametrize(("url", "onward"), [(URL, {"link": "start=9"}), (NUMBERED, {})])
def test_a_walk_goes_on_where_another_stopped(url: str, onward: dict[str, str]) -> None:
    first = Walk(url)
    first.go("d1", **onward)
    again = Walk(url, first.stop)
    assert (again.resumes, again.address, again.name) == (True, first.address, first.name)
    again.go("d2", **({"link": "start=10"} if onward else {}))
    assert (again.resumes, again.stop.page) == (False, 3)


def test_the_next_walk_asks_for_what_changed_since_the_latest_time() -> None:
    walk = Walk(URL)
    walk.tells_until("9")
    walk.go("d1", link="start=9")
    walk.tells_until("10")
    walk.go("d2", link="start=10")
    walk.tells_until("8")
    assert walk.stop.since == "10"
    stop = walk.end("from")
    assert stop == Stop(1, "/v2/entries?size=9&from=10", "10")
    again = Walk(URL, stop)
    assert (again.resumes, again.address.target, again.name) == (True, stop.target, URL)
    # Nothing changed: no page tells a time, and the last one stays.
    assert again.end("from") == stop
    again.go("d3", parameter="after", token="c")
    assert again.address.target == "/v2/entries?size=9&from=10&after=c"


def test_without_a_time_the_next_walk_begins_at_the_first_page() -> None:
    assert Walk(URL).end("from") is None


@pytest.mark.parametrize(
    "stop", [Stop(0, "/v2/entries?a=b"), Stop(2, "/other?a=b"), Stop(2, "https://other/"), Stop(2, "/v2/entries?a b")]
)
def test_a_stop_of_another_address_is_not_taken(stop: Stop) -> None:
    walk = Walk(URL, stop)
    assert (walk.resumes, walk.stop) == (False, Stop(1, "/v2/entries?from=1&size=9"))
    assert not Walk(NUMBERED, Stop(3, "/attributes/restSearch/page:4/limit:9")).resumes


@given(
    st.text(alphabet=st.one_of(st.sampled_from("/?#&=:@.\\%" + string.ascii_lowercase), st.characters()), max_size=60)
)
def test_whatever_a_page_states_the_walk_stays_at_its_address(link: str) -> None:
    walk = Walk(URL)
    try:
        walk.go("d1", link=link)
    except Malformed:
        assert walk.stop.page == 1
    else:
        assert walk.address.target.startswith("/v2/entries?")
        assert walk.address.target.isascii()
        assert not any(each.isspace() for each in walk.address.target)
