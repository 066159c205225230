"""Which pages of a peer are read: a cursor of what the list has of each page.

Rules this module upholds:

- A page is known by the SHA-256 of its name, and its content by its SHA-256. No name and no address is kept, but where
  a walk over following pages stopped (path, query and cursor of the page that comes next).
- A page is left out only if its content is what the list has of it. If somebody else changed the list, or the settings
  of the peer changed, every page is read again: an import may be repeated.
- A cursor states no more than the node has stored: it is written after the import.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from node.errors import Damaged
from node.usecases.page_walk import Stop

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from node.domain.peers import Peer

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_FIELDS: Final = {"list", "format", "mark", "is_whole", "pages"}
_STOPS: Final = "stops"
"""Absent where every walk begins at its first page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledPage:
    """One page of a peer. `name` and `digest`: SHA-256 of its name and of its content, in hex."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """What a list has of a peer. `list` and `format`: of the peer's settings; `mark`: the last import into the list
    (`mark_of`). `is_whole`: whether the list has the rows of these pages, and no others. `pages`: name -> digest.
    `stops`: SHA-256 of an address -> where the next walk over its pages begins, if not at the first page.
    """

    list: str = ""
    format: str = ""
    mark: str = ""
    is_whole: bool = False
    pages: Mapping[str, str] = field(default_factory=dict)
    stops: Mapping[str, Stop] = field(default_factory=dict)

    def of(self, peer: Peer, mark: str) -> Cursor:
        """This cursor, or an empty one if it does not describe the list as it is now."""
        fits = bool(mark) and (self.list, self.format, self.mark) == (peer.list, peer.format, mark)
        return self if fits else Cursor()

    def has(self, page: PulledPage) -> bool:
        """Whether the list has this page as it is."""
        return self.pages.get(page.name) == page.digest

    def is_exactly(self, pages: Iterable[PulledPage]) -> bool:
        """Whether the list has the rows of these pages, and no others."""
        return self.is_whole and self.pages == {page.name: page.digest for page in pages}


def mark_of(known: Mapping[str, Any] | None) -> str:
    """What changes with every import into a list, of its line; "" for a list that does not exist."""
    return "" if known is None else f"{known['files']} {known['imported_at']} {known['sha256_of_file']}"


def cursor_text(cursor: Cursor) -> str:
    """A cursor as JSON."""
    values = {name: getattr(cursor, name) for name in _FIELDS} | {"pages": dict(cursor.pages)}
    if cursor.stops:
        values[_STOPS] = {name: list(stop) for name, stop in cursor.stops.items()}
    return json.dumps(values, sort_keys=True, indent=1) + "\n"


def read_cursor(text: str) -> Cursor:
    """The inverse of `cursor_text`. Raises `Damaged`."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or set(given) - {_STOPS} != _FIELDS:
        raise _damaged()
    given[_STOPS] = _stops(given.get(_STOPS, {}))
    pages = given["pages"]
    texts = (given["list"], given["format"], given["mark"])
    if not isinstance(pages, dict) or not isinstance(given["is_whole"], bool):
        raise _damaged()
    if not all(isinstance(each, str) for each in texts):
        raise _damaged()
    if not all(isinstance(each, str) and _SHA256.fullmatch(each) for pair in pages.items() for each in pair):
        raise _damaged()
    return Cursor(**given)


def _stops(given: object) -> dict[str, Stop]:
    if not isinstance(given, dict):
        raise _damaged()
    stops: dict[str, Stop] = {}
    for name, said in given.items():
        if not _SHA256.fullmatch(name) or not isinstance(said, list) or len(said) != len(Stop._fields):
            raise _damaged()
        page, target, since = said
        if type(page) is not int or not isinstance(target, str) or not isinstance(since, str):
            raise _damaged()
        stops[name] = Stop(page, target, since)
    return stops


def _damaged() -> Damaged:
    return Damaged(
        "the file that says what was read of the peer is damaged",
        remedy="pull with --again: every file is read again, and the list stays as it is",
    )
