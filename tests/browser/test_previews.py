"""A clear preview in a real browser: asked for, shown, counted, and covered again."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Opened
from tests.unit.desk.desk_daemon import DeskDaemon
from tests.unit.desk.test_media import granted, holding


def picture() -> str:
    to = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(to, "JPEG")
    return base64.b64encode(to.getvalue()).decode()


def daemon(**changed: Any) -> DeskDaemon:
    shown = {"image": picture(), "media_type": "image/jpeg"}
    return DeskDaemon(answers={"holding": [holding("video/mp4")], "reveal": [granted(**changed)], "revealed": [shown]})


def test_a_picture_is_covered_until_it_is_asked_for_and_covered_again(opened: Opened) -> None:
    behind = daemon()
    page = opened(behind, "/holdings/7")
    expect(page.locator(".preview .frame")).to_be_hidden()
    assert behind.of("reveal") == []
    page.keyboard.press("KeyR")
    expect(page.locator(".preview img")).to_be_visible()
    expect(page.locator(".preview-state")).to_have_text("You have looked at 3 clear previews today.")
    expect(page.locator(".preview-rest")).to_be_hidden()
    page.keyboard.press("KeyX")
    expect(page.locator(".preview img")).to_have_count(0)
    expect(page.locator(".preview-state")).to_have_text("Covered again.")
    page.locator(".reveal").click()
    expect(page.locator(".preview img")).to_be_visible()
    assert [each["slot"] for each in behind.of("reveal")] == [1, 2]


def test_a_break_is_proposed(opened: Opened) -> None:
    page = opened(daemon(break_due=True, minutes=50), "/holdings/7")
    page.keyboard.press("KeyR")
    expect(page.locator(".preview-rest")).to_have_text("You have looked at previews for 50 minutes. Take a break now.")
