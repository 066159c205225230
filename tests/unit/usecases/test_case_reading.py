"""Reading cases: recorded first, and what a look hands out is no longer new."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from node.domain.queries import Level
from node.errors import NotFound, Unavailable
from node.usecases.case_reading import OwnCase
from node.usecases.shown_hits import ShownHit
from tests.simulator.arriving import said_of, still
from tests.simulator.federation import Log
from tests.unit.usecases.readings import JP, Reading, collect


@pytest.fixture
def reading() -> Iterator[Reading]:
    """Three cases of a holding each; the one of C-1 has a hit."""
    made = Reading()
    log = Log(JP)
    log.say(said_of(still("one")))
    made.receive(log)
    for number, word in enumerate(("one", "two", "three"), 1):
        made.take(still(word), case=f"C-{number}")
    made.match()
    yield made
    made.close()


def test_pages_of_cases_follow_each_other(reading: Reading) -> None:
    first = asyncio.run(reading.case_reading.page("", 2))
    assert ([each.reference for each in first.cases], first.more) == (["C-1", "C-2"], True)
    last = asyncio.run(reading.case_reading.page(first.after, 2))
    assert ([each.reference for each in last.cases], last.more, last.after) == (["C-3"], False, "C-3")
    none = asyncio.run(reading.case_reading.page(last.after, 2))
    assert (none.cases, none.more, none.after) == ([], False, "C-3")
    assert [each["what"] for each in reading.written()] == ["cases"] * 3


def test_a_case_is_told_with_its_holdings_and_its_hits_which_were_then_seen(reading: Reading) -> None:
    own, hit = asyncio.run(collect(reading.case_reading.one("C-1", limit=9)))
    assert isinstance(own, OwnCase)
    assert isinstance(hit, ShownHit)
    assert (own.holdings.levels, own.holdings.shared) == ({Level.NATIONAL: 1}, 0)
    assert (own.counts.hits, own.counts.unseen, own.on_lists, own.more_on_lists) == (1, 1, 0, False)
    again, _ = asyncio.run(collect(reading.case_reading.one("C-1", limit=9)))
    assert isinstance(again, OwnCase)
    assert again.counts.unseen == 0


def test_a_look_at_no_case_is_recorded_too(reading: Reading) -> None:
    with pytest.raises(NotFound):
        asyncio.run(collect(reading.case_reading.one("none", limit=9)))
    (entry,) = reading.written()
    assert (entry["what"], entry["case"], entry["list"]) == ("case", "none", "")


def test_nothing_is_read_where_the_reader_cannot_be_recorded(reading: Reading) -> None:
    reading.audit.close()
    for look in (reading.case_reading.page("", 2), anext(reading.case_reading.one("C-1", limit=9))):
        with pytest.raises(Unavailable):
            asyncio.run(look)
    assert reading.list.stand().counts.unseen == 1
