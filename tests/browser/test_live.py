"""News in a real browser: a bar that moves nothing, one stream for all tabs, nothing lost while away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from playwright.sync_api import Page, expect

from node.desk.ports import Line
from node.errors import Unavailable
from tests.browser.conftest import Opened
from tests.unit.desk.sheet_world import CHOICE, SheetWorld


class Told(SheetWorld):
    """A daemon with hits that come while a page is open. `down`: it does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.hits = 0
        self.listening = 0
        self.most = 0
        self.down = False

    async def call(
        self, command: str, arguments: Line, token: bytes = b"", items: Iterable[Line] = ()
    ) -> AsyncIterator[Line]:
        if command != "news":
            async for line in super().call(command, arguments, token, items):
                yield line
            return
        if self.down:
            raise Unavailable("no daemon answers")
        since = int(arguments["since"].split(".")[0]) if "since" in arguments else self.hits
        self.listening += 1
        self.most = max(self.most, self.listening)
        try:
            for _ in range(100):
                if self.hits > since or "since" not in arguments:
                    break
                await asyncio.sleep(0.02)
        finally:
            self.listening -= 1
        yield {"mark": f"{self.hits}.0.0", "hits": self.hits - since, "alerts": 0, "answers": 0}


def listening(daemon: Told, page: Page) -> None:
    """Waits until the page listens."""
    for _ in range(500):
        if daemon.listening:
            return
        page.wait_for_timeout(10)
    raise AssertionError("the page does not listen")


def test_a_hit_shows_in_the_bar_and_nothing_moves(opened: Opened) -> None:
    daemon = Told()
    page = opened(daemon, f"/sheets/{CHOICE}?sheet=0")
    expect(page.locator("#tile-0")).to_be_focused()
    before = page.locator("#tile-5").bounding_box()
    listening(daemon, page)
    daemon.hits = 3
    expect(page.locator('[data-news="hits"]')).to_have_text("3 new hits")
    assert page.locator("#tile-5").bounding_box() == before
    expect(page.locator("#tile-0")).to_be_focused()
    daemon.hits = 4
    expect(page.locator('[data-news="hits"]')).to_have_text("4 new hits")


def test_tabs_share_one_stream(opened: Opened) -> None:
    daemon = Told()
    page = opened(daemon, f"/sheets/{CHOICE}?sheet=0")
    others = [page.context.new_page() for _ in range(7)]
    for each in others:
        each.goto(page.url)
    listening(daemon, page)
    daemon.hits = 2
    for each in (page, *others):
        expect(each.locator('[data-news="hits"]')).to_have_text("2 new hits")
    assert daemon.most == 1


def test_what_came_while_the_node_was_down_is_told_afterwards(opened: Opened, expected_faults: list[str]) -> None:
    expected_faults.append("503")
    daemon = Told()
    page = opened(daemon, f"/sheets/{CHOICE}?sheet=0")
    listening(daemon, page)
    daemon.hits = 1
    expect(page.locator('[data-news="hits"]')).to_have_text("1 new hits")
    daemon.down = True
    daemon.hits = 5
    page.wait_for_timeout(200)
    daemon.down = False
    expect(page.locator('[data-news="hits"]')).to_have_text("5 new hits", timeout=15_000)
