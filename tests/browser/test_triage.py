"""A sheet in a real browser: keys, decisions, undo, and what happens when the node does not answer."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened
from tests.unit.desk.sheet_world import CHOICE, SheetWorld

SHEET = f"/sheets/{CHOICE}?sheet="


def place(page: Page) -> int:
    """Where the focus is, in the whole choice."""
    return int(page.evaluate("document.activeElement.dataset.place"))


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_arrows_move_and_wrap_over_rows_and_sheets(opened: Opened) -> None:
    page = opened(SheetWorld(), SHEET + "0")
    expect(page.locator("#tile-0")).to_be_focused()
    press(page, "ArrowLeft", "ArrowUp")
    assert place(page) == 0
    press(page, "End")
    assert place(page) == 59
    press(page, "ArrowRight")
    expect(page.locator('[data-place="60"]')).to_be_focused()
    press(page, "ArrowLeft")
    expect(page.locator('[data-place="59"]')).to_be_focused()
    press(page, "Home", "ArrowDown")
    assert place(page) == 10


def test_in_arabic_the_left_arrow_goes_to_the_tile_on_the_left(opened: Opened) -> None:
    page = opened(SheetWorld(), SHEET + "0", language="ar")
    expect(page.locator("#tile-0")).to_be_focused()
    before = page.locator("#tile-0").bounding_box()
    press(page, "ArrowLeft")
    assert place(page) == 1
    after = page.locator("#tile-1").bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] < before["x"]


def test_digits_decide_and_saved_is_said_when_it_is_durable(opened: Opened) -> None:
    world = SheetWorld()
    world.may_store.clear()
    page = opened(world, SHEET + "0")
    press(page, "Digit1")
    expect(page.locator("#save-state")).to_have_text("saving")
    assert world.said == {}
    world.may_store.set()
    expect(page.locator("#save-state")).to_have_text("saved")
    assert world.said == {1: ("1", 1)}
    assert place(page) == 1


def test_a_range_is_decided_at_once_and_undone_at_once(opened: Opened) -> None:
    world = SheetWorld()
    page = opened(world, SHEET + "0")
    press(page, "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    assert page.locator('[aria-selected="true"]').count() == 3
    press(page, "Digit2")
    expect(page.locator("#save-state")).to_have_text("saved")
    assert {number for number, (code, _) in world.said.items() if code == "2"} == {2, 3, 4}
    press(page, "KeyU")
    expect(page.locator("#tile-2 .said")).to_have_text("undecided")
    assert {code for code, _ in world.said.values()} == {None}
    press(page, "KeyU")
    expect(page.locator("#save-state")).to_have_text("There is nothing to undo.")


def test_an_undo_leaves_what_another_officer_decided_since(opened: Opened) -> None:
    world = SheetWorld()
    page = opened(world, SHEET + "0")
    press(page, "Digit1")
    expect(page.locator("#save-state")).to_have_text("saved")
    world.said[1] = ("4", 2)
    press(page, "KeyU")
    expect(page.locator("#tile-0 .said")).to_have_text("4")
    expect(page.locator("#save-state")).to_contain_text("Another officer")


def test_a_decision_that_failed_is_taken_back_on_the_tile(opened: Opened, expected_faults: list[str]) -> None:
    expected_faults.append("ERR_FAILED")
    world = SheetWorld()
    world.said = {1: ("3", 7)}
    page = opened(world, SHEET + "0")
    page.route("**/sheets/decide", lambda route: route.abort())
    press(page, "Digit1")
    expect(page.locator("#save-state")).to_have_text("not saved")
    expect(page.locator("#tile-0 .said")).to_have_text("3")
    page.unroute("**/sheets/decide")
    press(page, "Home", "Digit1")
    expect(page.locator("#save-state")).to_have_text("saved")
    assert world.said[1] == ("1", 8)


def test_next_undecided_goes_over_sheets(opened: Opened) -> None:
    world = SheetWorld()
    world.said = dict.fromkeys(range(1, 130), ("1", 1))
    page = opened(world, SHEET + "0")
    press(page, "KeyN")
    expect(page.locator('[data-place="129"]')).to_be_focused()
    assert page.url.endswith("sheet=2")


def test_the_last_sheet_is_short_and_the_page_never_grows(opened: Opened) -> None:
    page = opened(SheetWorld(held=130), SHEET + "2")
    assert page.locator(".tile").count() == 10
    press(page, "PageUp")
    expect(page.locator('[data-place="60"]')).to_be_focused()
    assert page.locator(".tile").count() == 60
    nodes = page.evaluate("document.querySelectorAll('*').length")
    for _ in range(3):
        press(page, "PageUp")
        expect(page.locator('[data-place="0"]')).to_be_focused()
        press(page, "PageDown")
        expect(page.locator('[data-place="60"]')).to_be_focused()
    assert page.evaluate("document.querySelectorAll('*').length") == nodes
    assert nodes <= 1_500


def test_keys_in_a_field_are_text(opened: Opened) -> None:
    world = SheetWorld()
    page = opened(world, SHEET + "0")
    page.focus("#case")
    press(page, "Digit1", "KeyN")
    assert page.input_value("#case") == "1n"
    assert world.said == {}


def test_a_session_that_ends_during_triage_says_so_and_loses_no_tile(
    opened: Opened, expected_faults: list[str]
) -> None:
    expected_faults.append("401")
    world = SheetWorld()
    page = opened(world, SHEET + "0")
    page.context.clear_cookies()
    press(page, "Digit1")
    expect(page.locator("#save-state")).to_have_text("not saved")
    expect(page.locator("#needs-sign-in")).to_be_visible()
    expect(page.locator("#tile-0 .said")).to_have_text("undecided")
