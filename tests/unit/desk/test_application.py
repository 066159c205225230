"""The way of every request: host, origin, session, role, factor, and what an error looks like."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import httpx
import pytest

from node.desk.asked import Asked, Page
from node.desk.cookies import SESSION
from node.desk.pages import routes
from node.desk.route_table import BOTH, Access, Route
from node.domain.caller import Role
from node.domain.rights import RIGHTS, Work
from node.errors import FactorNeeded, Malformed, NotFound, Overloaded, Refused, StoreError, Unavailable, VigilError
from tests.unit.desk.desk_daemon import CODE, ORIGIN, DeskDaemon, application, browser, one, token_of

Send = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def a_route(handler: object, **how: object) -> Route:
    """A route at /it."""
    given = {"method": "GET", "path": "/it", "name": "it", "work": Work.INVESTIGATION, "homes": BOTH} | how
    return Route(handler=handler, **given)  # type: ignore[arg-type]


async def hello(asked: Asked) -> Page:
    """A page that needs nothing of the daemon."""
    return Page("me/me.html")


# --- who may see what -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("route", routes(), ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_refused_to_roles_without_its_work(route: Route, role: Role | None) -> None:
    """The matrix of all routes with all roles: an admitted request reaches the daemon, a refused one does not."""
    daemon = DeskDaemon()
    path = re.sub(r"\{[^}]*\}", "1", route.path)
    response = one(daemon, lambda client: client.request(route.method, path), role)
    home = "hub" if role is Role.OPERATOR else "node"
    may = role is not None and home in route.homes and (
        route.work is Access.SIGNED_IN or (isinstance(route.work, Work) and route.work in RIGHTS[role])
    )  # fmt: skip
    commands = {command for command, _, _ in daemon.asked} - {"desk-session"}
    if route.work is Access.PUBLIC:
        assert response.status_code not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.INTERNAL_SERVER_ERROR}
    elif may:
        assert response.status_code not in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED}
        assert not response.headers.get("location", "").startswith("/sign-in")
    else:
        assert not commands
        refused = response.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED}
        assert refused or response.headers["location"].startswith("/sign-in")


def test_a_route_without_a_known_work_is_open_to_nobody() -> None:
    table = [a_route(hello, work=None)]
    for role in Role:
        assert one(DeskDaemon(), lambda client: client.get("/it"), role, table).status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    "fault", [{"method": "PUT"}, {"path": "it"}, {"homes": frozenset()}, {"homes": frozenset({"x"})}]
)
def test_a_route_that_is_not_complete_cannot_be_made(fault: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="the route it"):
        a_route(hello, **fault)


def test_a_hub_has_no_page_of_a_node() -> None:
    table = [a_route(hello, work=Work.OVERVIEW, homes=frozenset({"node"}))]
    assert one(DeskDaemon(), lambda client: client.get("/it"), Role.OPERATOR, table).status_code == HTTPStatus.FORBIDDEN
    assert one(DeskDaemon(), lambda client: client.get("/it"), Role.ADMINISTRATOR, table).status_code == HTTPStatus.OK


# --- where a request comes from ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
        {"origin": ORIGIN, "sec-fetch-site": "same-site"},
        {"origin": ORIGIN, "sec-fetch-site": "none"},
    ],
)
def test_a_change_from_another_site_is_refused(headers: dict[str, str]) -> None:
    daemon = DeskDaemon(answers={"desk-sign-out": [{}]})
    response = one(daemon, lambda client: client.post("/sign-out", headers=headers))
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert not daemon.asked


def test_a_link_from_another_site_opens_a_page_but_loads_no_part_of_one() -> None:
    link = {"sec-fetch-site": "cross-site"}
    assert one(DeskDaemon(), lambda client: client.get("/me", headers=link)).status_code == HTTPStatus.OK
    picture = link | {"sec-fetch-dest": "image"}
    assert one(DeskDaemon(), lambda client: client.get("/me", headers=picture)).status_code == HTTPStatus.FORBIDDEN


def test_a_foreign_host_is_refused() -> None:
    response = one(DeskDaemon(), lambda client: client.get("/me", headers={"host": "evil.test"}))
    assert response.status_code == HTTPStatus.MISDIRECTED_REQUEST


def test_too_many_sign_ins_are_refused() -> None:
    async def run() -> list[int]:
        async with browser(application(DeskDaemon())) as client:
            return [(await client.post("/sign-in/code", data={"code": "x"})).status_code for _ in range(25)]

    statuses = asyncio.run(run())
    assert statuses[:20] == [HTTPStatus.FORBIDDEN] * 20
    assert statuses[20:] == [HTTPStatus.TOO_MANY_REQUESTS] * 5


# --- the session ------------------------------------------------------------------------------------------------------


def test_signing_in_gives_a_cookie_that_no_script_and_no_other_site_can_use() -> None:
    response = one(
        DeskDaemon(), lambda client: client.post("/sign-in/code", data={"code": CODE, "next": "/desk"}), None
    )
    assert response.headers["location"] == "/desk"
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"{SESSION}=")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    "then", ["//evil.test", "https://evil.test", "/\\evil.test", "\\\\evil", "/sign-in", "", "/a\nb"]
)
def test_after_signing_in_a_browser_stays_at_the_desk(then: str) -> None:
    response = one(DeskDaemon(), lambda client: client.post("/sign-in/code", data={"code": CODE, "next": then}), None)
    assert response.headers["location"] == "/"


def test_an_ended_session_leads_to_the_sign_in_and_back() -> None:
    async def run() -> httpx.Response:
        async with browser(application(DeskDaemon())) as client:
            return await client.get("/desk?case=7", headers={"cookie": f"{SESSION}={'A' * 43}"})

    assert asyncio.run(run()).headers["location"] == "/sign-in?next=/desk%3Fcase%3D7"


def test_a_script_is_told_that_the_session_ended_and_the_page_stays() -> None:
    response = one(DeskDaemon(), lambda client: client.get("/desk", headers={"hx-request": "true"}), None)
    assert (response.status_code, response.headers["vigil-needs"]) == (HTTPStatus.UNAUTHORIZED, "sign-in")


def test_a_route_that_needs_a_fresh_factor_asks_for_it() -> None:
    table = [a_route(hello, fresh=True)]
    stale = DeskDaemon(fresh=False)
    assert one(stale, lambda client: client.get("/it"), table=table).headers["location"] == "/factor?next=/it"
    assert one(DeskDaemon(), lambda client: client.get("/it"), table=table).status_code == HTTPStatus.OK


def test_the_token_goes_with_every_command() -> None:
    async def handler(asked: Asked) -> Page:
        await asked.one("it")
        return Page("me/me.html")

    daemon = DeskDaemon(answers={"it": [{}]})
    one(daemon, lambda client: client.get("/it"), table=[a_route(handler)])
    assert [token for _, _, token in daemon.asked] == [token_of(Role.INVESTIGATOR)] * 2


# --- errors and headers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("it is refused", remedy="do that"), HTTPStatus.FORBIDDEN),
        (NotFound("it is not there", remedy="do that"), HTTPStatus.NOT_FOUND),
        (Malformed("it is bad", remedy="do that"), HTTPStatus.BAD_REQUEST),
        (Overloaded("it is too much", remedy="do that"), HTTPStatus.TOO_MANY_REQUESTS),
        (Unavailable("no daemon answers", remedy="do that"), HTTPStatus.SERVICE_UNAVAILABLE),
        (StoreError("the disk", remedy="do that"), HTTPStatus.SERVICE_UNAVAILABLE),
        (VigilError("it broke", remedy="do that"), HTTPStatus.INTERNAL_SERVER_ERROR),
    ],
)
def test_an_error_of_the_daemon_is_shown_with_what_to_do(error: VigilError, status: HTTPStatus) -> None:
    async def handler(asked: Asked) -> Page:
        await asked.one("it")
        return Page("me/me.html")

    response = one(DeskDaemon(answers={"it": error}), lambda client: client.get("/it"), table=[a_route(handler)])
    assert response.status_code == status
    assert str(error) in response.text
    assert "do that" in response.text


def test_a_command_that_needs_a_factor_asks_for_it() -> None:
    async def handler(asked: Asked) -> Page:
        await asked.one("it")
        return Page("me/me.html")

    daemon = DeskDaemon(answers={"it": FactorNeeded("show it again")})
    response = one(daemon, lambda client: client.get("/it"), table=[a_route(handler)])
    assert response.headers["location"] == "/factor?next=/it"


def test_an_unexpected_exception_shows_nothing_of_itself(capsys: pytest.CaptureFixture[str]) -> None:
    async def handler(asked: Asked) -> Page:
        raise RuntimeError("secret words")

    response = one(DeskDaemon(), lambda client: client.get("/it"), table=[a_route(handler)])
    assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    out = capsys.readouterr()
    assert "secret words" not in response.text + out.out + out.err


@pytest.mark.parametrize("path", ["/sign-in", "/me", "/nowhere", "/desk"])
def test_every_response_is_protected(path: str) -> None:
    response = one(DeskDaemon(), lambda client: client.get(path))
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'nonce-")
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-frame-options"] == "DENY"
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce
    tags = re.findall(r"<(?:script|link rel=.stylesheet)[^>]*>", response.text)
    assert tags
    assert all(f'nonce="{nonce[1]}"' in tag for tag in tags)


def test_a_nonce_is_used_once() -> None:
    policies = {
        one(DeskDaemon(), lambda client: client.get("/me")).headers["content-security-policy"] for _ in range(3)
    }
    assert len(policies) == 3


def test_no_page_has_script_or_style_inside() -> None:
    text = one(DeskDaemon(), lambda client: client.get("/me")).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=", text)


def test_a_file_has_its_digest_in_its_address_and_stays_in_the_cache() -> None:
    async def run() -> tuple[httpx.Response, httpx.Response]:
        async with browser(application(DeskDaemon())) as client:
            page = await client.get("/sign-in")
            found = re.search(r"/static/([0-9a-f]+)/desk\.css", page.text)
            assert found
            return await client.get(found[0]), await client.get("/static/0000/desk.css")

    file, other = asyncio.run(run())
    assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert other.status_code == HTTPStatus.NOT_FOUND
    assert other.headers["cache-control"] == "no-store"


def test_a_body_that_is_too_large_is_refused() -> None:
    daemon = DeskDaemon()
    response = one(daemon, lambda client: client.post("/sign-in/code", data={"code": "x" * 2_000_000}), None)
    assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert not daemon.of("sign-in-code")


def test_a_stream_without_a_session_gets_a_status_and_no_page() -> None:
    response = one(DeskDaemon(), lambda client: client.get("/live", headers={"accept": "text/event-stream"}), None)
    assert (response.status_code, response.text) == (HTTPStatus.UNAUTHORIZED, "")
    assert response.headers["vigil-needs"] == "sign-in"
