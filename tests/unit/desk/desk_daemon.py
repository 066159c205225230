"""For tests of the desk: a daemon with scripted answers and sessions of every role, and a browser."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette

from node.desk.application import Desk, build
from node.desk.cookies import SESSION
from node.desk.pace import Pace
from node.desk.pages import routes
from node.desk.ports import Daemon, Line
from node.desk.route_table import Route
from node.domain.caller import Role
from node.domain.rights import HUB_ROLES, RIGHTS
from node.errors import NotFound, Refused, VigilError

ORIGIN = "https://desk.test:8443"
CODE = "good-code"


def token_of(role: Role) -> bytes:
    """The token of the session of an officer with this role."""
    return role.value.encode().ljust(32, b".")


@dataclass
class DeskDaemon:
    """Answers commands with the given lines, and remembers what was asked and with which token."""

    answers: dict[str, list[Line] | VigilError] = field(default_factory=dict)
    asked: list[tuple[str, Line, bytes]] = field(default_factory=list)
    fresh: bool = True
    exercise: bool = False
    previews: bool = True

    async def call(
        self, command: str, arguments: Line, token: bytes = b"", items: Iterable[Line] = ()
    ) -> AsyncIterator[Line]:
        self.asked.append((command, arguments, token))
        if command == "desk-session":
            yield self._session(token)
            return
        if command == "news" and command not in self.answers:
            if "since" in arguments:
                raise Refused("this daemon has no news", remedy="ask later")  # ends the stream, so that a test ends
            yield {"mark": "0.0.0", "hits": 0, "alerts": 0, "answers": 0}
            return
        if command == "media-views" and command not in self.answers:
            yield {"today": 0, "left": None, "minutes": 0, "break_due": False}
            return
        if command == "sign-in-code":
            if arguments["code"] != CODE:
                raise Refused("this code is not valid", remedy="ask your administrator for a new code")
            yield {"token": token_of(Role.INVESTIGATOR).hex()}
            return
        answer = self.answers.get(command)
        if answer is None:
            raise NotFound(f"no answer is scripted for {command}")
        if isinstance(answer, VigilError):
            raise answer
        for line in answer:
            yield line

    def of(self, command: str) -> list[Line]:
        """The arguments of each call of this command."""
        return [arguments for name, arguments, _ in self.asked if name == command]

    def _session(self, token: bytes) -> Line:
        role = next((each for each in Role if token_of(each) == token), None)
        if role is None:
            raise Refused("this session has ended")
        now = int(time.time())
        is_hub = role in HUB_ROLES and role is not Role.AUDITOR
        return {
            "officer": f"The {role.value}",
            "role": role.value,
            "works": [work.name.lower().replace("_", "-") for work in RIGHTS[role]],
            "fresh_until": now + 300 if self.fresh else 0,
            "idle_until": now + 900,
            "ends_at": now + 36_000,
            "exercise": self.exercise,
            "previews": self.previews,
            "home": {
                "role": "hub" if is_hub else "node",
                "federation": "vigil.test",
                "member": "" if is_hub else "FR",
                "name": "Test",
            },
        }


def application(daemon: Daemon, table: Iterable[Route] | None = None) -> Starlette:
    """The desk over this daemon; `table`: further routes."""
    desk = Desk(daemon=daemon, origin=ORIGIN, pace=Pace(lambda: 0.0))
    return desk.application() if table is None else build(desk, (*routes(), *table))


def browser(app: Starlette, role: Role | None = None) -> httpx.AsyncClient:
    """A browser of an officer with this role; None: of nobody. It sends what a page of the desk sends."""
    made = httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url=ORIGIN,
        headers={"origin": ORIGIN, "sec-fetch-site": "same-origin", "sec-fetch-dest": "document"},
    )
    if role is not None:
        made.headers["cookie"] = f"{SESSION}={cookie_of(role)}"
    return made


def one(
    daemon: Daemon,
    send: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]],
    role: Role | None = Role.INVESTIGATOR,
    table: Iterable[Route] | None = None,
) -> httpx.Response:
    """The response to one request of an officer with this role. `table`: as `application`."""

    async def run() -> httpx.Response:
        async with browser(application(daemon, table), role) as client:
            return await send(client)

    return asyncio.run(run())


def cookie_of(role: Role) -> str:
    """The cookie of a session of this role."""
    return base64.urlsafe_b64encode(token_of(role)).rstrip(b"=").decode()
