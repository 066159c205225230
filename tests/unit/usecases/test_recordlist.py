"""The list of records in pages, and single records: corrected, commented, found by their first digits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from node.control.record_lines import record_line
from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.statements import Category, Comment, Opinion, Verdict
from node.domain.wording import Terms, Wording
from node.errors import Misuse, NotFound, Refused
from node.usecases.publication import Publication
from node.usecases.recordlist import WAITS
from tests.simulator.federation import Speaker
from tests.simulator.world import Hub, Node, Wire, World
from tests.unit.usecases.desk import Desk

FR, JP = Speaker.named("FR"), Speaker.named("JP")


@pytest.fixture
def desk() -> Iterator[Desk]:
    world = World([FR, JP])
    made = Desk(Node(world, FR, Wire(Hub(world), FR.id)))
    yield made
    made.close()


def test_a_page_says_how_many_there_are_and_where_the_next_begins(desk: Desk) -> None:
    desk.hold(*range(1, 8))
    records = desk.shared(case="C")
    asyncio.run(desk.node.publisher.round())
    desk.hold(8, 9, case="LATE")
    records += desk.shared(case="LATE")
    found: list[RecordId] = []
    after: int | None = 0
    sizes = []
    while after is not None:
        page = desk.records.page(after=after, limit=4)
        found += [each.view.record for each in page.shown]
        sizes.append((len(page.shown), page.total, page.next))
        after = page.next
    assert found == records
    assert sizes == [(4, 9, 4), (4, 9, 8), (1, 9, None)]


def test_our_own_have_their_case_and_say_how_far_they_have_come(desk: Desk) -> None:
    desk.hold(1)
    desk.hold(1, case="OTHER")
    desk.shared(case="C")
    asyncio.run(desk.node.publisher.round())
    desk.hold(2, case="LATE")
    desk.shared(case="LATE")
    first, second = desk.records.page(mine=True).shown
    assert (first.cases, first.publication, first.view.index) == (("C", "OTHER"), Publication.PUBLISHED, 0)
    assert (second.cases, second.publication, second.view.index) == (("LATE",), Publication.QUEUED, WAITS)
    assert desk.records.page(member=JP.id).total == 0


def test_what_waits_for_its_place_is_found_by_its_first_digits_and_shown_whole(desk: Desk) -> None:
    desk.hold(1)
    (record,) = desk.shared(case="C")
    assert desk.records.resolve(record.leaf.hex()[:9]) == record
    shown = desk.records.one(record)
    assert shown is not None
    assert shown.view.body is not None
    assert shown.publication is Publication.QUEUED
    asyncio.run(desk.node.publisher.round())
    assert desk.records.resolve(record.leaf.hex()[:8]) == record
    for text, error in (("0" * 8, NotFound), ("abc", Misuse), ("xyz" * 9, Misuse)):
        with pytest.raises(error):
            desk.records.resolve(text)


def test_a_correction_keeps_what_is_not_given_also_before_the_record_left(desk: Desk) -> None:
    desk.hold(1)
    (record,) = desk.shared(case="C")
    fixed = desk.saying.correct(str(record), Wording(series="Bridge"), Terms(code="2"))
    asyncio.run(desk.node.publisher.round())
    again = desk.saying.correct(str(fixed), Wording(tags=("river",)), Terms())
    shown = desk.records.one(again)
    assert shown is not None
    body, handling = shown.view.body, shown.view.handling
    assert (body.series, body.tags) == ("Bridge", ("river",))  # type: ignore[union-attr]
    assert handling is not None
    assert handling.code == "2"
    with pytest.raises(Misuse, match="exactly this already"):
        desk.saying.correct(str(again), Wording(series="Bridge"), Terms())
    with pytest.raises(Refused, match="corrected or retracted before"):
        desk.saying.correct(str(fixed), Wording(series="x"), Terms())
    with pytest.raises(Refused, match="another member's"):
        desk.saying.correct(f"{JP.origin}#{'ab' * 32}", Wording(series="x"), Terms())


def test_an_empty_comment_and_other_nonsense_is_refused_and_leaves_no_trace(desk: Desk) -> None:
    desk.hold(1)
    (record,) = desk.shared(case="C")
    asyncio.run(desk.node.publisher.round())

    def written() -> int:
        with desk.node.store.read() as tx:
            log = tx.log(desk.audit.origin)
            return log.size if log else 0

    before = written()
    with pytest.raises(Misuse, match="the comment is empty"):
        desk.saying.comment(str(record), Comment(text=" \n"))
    with pytest.raises(Misuse, match="language tag"):
        desk.saying.comment(str(record), Comment(text="seen", language="french"))
    with pytest.raises(Misuse, match=r"U\+0007"):
        desk.saying.comment(str(record), Comment(text="a\x07"))
    with pytest.raises(Misuse):
        desk.saying.opine(str(record), Opinion(verdict=Verdict.DISPUTE, note="\x1b[2J"))
    category = Category(scheme="a\u202eb", version="1", code="B")
    with pytest.raises(Misuse):
        desk.saying.correct(str(record), Wording(category=category), Terms())
    assert written() == before
    assert desk.saying.comment(str(record), Comment(text="two\nlines", language="pt-BR"))[1] == record


def test_a_record_has_its_history_also_after_the_bodies_are_deleted(desk: Desk) -> None:
    desk.hold(1)
    (first,) = desk.shared(case="C")
    asyncio.run(desk.node.publisher.round())
    fixed = desk.saying.correct(str(first), Wording(series="Bridge"), Terms())
    asyncio.run(desk.node.publisher.round())
    for name in (first, fixed):
        shown = desk.records.one(name)
        assert shown is not None
        history = [(each.record, each.kind, each.state) for each in shown.versions]
        assert history == [
            (first, Kind.CONTRIBUTION, BodyState.PURGED),
            (fixed, Kind.CORRECTION, BodyState.HELD),
        ]
    newest = desk.records.one(fixed)
    assert newest is not None
    line = record_line(newest, whole=True)
    assert [(each["record"], each["kind"], each["state"]) for each in line["versions"]] == [
        (str(first), "contribution", "purged"),
        (str(fixed), "correction", "held"),
    ]
