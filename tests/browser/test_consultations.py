"""A consultation in a real browser: an answer that was begun is there after the session has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

from playwright.sync_api import expect

from node.desk.ports import Line
from tests.browser.conftest import Opened
from tests.unit.desk.desk_daemon import DeskDaemon
from tests.unit.desk.test_records_and_threads import MESSAGE, OPEN, TOLD

THREAD = "/thread?thread=test.vigil/JP/log/1%23" + "cd" * 32


class ThreadWorld(DeskDaemon):
    """A thread and the drafts of one officer, which outlive the sessions. `ended`: no session is known any more."""

    def __init__(self) -> None:
        super().__init__(answers={"consult-show": [MESSAGE, OPEN], "consult-reply": [TOLD]})
        self.drafts: dict[str, str] = {}
        self.ended = False

    async def call(
        self, command: str, arguments: Line, token: bytes = b"", items: Iterable[Line] = ()
    ) -> AsyncIterator[Line]:
        if command == "draft-read":
            yield {"text": self.drafts.get(arguments["form"], "")}
        elif command == "draft-save":
            self.drafts[arguments["form"]] = arguments["text"]
            yield {"saved": True}
        else:
            known: Any = b"" if self.ended and command == "desk-session" else token
            async for line in super().call(command, arguments, known, items):
                yield line


def test_an_answer_survives_the_end_of_the_session(opened: Opened, expected_faults: list[str]) -> None:
    expected_faults.append("401")
    world = ThreadWorld()
    page = opened(world, THREAD)
    expect(page.locator("article .written")).to_have_text("the <blue> room\nin autumn")
    page.locator("#text").press_sequentially("We know the room.")
    expect(page.locator("#text-state")).to_have_text("draft saved")

    world.ended = True
    page.locator("#text").press_sequentially(" It is")
    expect(page.locator("#needs-sign-in")).to_be_visible()
    page.goto(page.url)
    assert "/sign-in?next=" in page.url

    world.ended = False
    page.goto(page.url.partition("/sign-in")[0] + THREAD)
    expect(page.locator("#text")).to_have_value("We know the room.")
    page.locator("#text").press("Control+End")
    page.locator("#text").press_sequentially(" It is in Lyon.")
    expect(page.locator("#text-state")).to_have_text("draft saved")
    page.locator("#text").press("Control+Enter")
    expect(page.locator("#text")).to_have_value("")
    sent = world.of("consult-reply")
    assert [each["text"] for each in sent] == ["We know the room. It is in Lyon."]
    assert set(world.drafts.values()) == {""}
