"""A bundle brings a node without a line to the same state as the hub's stream does."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.batch import BodyState
from node.domain.limits import Limits
from node.domain.roster import Policy, Roster
from node.domain.statements import Opinion, Verdict
from node.errors import Expired, StoreError
from node.usecases.bundle_log import Standing
from node.usecases.bundle_reading import BundleReading
from tests.simulator.world import Node, Wire
from tests.unit.usecases.bundled_logs import file_of, logs_of, spoken
from tests.unit.usecases.bundles import FOR_JP, FR, JP, LAB, Sea, bundle, frames_of, read, reader_of

HELD = BodyState.HELD


@pytest.fixture
def sea() -> Sea:
    return Sea()


# --- the same as a line -----------------------------------------------------------------------------------------------


def test_what_is_read_is_stored_and_found(sea: Sea) -> None:
    records = sea.share(sea.fr, [1, 2]) + sea.share(sea.jp, [3])
    results = read(sea.lab, bundle(sea.fr))
    assert {member: (each.standing, each.after, each.records) for member, each in results.items()} == {
        FR.id: (Standing.READ, 2, 2),
        JP.id: (Standing.READ, 1, 1),
    }
    assert all(sea.lab.finds(number) for number in (1, 2, 3))
    assert [sea.lab.catalogue.record(each) is not None for each in records] == [True] * 3


def test_a_bundle_gives_the_same_state_as_the_hub(sea: Sea) -> None:
    first, second = sea.share(sea.fr, [1, 2])
    sea.share(sea.jp, [3])
    sea.fr.ledger.retract(first)
    sea.jp.ledger.opine(second, Opinion(verdict=Verdict.CONFIRM))
    sea.publish(sea.fr, sea.jp)
    sea.share(sea.jp, [4], FOR_JP)
    other = Node(sea.world, LAB, Wire(sea.hub, LAB.id))
    asyncio.run(other.catch_up())
    read(sea.lab, bundle(sea.fr, to=LAB.id))
    assert logs_of(sea.lab) == logs_of(other)


def test_reading_again_or_an_older_bundle_changes_nothing(sea: Sea) -> None:
    sea.share(sea.fr, [1])
    older = bundle(sea.fr)
    sea.share(sea.fr, [2])
    newer = bundle(sea.fr)
    read(sea.lab, newer)
    before = logs_of(sea.lab)
    for data in (newer, older):
        assert {each.standing for each in read(sea.lab, data).values()} == {Standing.KNOWN}
        assert logs_of(sea.lab) == before


def test_a_later_bundle_continues_and_the_line_continues_after_it(sea: Sea) -> None:
    sea.share(sea.fr, [1, 2])
    read(sea.lab, bundle(sea.fr))
    sea.share(sea.fr, [3])
    results = read(sea.lab, bundle(sea.jp, sizes={FR.origin: 2}))
    assert (results[FR.id].before, results[FR.id].after) == (2, 3)
    sea.share(sea.fr, [4])
    asyncio.run(sea.lab.catch_up())
    assert sea.lab.states(FR.origin) == [HELD] * 4
    assert {each.standing for each in read(sea.lab, bundle(sea.fr)).values()} == {Standing.KNOWN}


def test_a_bundle_that_begins_later_than_what_is_here_is_a_gap(sea: Sea) -> None:
    sea.share(sea.fr, [1, 2, 3])
    result = read(sea.lab, bundle(sea.fr, sizes={FR.origin: 2}))[FR.id]
    assert (result.standing, result.after) == (Standing.GAP, 0)
    assert sea.lab.size(FR.origin) == 0


def test_the_own_log_is_never_read_from_a_file(sea: Sea) -> None:
    sea.share(sea.fr, [1])
    sea.share(sea.lab, [2])
    asyncio.run(sea.fr.catch_up())
    again = Node(sea.world, LAB, Wire(sea.hub, LAB.id))
    assert read(again, bundle(sea.fr))[LAB.id].standing is Standing.OWN
    assert (again.size(LAB.origin), again.size(FR.origin)) == (0, 1)


# --- limits, crashes and pieces ---------------------------------------------------------------------------------------


def test_a_member_at_its_limit_pauses_and_the_next_reading_continues(sea: Sea) -> None:
    limits = replace(Limits(), log_entries=2)
    sea.world.roster = replace(sea.world.roster, policy=Policy(limits=limits))
    log = spoken(1, 2, 3, 4)
    result = read(sea.lab, file_of(log, 0, 1, 2, 3))[FR.id]
    assert (result.standing, result.after) == (Standing.PAUSED, 2)
    sea.world.roster = replace(sea.world.roster, policy=Policy())
    assert read(sea.lab, file_of(log, 0, 1, 2, 3))[FR.id].after == 4


def test_a_crash_while_storing_loses_the_group_and_the_next_reading_completes_it(
    sea: Sea, monkeypatch: pytest.MonkeyPatch
) -> None:
    sea.share(sea.fr, [1, 2])
    sea.share(sea.jp, [3])
    data = bundle(sea.fr)
    failing = sea.lab.catalogue.change
    calls = 0

    def change() -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreError("killed")
        return failing()

    monkeypatch.setattr(sea.lab.catalogue, "change", change)
    with pytest.raises(StoreError):
        read(sea.lab, data)
    assert (sea.lab.size(FR.origin), sea.lab.size(JP.origin)) == (2, 0)
    again = sea.lab.restarted()
    results = read(again, data)
    assert (results[FR.id].standing, results[JP.id].standing) == (Standing.KNOWN, Standing.READ)
    assert again.finds(3)


def test_an_expired_roster_stores_nothing(sea: Sea) -> None:
    sea.share(sea.fr, [1])
    data = bundle(sea.fr)

    def expired() -> Roster:
        raise Expired("too old")

    reading = BundleReading(replace(reader_of(sea.lab), roster=expired))
    for kind, content in frames_of(data):
        reading.take(kind, content)
    assert [each.standing for each in reading.results] == [Standing.STOPPED]
    assert sea.lab.size(FR.origin) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.lists(st.integers(0, 40), max_size=4))
def test_however_a_log_is_divided_over_bundles_it_ends_the_same(sizes: list[int], cuts: list[int]) -> None:
    node = Sea().lab
    for size in sizes:
        log = spoken(*range(1, size + 1))
        read(node, file_of(log, 0, *sorted({each for each in cuts if 0 < each < size})))
    assert node.states(FR.origin) == [HELD] * max(sizes)
    here = node.log(FR.origin)
    assert here is not None
    assert here.root == spoken(*range(1, max(sizes) + 1)).root(max(sizes))
