"""A walk over the pages of one address of a peer: which page is next, and when it ends. It does no I/O.

Rules this module upholds:

- A walk never leaves its address: only the query changes, or the number in the address. A page that names another host,
  another port or plain HTTP ends the walk as a fault of the peer. So a credential reaches no other machine.
- A page that was asked for is not asked for again: a cursor that repeats ends the walk as a fault of the peer.
- A walk that stops before its end says where (`Stop`), and another one can go on there. One that came to its end may
  say from which time on the next one asks for changes: that time holds only then.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote_plus

from node.domain.peers import PAGE_NUMBER, address_of
from node.errors import Malformed

if TYPE_CHECKING:
    from node.domain.peers import Address

MAX_TARGET: Final = 8_000
"""Characters of path and query. Servers refuse more."""
_ORIGIN: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*")
_TARGET: Final = re.compile(r"/[!\"$-~]*")
_NO_ADDRESS: Final = "the address of the next page is not an address"
_OPERATOR: Final = "ask who runs the peer"


class Stop(NamedTuple):
    """Where a walk goes on. `page`: number of the page that comes next, from 1; `target`: its path and query; `since`:
    the latest time that the pages before it told.
    """

    page: int
    target: str
    since: str = ""


class Walk:
    """`url`: of the first page, with `PAGE_NUMBER` in it if pages are asked for by number; `stop`: where an earlier
    walk over the same address stopped, None to begin at the first page. `resumes`: whether the next page is that one.
    """

    def __init__(self, url: str, stop: Stop | None = None) -> None:
        self._url = url
        self._own = address_of(url.replace(PAGE_NUMBER, "1"))
        self.resumes = stop is not None and self._is_own(stop)
        self.stop = stop if stop is not None and self.resumes else Stop(1, self._own.target)
        self._asked = {self.stop.target}
        self._digest = ""
        self._since = stop.since if stop is not None and self.resumes else ""

    @property
    def address(self) -> Address:
        """Of the page that comes next."""
        return replace(self._own, target=self.stop.target)

    @property
    def name(self) -> str:
        """Names the page that comes next: the same in each walk, although cursors change."""
        return self._url if self.stop.page == 1 else f"{self._url} {self.stop.page}"

    def go(self, digest: str, *, link: str = "", parameter: str = "", token: str = "") -> None:
        """Goes on from a page to the next. `digest`: of the page that was read; the others as in `next_pages.Onward`.
        Raises `Malformed` if the next page is one that was asked for, or lies elsewhere.
        """
        if PAGE_NUMBER in self._url:
            target = address_of(self._url.replace(PAGE_NUMBER, str(self.stop.page + 1))).target
        elif parameter:
            target = self._with(parameter, token)
        else:
            target = self._with_query(self._query_of(link))
        if target in self._asked or digest == self._digest:
            raise Malformed("the peer gives the same page again as the next one", remedy=_OPERATOR)
        if not _is_target(target):
            raise Malformed(_NO_ADDRESS, remedy=_OPERATOR)
        self._asked.add(target)
        self._digest = digest
        self.resumes = False
        self.stop = Stop(self.stop.page + 1, target, self._since)

    def tells_until(self, since: str) -> None:
        """Notes the time until which a page tells, "" if it does not say. Times of one peer have one form."""
        self._since = max(self._since, since, key=lambda each: (len(each), each))

    def end(self, parameter: str) -> Stop | None:
        """Where the next walk begins: at the changes since the latest time, which is asked for by `parameter`. None if
        no page told a time.
        """
        if not self._since:
            return None
        target = self._with(parameter, self._since, of=self._own.target)
        return Stop(1, target, self._since) if _is_target(target) else None

    def _with(self, parameter: str, value: str, of: str = "") -> str:
        """The target of the page that was read, or `of`, with one parameter of its query set."""
        return self._with_query(_with((of or self.stop.target).partition("?")[2], parameter, value))

    def _with_query(self, query: str) -> str:
        return f"{self._own.target.partition('?')[0]}?{query}"

    def _query_of(self, link: str) -> str:
        """The query of a link, which may be an address, a path of the service, or the query alone."""
        if found := _ORIGIN.match(link):
            stated = found[0] if found[1] else f"https:{found[0]}"
            if not self._is_here(stated):
                raise Malformed("the next page lies at another address, which is not asked", remedy=_OPERATOR)
            link = link[found.end() :] or "/"
        before, mark, query = link.partition("?")
        if "=" in before and not before.startswith("/"):
            return link
        if mark:
            return query
        raise Malformed(_NO_ADDRESS, remedy=_OPERATOR)

    def _is_here(self, origin: str) -> bool:
        try:
            stated = address_of(origin)
        except ValueError:
            return False
        return (stated.host.lower(), stated.port) == (self._own.host.lower(), self._own.port)

    def _is_own(self, stop: Stop) -> bool:
        """Whether a stop is of this address: settings may have changed meanwhile."""
        if stop.page < 1 or not _is_target(stop.target):
            return False
        if PAGE_NUMBER in self._url:
            return stop.target == address_of(self._url.replace(PAGE_NUMBER, str(stop.page))).target
        return stop.target.partition("?")[0] == self._own.target.partition("?")[0]


def _is_target(target: str) -> bool:
    return len(target) <= MAX_TARGET and _TARGET.fullmatch(target) is not None


def _with(query: str, name: str, value: str) -> str:
    """A query with one parameter set. The others stay as they are."""
    kept = [part for part in query.split("&") if part and unquote_plus(part.partition("=")[0]) != name]
    return "&".join([*kept, f"{name}={quote(value, safe='', errors='replace')}"])
