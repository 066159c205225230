"""`vigil pull` over pages that follow one another, with credentials, from a server of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from node.cli import pull_pages
from node.cli.list_sending import send_file
from node.errors import Malformed
from tests.integration.peer_server import PeerServer, serving
from tests.integration.test_pull import World, event, md5s, world  # noqa: F401 (a fixture)
from tests.integration.wire_pki import Authority
from tests.unit.usecases.listed import value

SECRET = "k3y-0f-th3-p33r"


def updates(*numbers: int, after: str = "", link: str = "", at: int = 0, gone: tuple[int, ...] = ()) -> bytes:
    """A page of ThreatExchange. `after` and `link`: of the page that follows; `at`: when its records were changed;
    `gone`: what it takes back.
    """
    said = {"data": [{"status": "MALICIOUS"}]}
    data: list[dict[str, object]] = [
        {"id": str(number), "type": "HASH_MD5", "indicator": value(number, 16).hex(), "descriptors": said}
        for number in numbers
    ]
    data += [{"id": str(number), "type": "HASH_MD5", "should_delete": True} for number in gone]
    data = [record | ({"last_updated": at} if at else {}) for record in data]
    paging = {"cursors": {"after": after}} if after else {}
    return json.dumps({"data": data, "paging": paging | ({"next": link} if link else {})}).encode()


@pytest.fixture
def peer(world: World, tmp_path: Path) -> Iterator[tuple[World, PeerServer]]:  # noqa: F811
    authority = Authority()
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    key = tmp_path / "peer.headers"
    key.touch(0o600)
    key.write_text(f"Authorization: {SECRET}\n")
    with serving(authority) as server:
        yield world, server


def settle(world: World, server: PeerServer, path: str, **more: object) -> None:  # noqa: F811
    folder = world.home.parent
    given = {"url": server.url(path), "ca": str(folder / "ca.pem"), "credentials": str(folder / "peer.headers")}
    world.settle(**{"format": "threatexchange", "follow": "yes"} | given | more)


def three_pages(server: PeerServer) -> None:
    link = server.url("/updates?access_token=secret&after={}")
    server.answers |= {
        "/updates?limit=2": updates(1, 2, after="c/1", link=link.format("c/1")),
        "/updates?limit=2&after=c%2F1": updates(3, 4, after="c2", link=link.format("c2")),
        "/updates?limit=2&after=c2": updates(5, after="c3"),
    }


def test_pages_are_followed_to_their_end_with_the_credentials(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811
    three_pages(server)
    settle(world, server, "/updates?limit=2")
    code, summary, pages = world.pull()
    assert (code, summary["imported"], summary["goes_on"], len(pages)) == (0, 3, False, 3)
    assert world.rows == md5s(1, 2, 3, 4, 5)
    assert [headers["Authorization"] for headers in server.headers] == [SECRET] * 3
    code, summary, _ = world.pull()
    assert (code, summary["imported"], summary["unchanged"]) == (0, 0, 3)
    kept = [path.read_bytes() for path in (world.home / "pulled").iterdir()]
    assert SECRET.encode() not in b"".join(kept)


def test_a_bounded_pull_goes_on_where_it_stopped(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811
    three_pages(server)
    settle(world, server, "/updates?limit=2", max_pages=2)
    code, summary, pages = world.pull()
    assert (code, summary["imported"], summary["failed"], summary["goes_on"]) == (1, 2, 1, True)
    assert "more than 2 pages" in pages[0]["error"]["message"]
    assert world.rows == md5s(1, 2, 3, 4)
    server.asked.clear()
    code, summary, _ = world.pull()
    assert (code, summary["imported"], summary["goes_on"]) == (0, 1, False)
    assert server.asked == ["/updates?limit=2&after=c2"]
    assert world.rows == md5s(1, 2, 3, 4, 5)
    server.asked.clear()
    assert world.pull()[1]["unchanged"] == 2
    assert server.asked[0] == "/updates?limit=2"


def test_a_walk_that_is_cut_goes_on_and_an_old_cursor_begins_again(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811
    three_pages(server)
    last = "/updates?limit=2&after=c2"
    server.answers[last] = lambda handler: handler.send_error(503)
    settle(world, server, "/updates?limit=2")
    code, summary, _ = world.pull()
    assert (code, summary["imported"], summary["goes_on"]) == (1, 2, True)
    server.answers[last] = lambda handler: handler.send_error(410)
    server.asked.clear()
    assert world.pull()[1]["goes_on"] is False
    assert server.asked == [last]
    three_pages(server)
    server.asked.clear()
    code, summary, _ = world.pull()
    assert (code, summary["imported"], summary["unchanged"]) == (0, 1, 2)
    assert server.asked[0] == "/updates?limit=2"
    assert world.rows == md5s(1, 2, 3, 4, 5)


def test_after_another_import_a_walk_begins_at_its_first_page(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811
    three_pages(server)
    settle(world, server, "/updates?limit=2", max_pages=2)
    world.pull()
    world.shelf.lists.remove("Peer")
    server.asked.clear()
    world.pull()
    assert server.asked[0] == "/updates?limit=2"
    assert world.rows == md5s(1, 2, 3, 4)


def test_a_pull_asks_for_what_changed_since_the_last_one(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811
    first, later = "/updates?limit=2", "/updates?limit=2&start_time=20"
    server.answers |= {first: updates(1, 2, after="c", link="x", at=20), f"{first}&after=c": updates(3, at=10)}
    settle(world, server, first, follow="changes")
    code, summary, _ = world.pull()
    assert (code, summary["imported"], summary["goes_on"]) == (0, 2, False)
    server.asked.clear()
    server.answers[later] = lambda handler: handler.send_error(503)
    assert world.pull()[0] == 1
    server.answers[later] = updates(4, at=30, gone=(1,))
    code, summary, _ = world.pull()
    assert (code, summary["added"], summary["withdrawn"]) == (0, 1, 1)
    assert world.rows == md5s(2, 3, 4)
    server.answers["/updates?limit=2&start_time=30"] = updates()
    for _ in range(2):
        assert world.pull()[0] == 0
    assert server.asked == [later, later, *["/updates?limit=2&start_time=30"] * 2]
    server.asked.clear()
    assert world.pull("--again")[0] == 0
    assert server.asked == [first, f"{first}&after=c"]


def test_changes_of_which_a_page_was_bad_are_asked_for_again(
    peer: tuple[World, PeerServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, server = peer  # noqa: F811
    first, later = "/updates?limit=2", "/updates?limit=2&start_time=20"
    server.answers |= {first: updates(1, at=20), later: updates(2, after="c", link="x", at=30)}
    server.answers[f"{later}&after=c"] = updates(3, at=31)
    settle(world, server, first, follow="changes")
    world.pull()

    def refused(session: Any, output: Any, into: Any, file: Any) -> Any:
        if file.label == "file 2":
            raise Malformed("a page that is bad")
        return send_file(session, output, into, file)

    with monkeypatch.context() as patched:
        patched.setattr(pull_pages, "send_file", refused)
        code, summary, _ = world.pull()
    assert (code, summary["imported"], summary["failed"], world.rows) == (1, 1, 1, md5s(1, 2))
    server.asked.clear()
    code, summary, _ = world.pull()
    assert (code, summary["imported"], summary["unchanged"], world.rows) == (0, 1, 1, md5s(1, 2, 3))
    assert server.asked == [later, f"{later}&after=c"]


@pytest.mark.parametrize(
    ("after", "link", "why"),
    [
        ("", "https://other.example/updates?after=c1", "another address"),
        ("", "http://127.0.0.1/updates?after=c1", "another address"),
        ("same", "x", "same page again"),
        ("", "nothing", "not an address"),
    ],
)
def test_a_next_page_elsewhere_or_twice_ends_the_walk(
    peer: tuple[World, PeerServer], after: str, link: str, why: str
) -> None:
    world, server = peer  # noqa: F811
    server.answers |= {"/updates": updates(1, after="same", link="x")}
    server.answers |= {"/updates?after=same": updates(2, after=after, link=link)}
    settle(world, server, "/updates")
    code, summary, pages = world.pull()
    assert (code, summary["imported"], summary["failed"]) == (1, 2, 1)
    assert why in pages[0]["error"]["message"]
    assert "other.example" not in json.dumps(pages)
    assert world.rows == md5s(1, 2)
    assert len(server.asked) == 2


def test_all_pages_together_are_bounded_in_bytes(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811
    three_pages(server)
    for path, page in list(server.answers.items()):
        assert isinstance(page, bytes)
        server.answers[path] = page + b" " * (600 << 10)
    settle(world, server, "/updates?limit=2", max_total_mebibytes=1)
    code, summary, pages = world.pull()
    assert (code, summary["imported"], summary["goes_on"]) == (1, 1, True)
    assert "more than 1 MiB" in pages[0]["error"]["message"]


def test_a_set_is_whole_or_nothing_of_it_is_deleted(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811
    three_pages(server)
    settle(world, server, "/updates?limit=2", whole="yes")
    world.pull()
    server.answers["/updates?limit=2&after=c2"] = updates(6, after="c3")
    settle(world, server, "/updates?limit=2", whole="yes", max_pages=2)
    for _ in range(2):
        code, summary, pages = world.pull()
        assert (code, summary["kept_back"], summary["goes_on"]) == (1, True, False)
        assert "max_pages" in pages[0]["error"]["remedy"]
        assert world.rows == md5s(1, 2, 3, 4, 5)
    settle(world, server, "/updates?limit=2", whole="yes")
    code, summary, _ = world.pull()
    assert (code, summary["kept_back"], summary["withdrawn"]) == (0, False, 1)
    assert world.rows == md5s(1, 2, 3, 4, 6)


def test_pages_of_misp_are_asked_for_by_number(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811
    path = "/events/restSearch/limit:1/page:{}"
    pages = [event(1), event(2), "[]"]
    for number, page in enumerate(pages, 1):
        server.answers[path.format(number)] = f'{{"response": {page if page == "[]" else f"[{page}]"}}}'.encode()
    settle(world, server, path.format("{page}"), format="misp")
    code, summary, _ = world.pull()
    assert (code, summary["pages"], world.rows) == (0, 3, md5s(1, 2))
    assert {headers["Accept"] for headers in server.headers} == {"application/json"}
    # A server that does not know numbers of pages gives the first one for ever.
    server.answers |= {path.format(number): f"[{event(1)}]".encode() for number in range(1, 9)}
    code, summary, lines = world.pull()
    assert (code, summary["failed"]) == (1, 1)
    assert "same page again" in lines[0]["error"]["message"]


def test_a_redirect_never_gets_the_credentials(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811

    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("Location", server.url("/other").replace("127.0.0.1", "localhost"))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.answers |= {"/a": redirect, "/other": updates(1)}
    settle(world, server, "/a")
    code, _, pages = world.pull()
    assert code == 1
    assert "not followed" in pages[0]["error"]["remedy"]
    assert server.asked == ["/a"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_peer_that_refuses_the_credentials_is_told_without_them(peer: tuple[World, PeerServer], status: int) -> None:
    world, server = peer  # noqa: F811
    # Some servers repeat what they were sent.
    server.answers["/a"] = lambda handler: handler.send_error(status, SECRET, SECRET)
    settle(world, server, "/a")
    code, _, said = world.vigil("pull", "p")
    assert code == 1
    assert f"does not let this node in (status {status})" in said
    assert SECRET not in said


def test_a_certificate_of_another_authority_gets_no_credentials(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811
    (world.home.parent / "ca.pem").write_bytes(Authority().pem)
    server.answers["/a"] = updates(1)
    settle(world, server, "/a")
    assert world.pull()[0] == 1
    assert server.headers == []


def test_credentials_that_others_can_read_are_not_sent(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811
    (world.home.parent / "peer.headers").chmod(0o644)
    server.answers["/a"] = updates(1)
    settle(world, server, "/a")
    code, _, said = world.vigil("pull", "p")
    assert code == 2
    assert "chmod 600" in said
    assert SECRET not in said
    assert server.asked == []


def test_without_following_one_page_is_read_and_the_rest_is_told(peer: tuple[World, PeerServer]) -> None:
    world, server = peer  # noqa: F811
    three_pages(server)
    settle(world, server, "/updates?limit=2", follow="no")
    code, _, pages = world.pull()
    assert (code, server.asked) == (0, ["/updates?limit=2"])
    assert "more-pages" in json.dumps(pages)
