"""The desk as an ASGI application: routes, who is signed in, and what an error looks like.

Rules this module upholds:

- Each request passes the same way: host, origin, limits, session, role, factor, handler, headers.
- An error of the daemon becomes a page that says what is wrong and what to do. Nothing else of an error is shown.
- An unexpected exception is logged by the name of its class alone.
- A session that has ended leaves the page as it is: a script shows the sign-in above it, so that nothing typed is lost.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route as WebRoute

from node import errors
from node.desk import cookies, security
from node.desk.asked import Asked, Page
from node.desk.languages import choose
from node.desk.pages import routes
from node.desk.people import person_of
from node.desk.rendering import Renderer, StaticFiles
from node.desk.route_table import Access
from node.desk.running import Running
from node.errors import VigilError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from node.desk.pace import Pace
    from node.desk.people import Person
    from node.desk.ports import Daemon
    from node.desk.route_table import Route

MAX_BODY: Final = 1024 * 1024
"""Bytes of a request. The largest is a list of hashes that is searched."""
_STATUS: Final[dict[type[VigilError], HTTPStatus]] = {
    errors.FactorNeeded: HTTPStatus.UNAUTHORIZED,
    errors.Refused: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Misuse: HTTPStatus.BAD_REQUEST,
    errors.PeerFault: HTTPStatus.BAD_REQUEST,
    errors.Overloaded: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the application is made of. `origin`: the desk's own, for example https://desk.police.example:8443."""

    daemon: Daemon
    origin: str
    pace: Pace

    def application(self) -> Starlette:
        """The application over the routes of all desks: the session says whether its home is a node or a hub."""
        return build(self, routes())


def build(desk: Desk, table: Sequence[Route]) -> Starlette:
    """An application over these routes."""
    app = Starlette(middleware=[Middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY)])
    renderer = Renderer(StaticFiles(), lambda name, **parts: str(app.url_path_for(name, **parts)))
    front = Front(desk, renderer)
    for each in table:
        app.router.routes.append(WebRoute(each.path, front.endpoint(each), methods=[each.method], name=each.name))
    app.add_exception_handler(HTTPException, front.refused)
    app.add_exception_handler(Exception, front.broke)
    app.state.renderer = renderer
    app.state.running = Running()
    app.add_middleware(_Protection)
    return app


class Front:
    """What stands before every handler."""

    def __init__(self, desk: Desk, renderer: Renderer) -> None:
        self._desk = desk
        self._renderer = renderer
        parts = urlsplit(desk.origin)
        self._hosts = frozenset({parts.netloc, parts.netloc.removesuffix(":443")})

    def endpoint(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of this route."""

        async def answer(request: Request) -> Response:
            self._check(request, route)
            asked = self._nobody(request)
            try:
                if route.work is not Access.PUBLIC:
                    asked = await self._somebody(asked, quiet=route.quiet)
                return await self._admitted(route, asked)
            except VigilError as error:
                return self._fault(asked, error)
            except HTTPException:
                raise
            except ClientDisconnect:
                return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody is there to read it
            except Exception as error:  # noqa: BLE001 (nothing of it may reach the page or the log but its class)
                return await self.broke(request, error)

        return answer

    def _check(self, request: Request, route: Route) -> None:
        if not security.is_own_host(request, self._hosts):
            self._note(route, "host")
            raise HTTPException(HTTPStatus.MISDIRECTED_REQUEST)
        fault = security.fault_of(request, self._desk.origin)
        if fault:
            self._note(route, fault)
            raise HTTPException(HTTPStatus.FORBIDDEN)
        if not self._desk.pace.admits(_whence(request), route):
            self._note(route, "pace")
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS)

    def _nobody(self, request: Request) -> Asked:
        """The request without its session. A public page uses none: an old cookie must not stop a new sign-in."""
        language = choose(cookies.language_of(request), request.headers.get("accept-language", ""))
        return Asked(request=request, language=language, daemon=self._desk.daemon, nonce=request.state.nonce)

    @staticmethod
    async def _somebody(asked: Asked, *, quiet: bool) -> Asked:
        """The request with its session, as far as the daemon knows it."""
        token = cookies.session_of(asked.request)
        if not token:
            return asked
        person: Person | None = None
        with suppress(errors.Refused, errors.NotFound):
            lines = [line async for line in asked.daemon.call("desk-session", {"quiet": quiet}, token)]
            person = person_of(lines[-1])
        return replace(asked, token=token, person=person)

    async def _admitted(self, route: Route, asked: Asked) -> Response:
        if not route.admits(asked.person):
            if asked.person is None:
                return self._sign_in(asked)
            self._note(route, "role")
            return self._shown(asked, _bare("role", HTTPStatus.FORBIDDEN))
        if route.fresh and not asked.who.is_fresh:
            return self._factor(asked)
        made = await route.handler(asked)
        return self._shown(asked, made) if isinstance(made, Page) else made

    def _shown(self, asked: Asked, page: Page) -> Response:
        return HTMLResponse(self._renderer.html(asked, page), page.status, dict(page.headers))

    def _sign_in(self, asked: Asked) -> Response:
        """To the sign-in. A script gets a status alone, and shows the sign-in above its page; so does a stream, which
        cannot read a page.
        """
        is_stream = asked.request.headers.get("accept", "").startswith("text/event-stream")
        if asked.is_partial or is_stream or asked.request.method != "GET":
            return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"vigil-needs": "sign-in"})
        return RedirectResponse(f"/sign-in?next={quote(_own_path(asked.request))}", HTTPStatus.SEE_OTHER)

    def _factor(self, asked: Asked) -> Response:
        """To the page that asks for a factor again."""
        if asked.is_partial:
            return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"vigil-needs": "factor"})
        return RedirectResponse(f"/factor?next={quote(_own_path(asked.request))}", HTTPStatus.SEE_OTHER)

    def _fault(self, asked: Asked, error: VigilError) -> Response:
        if isinstance(error, errors.FactorNeeded):
            return self._factor(asked)
        status = next(
            (_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), HTTPStatus.INTERNAL_SERVER_ERROR
        )
        values = {"kind": error.kind, "text": asked.language.message(error), "remedy": asked.language.remedy(error)}
        template = "fault_part.html" if asked.is_partial else "fault.html"
        # A script that shows the text needs no HTML for it.
        headers = {"vigil-fault": quote(values["text"])} if asked.is_partial else {}
        return self._shown(asked, Page(template, values, status, headers))

    async def refused(self, request: Request, error: Exception) -> Response:
        """A request that no handler saw: no such page, a foreign origin, too much of something."""
        status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
        return await self._without_handler(request, status)

    async def broke(self, request: Request, error: Exception) -> Response:
        """An exception that nobody expected."""
        _log.error("a page broke", what=type(error).__name__)
        return await self._without_handler(request, HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _without_handler(self, request: Request, status: int) -> Response:
        return self._shown(self._nobody(request), _bare(f"status-{int(status)}", status))

    def _note(self, route: Route, why: str) -> None:
        """The security log: what was refused and why; no person, no address, no text of the request."""
        _log.warning("the desk refused a request", route=route.name, why=why)


class _Protection:
    """Gives each request its nonce, and each response its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI 3."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = security.new_nonce()
        scope.setdefault("state", {})["nonce"] = nonce
        keep = scope["path"].startswith("/static/")

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                security.protect(headers, nonce, keep=keep and message["status"] == HTTPStatus.OK)
            await send(message)

        await self._app(scope, receive, protected)


def _bare(kind: str, status: int) -> Page:
    """A page about a fault that is not the daemon's."""
    return Page("fault.html", {"kind": kind, "text": "", "remedy": ""}, status)


def _own_path(request: Request) -> str:
    """The page to come back to: this one, or for a form the page that it is on."""
    parts = urlsplit(str(request.url) if request.method == "GET" else request.headers.get("referer", "/"))
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _whence(request: Request) -> Any:  # noqa: ANN401 (any key)
    return request.client.host if request.client else ""
