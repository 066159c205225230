"""A real browser over a desk with real TLS, in this process; the daemon behind it is scripted.

A browser starts once a file. Each test has pages of its own, and fails if one of them breaks the policy, throws,
or asks for something that is not there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from node.app import desk_tls
from node.desk.application import Desk
from node.desk.cookies import SESSION
from node.desk.pace import Pace
from node.desk.ports import Daemon
from node.domain.caller import Role
from tests.conftest import tool
from tests.unit.desk.desk_daemon import cookie_of

Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Playwright runs an event loop in this process while it lives, and then no other test of the
    process can run one; so it ends with the file.
    """
    path = tool("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@contextmanager
def serving(daemon: Daemon, folder: Path) -> Iterator[str]:
    """A desk over this daemon; gives its address."""
    tls = desk_tls.own(folder, ["localhost"], None)
    made: list[uvicorn.Server] = []
    box: list[object] = []

    async def answer(scope: object, receive: object, send: object) -> None:
        await box[0](scope, receive, send)  # type: ignore[operator]

    config = uvicorn.Config(
        answer,
        host="127.0.0.1",
        port=0,
        ws="none",
        lifespan="off",
        log_config=None,
        ssl_context_factory=lambda _config, _usual: tls.context,
    )
    server = uvicorn.Server(config)
    made.append(server)
    thread = threading.Thread(target=server.run, name="desk", daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the desk did not start")
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    origin = f"https://localhost:{port}"
    box.append(Desk(daemon=daemon, origin=origin, pace=Pace(time.monotonic)).application())
    try:
        yield origin
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def expected_faults() -> list[str]:
    """Words of console messages that a test makes on purpose."""
    return []


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path, expected_faults: list[str]) -> Iterator[Opened]:
    """`opened(daemon, path, role=…, language=…)`: a page of a desk over this daemon, signed in."""
    faults: list[str] = []
    closing: list[Callable[[], object]] = []

    def open_page(
        daemon: Daemon, path: str, *, role: Role | None = Role.INVESTIGATOR, language: str = "en", height: int = 900
    ) -> Page:
        site = serving(daemon, tmp_path)
        origin = site.__enter__()
        context = chromium.new_context(
            ignore_https_errors=True, locale=language, viewport={"width": 1280, "height": height}
        )
        closing.extend((lambda: site.__exit__(None, None, None), context.close))
        cookies = [(SESSION, cookie_of(role))] if role is not None else []
        cookies.append(("__Host-vigil-language", language))
        context.add_cookies([{"name": name, "value": value, "url": origin, "secure": True} for name, value in cookies])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"the page threw: {error}"))
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.goto(origin + path)
        return page

    yield open_page
    for each in reversed(closing):
        each()
    assert [each for each in faults if not any(words in each for words in expected_faults)] == []
