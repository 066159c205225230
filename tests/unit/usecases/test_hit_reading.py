"""Reading hits: recorded first, page by page, new until they were handed out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.ids import RecordId
from node.errors import Unavailable
from node.usecases.hit_list import Wanted
from node.usecases.hit_reading import HitReading, HitsSeen, ListHitsSeen
from node.usecases.list_hits import HoldingHits
from node.usecases.shown_hits import ShownHit
from tests.simulator.arriving import said_of, still
from tests.simulator.federation import Log
from tests.unit.usecases.readings import JP, Reading, collect


@pytest.fixture
def reading() -> Iterator[Reading]:
    """Two holdings of a case; each has a hit on a record of JP."""
    made = Reading()
    log = Log(JP)
    for word in ("one", "two"):
        log.say(said_of(still(word)))
    made.receive(log)
    made.take(still("one"), still("two"))
    made.match()
    yield made
    made.close()


def seen(reading: Reading, wanted: Wanted = Wanted()) -> HitsSeen:  # noqa: B008 (frozen)
    end = asyncio.run(collect(reading.hit_reading.newest(wanted)))[-1]
    assert isinstance(end, HitsSeen)
    return end


def test_a_hit_is_unseen_until_a_page_with_it_was_read_to_its_end(reading: Reading) -> None:
    async def first_alone() -> None:
        events = reading.hit_reading.newest(Wanted())
        assert isinstance(await anext(events), ShownHit)
        await events.aclose()

    asyncio.run(first_alone())
    assert seen(reading).standing.counts.unseen == 2
    assert seen(reading).standing.counts.unseen == 0


def test_a_look_at_how_many_there_are_leaves_them_unseen(reading: Reading) -> None:
    *hits, _ = asyncio.run(collect(reading.hit_reading.newest(Wanted(), peek=True)))
    assert [type(each) for each in hits] == [ShownHit, ShownHit]
    assert seen(reading).standing.counts.unseen == 2


def test_who_reads_is_recorded_and_what_was_read_is_not(reading: Reading) -> None:
    seen(reading, Wanted(case="C-1", limit=7))
    (entry,) = reading.written()
    assert (entry["what"], entry["case"], entry["limit"]) == ("hits", "C-1", 7)
    assert set(entry) == {"what", "case", "limit", "at"}


def test_nothing_is_read_where_the_reader_cannot_be_recorded(reading: Reading) -> None:
    reading.audit.close()
    with pytest.raises(Unavailable):
        seen(reading)
    assert reading.list.stand().counts.unseen == 2
    with pytest.raises(Unavailable):
        asyncio.run(collect(reading.hit_reading.of_list("L", limit=1)))


OTHER = RecordId(JP.origin, bytes(32))


def test_hits_of_one_record_are_its_own_and_the_audit_log_names_it(reading: Reading) -> None:
    stored = reading.list.page(Wanted()).hits[0].hit
    alone = reading.list.page(Wanted(record=stored.record)).hits
    assert {each.hit.record for each in alone} == {stored.record}
    assert stored.id in {each.hit.id for each in alone}
    seen(reading, Wanted(record=OTHER))
    assert reading.written()[-1]["record"] == str(OTHER)
    assert reading.list.page(Wanted(record=OTHER)).hits == []


@pytest.mark.parametrize("wanted", [Wanted(member="JP"), Wanted(unseen=True), Wanted(record=OTHER)])
def test_hits_of_a_member_and_unseen_hits_have_no_hits_on_lists_beside_them(reading: Reading, wanted: Wanted) -> None:
    assert seen(reading, wanted).on_lists is None
    assert seen(reading).on_lists is not None


class Matches:
    """`ListHits` of a list that some holdings match, in pages of three."""

    def __init__(self, allowed: list[bool]) -> None:
        self.all = [
            HoldingHits(holding=at, cases=(), hits=(), left_out=1, allowed=each) for at, each in enumerate(allowed, 1)
        ]

    def of(self, name: str, *, after: int = 0, case: str = "", states: object = ()) -> Iterator[list[HoldingHits]]:
        left = [each for each in self.all if each.holding > after]
        yield from (left[at : at + 3] for at in range(0, len(left), 3))


class Unrecorded:
    """An audit log for a property: a real one costs a commit an example."""

    clock = staticmethod(lambda: 0.0)

    def append(self, entry: object) -> None:
        del entry


@given(allowed=st.lists(st.booleans(), max_size=12), limit=st.integers(1, 5), show_all=st.booleans())
def test_pages_of_a_list_show_every_holding_once_and_their_counts_agree(
    allowed: list[bool], limit: int, show_all: bool
) -> None:
    nobody = cast("Any", None)
    matches = Matches(allowed)
    reading = HitReading(hits=nobody, cases=nobody, list_hits=cast("Any", matches), audit=cast("Any", Unrecorded()))
    after: int | None = 0
    shown: list[int] = []
    while after is not None:
        *page, end = asyncio.run(collect(reading.of_list("L", after=after, limit=limit, show_all=show_all)))
        assert isinstance(end, ListHitsSeen)
        left = [each for each in matches.all if each.holding > after]
        assert (end.holdings, end.hidden) == (
            sum(not each.allowed for each in left),
            sum(each.allowed for each in left),
        )
        assert end.shown == len(page) <= limit
        shown += [each.holding for each in page if isinstance(each, HoldingHits)]
        after = end.next
    assert shown == [each.holding for each in matches.all if show_all or not each.allowed]
