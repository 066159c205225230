"""A search: each group is recorded before it is searched for, and counted in the summary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from node.domain.queries import MatchRule, Subject
from node.errors import NotFound, Unavailable
from node.usecases import searching
from node.usecases.casework import holding_subject
from node.usecases.intake import subject_of
from node.usecases.searching import CaseSearched, Search, SearchEnded, SubjectHit
from tests.simulator.arriving import said_of, still
from tests.simulator.federation import Log
from tests.unit.usecases.readings import JP, Reading, collect, stream


@pytest.fixture
def reading() -> Iterator[Reading]:
    """Two holdings of a case: one, and its copy. JP has a record of the first."""
    made = Reading()
    log = Log(JP)
    log.say(said_of(still("one")))
    made.receive(log)
    made.take(still("one"), still("copy", like="one", bits=3))
    made.match()
    yield made
    made.close()


def subjects(*words: str) -> list[Subject]:
    return [subject_of(still(word), f"{word}.jpg") for word in words]


def search(reading: Reading, given: list[Subject], how: Search = Search()) -> tuple[list[SubjectHit], SearchEnded]:  # noqa: B008 (frozen)
    *hits, end = asyncio.run(collect(reading.searching.subjects(how, stream(given))))
    assert isinstance(end, SearchEnded)
    return [hit for hit in hits if isinstance(hit, SubjectHit)], end


def test_hits_have_the_label_of_their_subject_and_the_summary_counts_all_groups(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "GROUP", 2)
    given = subjects("one", "two", "three")
    hits, end = search(reading, given, Search(case="C-9"))
    assert {hit.label for hit in hits} == {"one.jpg"}
    assert (end.subjects, end.files, end.hits) == (3, 3, len(hits))
    assert 0 < end.seconds_in_search < end.seconds
    entries = reading.written()
    assert [(each["what"], each["case"]) for each in entries] == [("match", "C-9")] * 2
    assert [len(each["hashes"]) for each in entries] == [
        sum(len(one.fingerprints) for one in group) for group in (given[:2], given[2:])
    ]


def test_nothing_is_searched_for_where_the_search_cannot_be_recorded(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading.audit.close()
    monkeypatch.setattr(reading.matcher, "local", None)
    with pytest.raises(Unavailable):
        search(reading, subjects("one"))


def test_a_search_for_nothing_says_what_it_would_have_looked_at(reading: Reading) -> None:
    hits, end = search(reading, [])
    assert (hits, end.subjects, reading.written()) == ([], 0, [])
    assert sum(end.searched.values()) == 3


def test_the_holdings_of_a_case_are_no_hits_of_themselves(reading: Reading) -> None:
    *hits, end = asyncio.run(collect(reading.searching.case(Search(case="C-1"))))
    assert isinstance(end, CaseSearched)
    assert (end.of, end.ended.subjects, list(end.same_name)) == (None, 2, [])
    found = {(hit.label, hit.hit.holding) for hit in hits if isinstance(hit, SubjectHit)}
    assert found == {("holding 1", None), ("holding 1", 2), ("holding 2", None), ("holding 2", 1)}
    with reading.store.read() as tx:
        held = [holding_subject(each) for each in tx.holdings(limit=9)]
    asked, _ = search(reading, held)
    assert ("holding 1", 1) in {(hit.label, hit.hit.holding) for hit in asked}, "a subject that is given may be held"


def test_hits_found_for_the_holdings_of_a_case_are_seen_again_and_those_for_files_are_not(reading: Reading) -> None:
    before = {hit.last_seen for hit in reading.hits().values()}
    reading.world.clock.now += 1_000
    search(reading, subjects("one", "copy"))
    assert {hit.last_seen for hit in reading.hits().values()} == before
    asyncio.run(collect(reading.searching.case(Search(case="C-1"))))
    assert {hit.last_seen for hit in reading.hits().values()} == {int(reading.world.clock.now)}


def test_an_unknown_case_is_not_searched_for(reading: Reading) -> None:
    with pytest.raises(NotFound, match="no such case"):
        asyncio.run(collect(reading.searching.case(Search(case="none"))))
    assert reading.written() == []


def test_the_rule_exact_finds_the_same_bytes_alone(reading: Reading) -> None:
    hits, _ = search(reading, subjects("one"), Search(rule=MatchRule.EXACT))
    assert hits
    assert {hit.hit.distance for hit in hits} <= {None, 0}


def test_who_leaves_early_ends_the_reading_of_subjects(reading: Reading) -> None:
    ended = []

    async def source() -> AsyncIterator[Subject]:
        try:
            yield subjects("one")[0]
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def first_alone() -> None:
        events = reading.searching.subjects(Search(), source())
        assert isinstance(await anext(events), SubjectHit)
        await events.aclose()
        assert ended == [True]

    asyncio.run(first_alone())
