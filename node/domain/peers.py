"""Peers: systems of this country whose lists a node pulls, such as a MISP or an HMA instance.

Rules this module upholds:

- A pull is one-way and read-only: nothing of this node reaches a peer.
- A peer is a section `[peers.NAME]` of vigil.toml. Its source is a path on this machine, or HTTPS addresses with the CA
  that the peer's certificate must be of. Nothing else is reached.
- A credential is never in vigil.toml: the section names a file that has it. It is sent to the peer's own addresses
  alone.
- Every fault of a section is told at once, each with its key. An unknown key is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from node.domain.handling import CODES
from node.domain.lists import MAX_LIST_NAME
from node.domain.texts import checked_text
from node.errors import Misuse

DEFAULT_MEBIBYTES: Final = 256
"""Size of one page that comes over HTTPS, at most, unless the section says otherwise."""
DEFAULT_TIMEOUT_SECONDS: Final = 300
"""How long one page may take over HTTPS, unless the section says otherwise."""
MAX_URLS: Final = 1_000
FOLLOWED: Final = ("misp", "ncmec", "stopncii", "tat", "threatexchange")
"""Formats whose pages say which page follows, or that are asked for by number (misp)."""
CHANGES: Final = ("ncmec", "stopncii", "tat", "threatexchange")
"""Those that can be asked for what changed since a time."""
PAGE_NUMBER: Final = "{page}"
"""Stands in an address for the number of the page, from 1. No address has these brackets itself."""
NUMBERED: Final = "misp"
"""The format whose pages are asked for by number."""
DEFAULT_PAGES: Final = 1_000
"""Pages that one pull follows, at most, unless the section says otherwise."""
DEFAULT_TOTAL_MEBIBYTES: Final = 4_096
"""Size of all pages of one pull that follows pages, at most, unless the section says otherwise."""
_MAX_MEBIBYTES: Final = 65_536
_MAX_TOTAL_MEBIBYTES: Final = 1_048_576
_MAX_PAGES: Final = 1_000_000
_MAX_TIMEOUT_SECONDS: Final = 86_400
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_URL: Final = re.compile(r"https://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?(/[!-~]*)?")
_MAX_URL: Final = 2_000
_MAX_PORT: Final = 65_535
_HTTPS_PORT: Final = 443
_CHANGES: Final = "changes"
_LEVELS: Final = ("national", "hit-no-hit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One page over HTTPS. `target`: path and query, as they are sent."""

    host: str
    port: int
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A source of one list. Exactly one of `path` (absolute: a file or a folder) and `urls` is set; `ca`: absolute path
    of the PEM of the CA, set if `urls` is.

    `format`: as of `--as`, "" to tell it by content; `list`: the name of the list. `is_whole`: whether the pages
    together are the whole list, so that rows that none of them names are deleted. `provider`, `level` and `code`: terms
    of the list, "" if not stated. `max_bytes` and `timeout_seconds`: of one page over HTTPS.

    `credentials`: absolute path of the file with the headers that the peer wants, "" for none. `follows`: whether the
    pages that follow those of `urls` are read too; then `max_pages` and `max_total_bytes` bound all pages of a pull.
    `asks_changes`: whether a pull asks for what changed since the last one that came to its end.
    """

    name: str
    list: str
    path: str = ""
    urls: tuple[str, ...] = ()
    ca: str = ""
    format: str = ""
    is_whole: bool = False
    provider: str = ""
    level: str = ""
    code: str = ""
    max_bytes: int = DEFAULT_MEBIBYTES << 20
    timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS
    credentials: str = ""
    follows: bool = False
    asks_changes: bool = False
    max_pages: int = DEFAULT_PAGES
    max_total_bytes: int = DEFAULT_TOTAL_MEBIBYTES << 20


def address_of(url: str) -> Address:
    """An HTTPS address. Raises `ValueError` for another scheme, user data, a fragment, a space."""
    found = _URL.fullmatch(url)
    if found is None or len(url) > _MAX_URL or "#" in url:
        raise ValueError("expected https://HOST[:PORT]/PATH")
    port = int(found[2] or _HTTPS_PORT)
    if not 0 < port <= _MAX_PORT:
        raise ValueError("expected https://HOST[:PORT]/PATH")
    return Address(host=found[1].strip("[]"), port=port, target=found[3] or "/")


def read_peers(given: object) -> tuple[dict[str, Peer], list[str]]:
    """(Name -> peer, faults), of the table `peers` of a configuration."""
    if not isinstance(given, Mapping):
        return {}, ["peers: expected sections [peers.NAME]"]
    peers: dict[str, Peer] = {}
    faults: list[str] = []
    for name, table in given.items():
        if not isinstance(table, Mapping) or not _NAME.fullmatch(str(name)):
            faults.append("peers: expected sections [peers.NAME]; NAME has letters, digits, '_' and '-'")
            continue
        found, wrong = _read_peer(name, table)
        faults += [f"peers.{name}.{fault}" for fault in wrong]
        if found is not None and any(found.list == each.list for each in peers.values()):
            faults.append(f"peers.{name}.list: another peer has this list; each needs its own")
        if found is not None:
            peers[name] = found
    return peers, faults


def _read_peer(name: str, table: Mapping[str, Any]) -> tuple[Peer | None, list[str]]:
    faults = [f"{key}: no such setting" for key in table if key not in _SETTINGS]
    values: dict[str, Any] = {}
    for key, (field, parse) in _SETTINGS.items():
        if key in table:
            try:
                values[field] = parse(table[key])
            except (ValueError, Misuse) as error:
                faults.append(f"{key}: {error}")
    if "list" not in table:
        faults.append("list: missing")
    if ("path" in table) == ("url" in table):
        faults.append("path and url: set one of them")
    if ("ca" in table) != ("url" in table):
        faults.append("ca: needed with url, and only with it")
    if "credentials" in table and "url" not in table:
        faults.append("credentials: only with url")
    follow = values.pop("follow", "no")
    values |= {"follows": follow != "no", "asks_changes": follow == _CHANGES}
    faults += _faults_of_following(values)
    return (None if faults else Peer(name=name, **values)), faults


def _faults_of_following(values: Mapping[str, Any]) -> list[str]:
    urls, form = values.get("urls", ()), values.get("format", "")
    numbered = [PAGE_NUMBER in url for url in urls]
    if not values["follows"]:
        return [f"url: {PAGE_NUMBER} needs follow"] if any(numbered) else []
    if not urls:
        return ["follow: only with url"]
    if form not in FOLLOWED:
        return [f"follow: needs format, one of {', '.join(FOLLOWED)}"]
    if values["asks_changes"] and form not in CHANGES:
        return [f"follow: changes needs format, one of {', '.join(CHANGES)}"]
    if values["asks_changes"] and values.get("is_whole"):
        return ["follow: changes are no whole list"]
    if form == NUMBERED and not all(numbered):
        return [f"url: needs {PAGE_NUMBER} where the number of the page stands"]
    if form != NUMBERED and any(numbered):
        return [f"url: pages of {form} have no numbers"]
    return []


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("expected a text")
    return checked_text(value, MAX_LIST_NAME, "the text", Misuse)


def _absolute(value: object) -> str:
    if not isinstance(value, str) or not value.startswith("/") or "\0" in value:
        raise ValueError("expected an absolute path")
    return value


def _urls(value: object) -> tuple[str, ...]:
    stated: list[object] = value if isinstance(value, list) else [value]
    given = [each for each in stated if isinstance(each, str)]
    if not 0 < len(given) <= MAX_URLS or len(given) != len(stated):
        raise ValueError(f"expected an address, or a list of 1 to {MAX_URLS:,}")
    for each in given:
        address_of(each.replace(PAGE_NUMBER, "1"))
    if len(set(given)) != len(given):
        raise ValueError("an address is in the list twice")
    return tuple(given)


def _yes_no(value: object) -> bool:
    if value not in ("yes", "no"):
        raise ValueError('expected "yes" or "no"')
    return value == "yes"


def _one_of(names: tuple[str, ...]) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if not isinstance(value, str) or value not in names:
            raise ValueError(f"expected one of {', '.join(names)}")
        return value

    return parse


def _whole(high: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= high:
            raise ValueError(f"expected a whole number from 1 to {high}")
        return value

    return parse


def _mebibytes(high: int) -> Callable[[object], int]:
    return lambda value: _whole(high)(value) << 20


_SETTINGS: Final[Mapping[str, tuple[str, Callable[[object], Any]]]] = {
    "list": ("list", _text),
    "path": ("path", _absolute),
    "url": ("urls", _urls),
    "ca": ("ca", _absolute),
    "format": ("format", _text),
    "whole": ("is_whole", _yes_no),
    "provider": ("provider", _text),
    "level": ("level", _one_of(_LEVELS)),
    "code": ("code", _one_of(tuple(CODES))),
    "max_mebibytes": ("max_bytes", _mebibytes(_MAX_MEBIBYTES)),
    "timeout_seconds": ("timeout_seconds", _whole(_MAX_TIMEOUT_SECONDS)),
    "credentials": ("credentials", _absolute),
    "follow": ("follow", _one_of(("yes", "no", _CHANGES))),
    "max_pages": ("max_pages", _whole(_MAX_PAGES)),
    "max_total_mebibytes": ("max_total_bytes", _mebibytes(_MAX_TOTAL_MEBIBYTES)),
}
"""Key in the section -> (field of `Peer` or `follow`, how its value is read). Reading raises `ValueError`, `Misuse`."""
