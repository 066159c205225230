"""A request as the handlers of the desk see it, and the page that they answer with.

Rules this module upholds:

- A handler reaches the daemon only for the officer who is signed in: the token goes along and cannot be left out.
- What a browser sends is bounded here: the number and the length of its fields.
"""

from __future__ import annotations

import datetime as dt
from contextlib import aclosing
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from node.domain.calendar import EPOCH
from node.errors import Malformed, VigilError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from node.desk.languages import Language
    from node.desk.people import Person
    from node.desk.ports import Daemon, Line

MAX_FIELDS: Final = 2_000
"""Fields of a form. A sheet has 60 tiles; a release names some hundred holdings."""
MAX_FIELD: Final = 256 * 1024
"""Bytes of one field."""
MAX_NUMBER: Final = 2**63 - 1
_FROM_SCRIPT: Final = "hx-request"


@dataclass(frozen=True, slots=True)
class Page:
    """A template (a path under `templates/`) and its values. `status`: of HTTP."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. `token`: of the session, b"" if nobody is signed in. `nonce`: of this response's scripts."""

    request: Request
    language: Language
    daemon: Daemon
    nonce: str
    token: bytes = b""
    person: Person | None = None

    @property
    def who(self) -> Person:
        """Who is signed in. Only for handlers of routes that need a sign-in."""
        if self.person is None:
            raise HTTPException(401)
        return self.person

    @property
    def is_partial(self) -> bool:
        """Whether a script asks, which puts the answer into a page that it has."""
        return self.request.headers.get(_FROM_SCRIPT) == "true"

    # --- what the browser sent ----------------------------------------------------------------------------------------

    def part(self, name: str) -> str:
        """A named part of the path."""
        return str(self.request.path_params[name])

    def path_number(self, name: str) -> int:
        """A named part of the path that is a whole number. Raises `Malformed`."""
        return whole(self.part(name), name)

    def text(self, name: str, otherwise: str = "") -> str:
        """A parameter of the address."""
        return self.request.query_params.get(name, otherwise)

    def texts(self, name: str) -> list[str]:
        """All parameters of the address with this name."""
        return self.request.query_params.getlist(name)

    def number(self, name: str, otherwise: int = 0) -> int:
        """A whole number in the address, not negative. Raises `Malformed`."""
        text = self.text(name)
        return whole(text, name) if text else otherwise

    async def form(self) -> Form:
        """The fields of the form. Files are refused: the desk takes none. Raises `Malformed`."""
        data = await self.request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD)
        return Form(data)

    def to(self, route: str, /, **query: Any) -> Response:  # noqa: ANN401 (text or numbers)
        """To another page, after a form was sent (RFC 9110, 303 See Other). `route`: its name."""
        address = str(self.request.app.url_path_for(route))
        return RedirectResponse(f"{address}?{urlencode(query)}" if query else address, HTTPStatus.SEE_OTHER)

    # --- the daemon ---------------------------------------------------------------------------------------------------

    def lines(self, command: str, items: Iterable[Line] = (), /, **arguments: Any) -> AsyncIterator[Line]:  # noqa: ANN401 (JSON)
        """The lines of a command, as they come. Close the iterator to end the command."""
        return self.daemon.call(command, arguments, self.token, items)

    async def rows(self, command: str, items: Iterable[Line] = (), /, **arguments: Any) -> list[Line]:  # noqa: ANN401 (JSON)
        """All lines of a command that has no summary."""
        lines = cast("AsyncGenerator[Line, None]", self.lines(command, items, **arguments))
        async with aclosing(lines):
            return [line async for line in lines]

    async def listed(self, command: str, items: Iterable[Line] = (), /, **arguments: Any) -> tuple[list[Line], Line]:  # noqa: ANN401 (JSON)
        """The lines of a command: all but the last, and the last, which sums them up."""
        found = await self.rows(command, items, **arguments)
        if not found:
            raise VigilError("the daemon sent no line", remedy="restart the daemon")
        return found[:-1], found[-1]

    async def one(self, command: str, items: Iterable[Line] = (), /, **arguments: Any) -> Line:  # noqa: ANN401 (JSON)
        """The line of a command that has exactly one."""
        before, last = await self.listed(command, items, **arguments)
        if before:
            raise VigilError(f"the daemon sent {len(before) + 1} lines instead of one", remedy="restart the daemon")
        return last


class Form:
    """The fields of a form that was sent."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def text(self, name: str, otherwise: str = "") -> str:
        """A field. A browser ends lines with CR LF; here they end with LF (HTML, "multipart/form-data")."""
        value = self._data.get(name, otherwise)
        if not isinstance(value, str):
            raise Malformed("the desk takes no files", remedy="name a folder of the node instead")
        return value.replace("\r\n", "\n")

    def texts(self, name: str) -> list[str]:
        """All fields of this name."""
        return [value for value in self._data.getlist(name) if isinstance(value, str)]

    def flag(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.text(name))

    def number(self, name: str) -> int:
        """A whole number, not negative. Raises `Malformed`."""
        return whole(self.text(name), name)

    def numbers(self, name: str) -> list[int]:
        """All whole numbers of this name. Raises `Malformed`."""
        return [whole(text, name) for text in self.texts(name)]


def day(text: str) -> int:
    """The days since 1970 of a date that a browser writes, YYYY-MM-DD (HTML, "Dates"). Raises `Malformed`."""
    try:
        return (dt.date.fromisoformat(text) - EPOCH).days
    except ValueError:
        raise Malformed("this is no day", remedy="write it as YYYY-MM-DD, for example 2031-12-31") from None


def whole(text: str, name: str) -> int:
    """`text` as a whole number, not negative. Raises `Malformed`."""
    if not text.isascii() or not text.isdigit() or int(text[:20]) > MAX_NUMBER:
        raise Malformed(f"{name} is not a whole number", remedy="go back to the page and try again")
    return int(text)
