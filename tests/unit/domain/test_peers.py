"""Sections [peers.NAME] of vigil.toml: what they may say, and that every fault is told."""

from __future__ import annotations

from typing import Any

import pytest

from node import config
from node.config import Home
from node.domain.peers import Address, address_of, read_peers
from node.errors import ConfigError

NODE = {"role": "node", "federation": "test.vigil", "member": "FR", "hub": "h.example:1", "enrolment": "h.example:2"}
URL = "https://misp.example/feed/a.json"


def test_a_section_is_a_peer() -> None:
    given = {"misp": {"path": "/srv/misp", "list": "MISP", "format": "misp", "whole": "yes", "code": "2"}}
    peers, faults = read_peers(given)
    assert faults == []
    peer = peers["misp"]
    assert (peer.name, peer.path, peer.list, peer.format, peer.is_whole, peer.code) == (
        "misp", "/srv/misp", "MISP", "misp", True, "2",
    )  # fmt: skip


def test_an_address_or_several_are_taken_with_their_ca() -> None:
    several = {"url": [URL, URL + "2"], "ca": "/etc/ca.pem", "list": "M", "max_mebibytes": 2, "timeout_seconds": 5}
    peers, faults = read_peers({"a": {"url": URL, "ca": "/etc/ca.pem", "list": "L"}, "b": several})
    assert faults == []
    assert peers["a"].urls == (URL,)
    assert (peers["b"].urls, peers["b"].max_bytes, peers["b"].timeout_seconds) == ((URL, URL + "2"), 2 << 20, 5)


def test_pages_that_follow_are_read_with_bounds() -> None:
    section = {"url": URL + "/page:{page}", "ca": "/c", "list": "M", "format": "misp", "follow": "yes"}
    more = {"max_pages": 5, "max_total_mebibytes": 2, "credentials": "/etc/misp.headers"}
    peers, faults = read_peers({"m": section | more})
    assert faults == []
    peer = peers["m"]
    assert (peer.follows, peer.max_pages, peer.max_total_bytes) == (True, 5, 2 << 20)
    assert (peer.credentials, peer.asks_changes) == ("/etc/misp.headers", False)
    changes = {"url": URL, "ca": "/c", "list": "T", "format": "tat", "follow": "changes"}
    peer = read_peers({"t": changes})[0]["t"]
    assert (peer.follows, peer.asks_changes) == (True, True)


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ({"path": "/a"}, "peers.p.list: missing"),
        ({"list": "L"}, "peers.p.path and url: set one of them"),
        ({"list": "L", "path": "/a", "url": URL, "ca": "/c"}, "peers.p.path and url: set one of them"),
        ({"list": "L", "url": URL}, "peers.p.ca: needed with url, and only with it"),
        ({"list": "L", "path": "/a", "ca": "/c"}, "peers.p.ca: needed with url, and only with it"),
        ({"list": "L", "path": "a"}, "peers.p.path: expected an absolute path"),
        ({"list": "L", "path": "/a", "level": "shared"}, "peers.p.level: expected one of national, hit-no-hit"),
        ({"list": "L", "path": "/a", "code": "9"}, "peers.p.code: expected one of 1, 2, 3"),
        ({"list": "L", "path": "/a", "whole": True}, 'peers.p.whole: expected "yes" or "no"'),
        ({"list": "L\x1b", "path": "/a"}, "peers.p.list: the text holds a character that cannot be shown"),
        ({"list": "L", "path": "/a", "redirects": "yes"}, "peers.p.redirects: no such setting"),
        ({"list": "L", "url": [], "ca": "/c"}, "peers.p.url: expected an address"),
        ({"list": "L", "url": [URL, URL], "ca": "/c"}, "peers.p.url: an address is in the list twice"),
        ({"list": "L", "url": URL, "ca": "/c", "max_mebibytes": 0}, "peers.p.max_mebibytes: expected a whole number"),
        ({"list": "L", "url": URL, "ca": "/c", "timeout_seconds": True}, "peers.p.timeout_seconds: expected a whole"),
        ({"list": "L", "path": "/a", "credentials": "/k"}, "peers.p.credentials: only with url"),
        ({"list": "L", "url": URL, "ca": "/c", "credentials": "k"}, "peers.p.credentials: expected an absolute path"),
        ({"list": "L", "path": "/a", "follow": "yes", "format": "tat"}, "peers.p.follow: only with url"),
        ({"list": "L", "url": URL, "ca": "/c", "follow": "yes"}, "peers.p.follow: needs format"),
        ({"list": "L", "url": URL, "ca": "/c", "follow": "yes", "format": "hma"}, "peers.p.follow: needs format"),
        ({"list": "L", "url": URL, "ca": "/c", "follow": "yes", "format": "misp"}, "peers.p.url: needs {page}"),
        ({"list": "L", "url": URL + "{page}", "ca": "/c"}, "peers.p.url: {page} needs follow"),
        (
            {"list": "L", "url": URL + "{page}", "ca": "/c", "follow": "yes", "format": "tat"},
            "peers.p.url: pages of tat have no numbers",
        ),
        (
            {"list": "L", "url": URL, "ca": "/c", "follow": "changes", "format": "misp"},
            "peers.p.follow: changes needs format",
        ),
        (
            {"list": "L", "url": URL, "ca": "/c", "follow": "changes", "format": "tat", "whole": "yes"},
            "peers.p.follow: changes are no whole list",
        ),
        ({"list": "L", "url": URL, "ca": "/c", "follow": True}, "peers.p.follow: expected one of yes, no, changes"),
        ({"list": "L", "url": URL, "ca": "/c", "max_pages": 0}, "peers.p.max_pages: expected a whole number"),
    ],
)
def test_a_fault_is_told_with_its_key(section: dict[str, Any], fault: str) -> None:
    peers, faults = read_peers({"p": section})
    assert peers == {}
    assert [each for each in faults if each.startswith(fault)]


def test_two_peers_never_share_a_list() -> None:
    """Each would delete the rows of the other."""
    section = {"path": "/a", "list": "L"}
    assert read_peers({"p": section, "q": section})[1] == [
        "peers.q.list: another peer has this list; each needs its own"
    ]


@pytest.mark.parametrize(
    "url",
    [
        "http://misp.example/a",
        "https://user:pass@misp.example/a",
        "https://misp.example/a#b",
        "https://misp.example/a b",
        "https://misp.example/a\r\nHost: other",
        "https://misp.example:0/a",
        "https://misp.example:65536/a",
        "https://misp.example@other/a",
        "https:///a",
        "file:///etc/passwd",
        "HTTPS://misp.example/a",
    ],
)
def test_only_plain_https_addresses_are_taken(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        address_of(url)


def test_an_address_has_host_port_and_target() -> None:
    assert address_of("https://a.example/b?c=d") == Address(host="a.example", port=443, target="/b?c=d")
    assert address_of("https://[::1]:8443") == Address(host="::1", port=8443, target="/")


def test_peers_are_settings_of_a_node() -> None:
    peers = {"peers": {"m": {"path": "/srv/m", "list": "M"}}}
    assert config.parse(NODE | peers, {}).peers["m"].list == "M"
    with pytest.raises(ConfigError, match="only a node pulls lists"):
        config.parse(NODE | peers | {"role": "hub", "member": ""}, {})
    with pytest.raises(ConfigError, match=r"peers.m.list: missing"):
        config.parse(NODE | {"peers": {"m": {"path": "/srv/m"}}}, {})


@pytest.mark.parametrize("wrong", ["x", [], {"a b": {"path": "/a", "list": "L"}}, {"a": "b"}])
def test_what_is_no_section_is_a_fault(wrong: object) -> None:
    with pytest.raises(ConfigError, match=r"expected sections \[peers.NAME\]"):
        config.parse(NODE | {"peers": wrong}, {})


def test_a_changed_setting_of_the_node_never_lands_in_a_section(home: Home) -> None:
    lines = [f'{key} = "{value}"' for key, value in NODE.items()]
    section = '[peers.m]\npath = "/srv/m" # ours\nlist = "M"\n'
    home.config.write_text("\n".join(lines) + "\n\n" + section, "utf-8")
    config.change(home, {"root_sha256": "ab" * 32, "hub": "new.example:1"})
    found = config.load(home, {})
    assert (found.root_sha256, found.hub, found.peers["m"].path) == ("ab" * 32, "new.example:1", "/srv/m")
    assert home.config.read_text("utf-8").endswith(section)


@pytest.fixture
def home(tmp_path: Any) -> Home:
    return Home(folder=tmp_path)
