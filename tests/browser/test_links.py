"""The picture of links in a real browser: it is drawn under the strict policy, and its classes have effect."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Opened
from tests.unit.desk.hit_world import RECORD
from tests.unit.desk.record_world import LINK, OTHER, component, link, linked
from tests.unit.desk.test_links import THIRD, world

OF_THREE = link(link=LINK.replace("ef", "12"), records=[RECORD, OTHER, THIRD], certainty="certain", disputed_by=[])


def test_a_disputed_link_is_drawn_in_another_colour(opened: Opened) -> None:
    records = [linked(RECORD), linked(OTHER, depth=1), linked(THIRD, depth=1, sight="hidden")]
    daemon = world(links=[link(), OF_THREE, *records, component(links=2, records=3)])
    page = opened(daemon, "/links?record=" + RECORD.replace("#", "%23"))
    expect(page.get_by_role("img", name="The linked records by their numbers")).to_be_visible()
    drawn = page.eval_on_selector_all(".stroke", "all => all.map(each => getComputedStyle(each).stroke)")
    assert len(drawn) == 4
    assert drawn[0] != drawn[1]
    assert drawn[1] == drawn[2] == drawn[3]
    assert page.locator(".spot").count() == page.locator("table").last.locator("tbody tr").count() == 3
