"""What a search says of hits about which officers decided before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.envelope import Kind
from node.domain.hit_names import HoldingHit, RowHit
from node.domain.material import PictureFingerprints
from node.domain.queries import Hit
from node.domain.reviews import ReviewState
from node.domain.statements import Category, Tri
from node.usecases.casework import holding_subject
from node.usecases.intake import subject_of
from tests.simulator.arriving import RADIUS, said_of, still
from tests.simulator.federation import Log
from tests.unit.usecases.readings import DE, JP
from tests.unit.usecases.reviews import CONFIRMED, NEW, REJECTED, UNSURE, Office

CATEGORY = Category(scheme="s", version="1", code="B", baseline=Tri.YES)


@pytest.fixture
def office() -> Iterator[Office]:
    """It holds one picture, and JP shared a copy of it."""
    made = Office()
    made.take(still("one"))
    log = Log(JP)
    log.say(said_of(still("copy", like="one", bits=7)))
    made.receive(log)
    made.match()
    yield made
    made.close()


def ingested(office: Office, prints: PictureFingerprints) -> list[ReviewState]:
    (result,) = office.take(prints)
    return [hit.state for hit in result.hits]


def of_records(office: Office, prints: PictureFingerprints) -> dict[str, ReviewState]:
    """What a search for a file says of the records: member -> state."""
    found = office.matcher.local([subject_of(prints)], RADIUS).hits
    return {hit.record.origin.member: hit.state for hit in found if hit.record is not None}


def decide(office: Office, state: ReviewState) -> None:
    (hit,) = office.hits(states=list(ReviewState)).values()
    office.decide(hit, state)


@settings(max_examples=8)
@given(st.lists(st.sampled_from([CONFIRMED, REJECTED, UNSURE]), max_size=3))
def test_every_search_says_the_newest_decision(decisions: list[ReviewState]) -> None:
    office = Office()
    try:
        office.take(still("one"))
        log = Log(JP)
        log.say(said_of(still("copy", like="one", bits=7)))
        office.receive(log)
        office.match()
        for each in decisions:
            decide(office, each)
        expected = decisions[-1] if decisions else NEW
        assert ingested(office, still("one")) == [expected]
        assert of_records(office, still("one")) == {JP.id: expected}
        with office.store.read() as tx:
            held = tx.holdings_by_id([1])[1]
        (hit,) = office.matcher.local([holding_subject(held)], RADIUS, own_rows=[1]).hits
        assert hit.state is expected
    finally:
        office.close()


def test_another_file_near_the_same_record_has_no_state(office: Office) -> None:
    decide(office, REJECTED)
    other = still("another", like="one", bits=3)
    assert of_records(office, other) == {JP.id: NEW}


def test_a_rejected_hit_alone_is_no_lead_of_an_ingest(office: Office) -> None:
    assert [each.is_lead for each in office.take(still("one"))] == [True]
    decide(office, REJECTED)
    assert [each.is_lead for each in office.take(still("one"))] == [False]
    decide(office, UNSURE)
    assert [each.is_lead for each in office.take(still("one"))] == [True]


def test_a_correction_of_the_record_keeps_the_state_before_it_is_matched(office: Office) -> None:
    decide(office, CONFIRMED)
    (hit,) = office.hits(states=list(ReviewState)).values()
    log = Log(JP)
    first = log.say(said_of(still("copy", like="one", bits=7)))
    assert first == hit.record
    log.say(replace(said_of(still("copy", like="one", bits=7)), category=CATEGORY), kind=Kind.CORRECTION, target=first)
    office.receive(log)
    assert of_records(office, still("one")) == {JP.id: CONFIRMED}


def test_a_correction_to_another_file_has_no_state(office: Office) -> None:
    decide(office, REJECTED)
    log = Log(JP)
    first = log.say(said_of(still("copy", like="one", bits=7)))
    log.say(said_of(still("other", like="one", bits=5)), kind=Kind.CORRECTION, target=first)
    office.receive(log)
    assert of_records(office, still("one")) == {JP.id: NEW}


def test_a_rejection_is_told_of_the_same_file_in_the_record_of_another_member(office: Office) -> None:
    decide(office, REJECTED)
    log = Log(DE)
    log.say(said_of(still("copy", like="one", bits=7)))
    office.receive(log)
    assert of_records(office, still("one")) == {JP.id: REJECTED, DE.id: REJECTED}


def test_rows_of_lists_and_other_holdings_have_their_states(office: Office) -> None:
    near = still("near", like="one", bits=2)
    office.take(near)
    office.take_list("US set", office.row_of(still("one"), id="a"))
    office.decide(RowHit(holding=1, row=office.row_number("US set")), CONFIRMED)
    office.decide(HoldingHit(holding=2, other=1), UNSURE)
    for prints, other in ((still("one"), 2), (near, 1)):
        hits = office.take(prints)[0].hits
        assert [hit.state for hit in hits if hit.holding == other] == [UNSURE]
    hits = office.take(still("one"))[0].hits
    assert [hit.state for hit in hits if hit.row is not None] == [CONFIRMED]


def test_a_search_for_several_files_tells_them_apart(office: Office) -> None:
    decide(office, CONFIRMED)
    subjects = [subject_of(still("another", like="one", bits=3)), subject_of(still("one"))]
    hits: tuple[Hit, ...] = office.matcher.local(subjects, RADIUS).hits
    assert {(hit.subject, hit.state) for hit in hits if hit.record is not None} == {(0, NEW), (1, CONFIRMED)}
