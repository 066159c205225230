"""Peers: systems of this country whose lists a node pulls, such as a MISP or an HMA instance.

Rules this module upholds:

- A pull is one-way and read-only: nothing of this node reaches a peer.
- A peer is a section `[peers.NAME]` of vigil.toml. Its source is a path on this machine, or HTTPS addresses with the CA
  that the peer's certificate must be of. Nothing else is reached.
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
_MAX_MEBIBYTES: Final = 65_536
_MAX_TIMEOUT_SECONDS: Final = 86_400
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_URL: Final = re.compile(r"https://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?(/[!-~]*)?")
_MAX_URL: Final = 2_000
_MAX_PORT: Final = 65_535
_HTTPS_PORT: Final = 443
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
    return (None if faults else Peer(name=name, **values)), faults


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
        address_of(str(each))
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


def _mebibytes(value: object) -> int:
    return _whole(_MAX_MEBIBYTES)(value) << 20


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
    "max_mebibytes": ("max_bytes", _mebibytes),
    "timeout_seconds": ("timeout_seconds", _whole(_MAX_TIMEOUT_SECONDS)),
}
"""Key in the section -> (field of `Peer`, how its value is read). Reading raises `ValueError`, `Misuse`."""
