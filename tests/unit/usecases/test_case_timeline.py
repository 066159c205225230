"""The timeline of a case, and what a case gives to the commands that work on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.case_events import FIRST_PLACE, ONE_ACT_SECONDS, CaseEvent, CaseEventKind
from node.domain.handling import Handling
from node.domain.ids import Origin, RecordId, federation_id, member_id
from node.domain.queries import Outcome
from node.domain.questions import Part, PartBody, PlannedPart
from node.domain.questions import Terms as AskedTerms
from node.domain.statements import Reason
from node.domain.stored_hits import HitEvidence, StoredHit
from node.errors import Misuse, NotFound, Refused
from node.usecases.case_events import happened
from node.usecases.case_terms import query_terms, require_not_closed
from node.usecases.case_work import Defaults
from node.usecases.disposal import Disposal
from tests.simulator.federation import picture
from tests.unit.usecases.case_desk import TITLE, CaseDesk, officer

DAY = 86_400
JP = Origin(federation_id("test"), member_id("JP"), 1)


@pytest.fixture
def desk() -> Iterator[CaseDesk]:
    made = CaseDesk()
    yield made
    made.close()


def note(desk: CaseDesk, number: int = 1, kind: CaseEventKind = CaseEventKind.INGESTED) -> None:
    with desk.node.store.write() as tx:
        happened(tx, {"C": number, "": 5, "D": 0}, kind, int(desk.clock()))


def test_like_acts_of_one_officer_within_an_hour_are_one_event(desk: CaseDesk) -> None:
    began = int(desk.clock())
    with officer("Dupont"):
        note(desk, 32)
        desk.clock.now += ONE_ACT_SECONDS - 1
        note(desk, 8)
        desk.clock.now += 1
        note(desk, 1)
        note(desk, 1, CaseEventKind.CATEGORISED)
    with officer("Sato"):
        note(desk, 1, CaseEventKind.CATEGORISED)
    assert [(each.kind, each.officer, each.count, each.at - began, each.until - began) for each in desk.events()] == [
        ("categorised", "Sato", 1, 3_600, 3_600),
        ("categorised", "Dupont", 1, 3_600, 3_600),
        ("ingested", "Dupont", 1, 3_600, 3_600),
        ("ingested", "Dupont", 40, 0, 3_599),
    ]
    assert desk.events("D") == []
    assert desk.events("") == []


def _hit(desk: CaseDesk, holding: int, leaf: int, at: int) -> None:
    hit = StoredHit(
        id=0, holding=holding, record=RecordId(JP, bytes([leaf]) * 32), place=leaf, first_seen=at, last_seen=at,
        evidence=HitEvidence(algorithm="pdq", distance=3),
    )  # fmt: skip
    with desk.node.store.write() as tx:
        tx.open_log(JP)
        tx.add_hits([hit])


@given(st.lists(st.tuples(st.sampled_from(["event", "hit"]), st.integers(1, 5 * DAY)), max_size=12), st.integers(1, 4))
def test_pages_together_are_the_whole_timeline_in_order(acts: list[tuple[str, int]], limit: int) -> None:
    desk = CaseDesk()
    try:
        (holding,) = desk.hold(1)
        for number, (what, at) in enumerate(acts):
            if what == "hit":
                _hit(desk, holding, number, at)
            else:
                with desk.node.store.write() as tx:
                    tx.put_case_event(CaseEvent(case="C", kind=CaseEventKind.INGESTED, at=at, count=1))
        seen: list[CaseEvent] = []
        place = FIRST_PLACE
        while True:
            page = desk.timeline.page("C", place, limit)
            assert len(page.entries) <= limit
            seen += [each.event for each in page.entries]
            if page.next is None:
                break
            place = page.next
        assert [each.place for each in seen] == sorted({each.place for each in seen}, reverse=True)
        assert sum(each.kind == "ingested" for each in seen) == sum(what == "event" for what, _ in acts)
        found = [at for what, at in acts if what == "hit"]
        hits = [each for each in seen if each.kind == "hits"]
        assert len(hits) == len({at // DAY for at in found})
        assert sum(each.count for each in hits) == len(found)
    finally:
        desk.close()


def test_a_look_at_a_timeline_is_written_down_and_an_unknown_case_has_none(desk: CaseDesk) -> None:
    with pytest.raises(NotFound):
        desk.timeline.page("C", FIRST_PLACE, 9)
    desk.hold(1)
    assert desk.timeline.page("C", FIRST_PLACE, 9).entries == []
    assert [(each["what"], each["case"]) for each in desk.written()] == [("case timeline", "C")] * 2


def test_a_question_is_shown_with_its_present_state_and_without_it_once_it_is_deleted(desk: CaseDesk) -> None:
    number = b"q" * 16
    terms = AskedTerms(case="C", purpose="p", legal_basis="b", officer_role="r", officer="Dupont")
    planned = [PlannedPart(part=Part(number=1, query_id=number, cost=1), body=PartBody(payload=b"p"))]
    with desk.node.store.write() as tx:
        tx.put_question(number, terms, planned, 5)
        tx.put_case_event(CaseEvent(case="C", kind=CaseEventKind.ASKED, at=5, count=1, subject=number.hex()))
        for member, outcome in (("JP", Outcome.HIT), ("BR", Outcome.NO_HIT), ("DE", Outcome.NO_HIT)):
            tx.put_outcome(number, member_id(member), outcome, None, late=False)
        tx.put_outcome(number, member_id("JP"), Outcome.NO_HIT, None, late=True)
    (entry,) = desk.timeline.page("C", FIRST_PLACE, 9).entries
    assert entry.question is not None
    assert (entry.question.outcomes, entry.question.closed) == ({Outcome.HIT: 1, Outcome.NO_HIT: 2}, False)
    with desk.node.store.write() as tx:
        tx.forget_queries(100)
    (entry,) = desk.timeline.page("C", FIRST_PLACE, 9).entries
    assert (entry.event.subject, entry.question) == (number.hex(), None)


def test_sharing_correcting_retracting_and_deleting_are_in_the_timeline_of_each_case(desk: CaseDesk) -> None:
    (holding,) = desk.hold(1)
    desk.hold(1, case="D")
    (record,) = desk.shared(case="C")
    corrected = desk.node.ledger.correct(record, picture(1), Handling())
    desk.node.ledger.retract(corrected)
    assert desk.kinds("C") == desk.kinds("D") == ["retracted", "corrected", "shared"]
    disposal = Disposal(
        store=desk.node.store, catalogue=desk.node.catalogue, retract=desk.node.ledger.retract,
        remove_original=lambda _: False, clock=desk.clock,
    )  # fmt: skip
    disposal.order(disposal.plan([], "D", Reason.UNSTATED))
    disposal.finish()
    assert desk.kinds("D")[0] == "holdings deleted"
    assert desk.kinds("C")[0] == "retracted", "the holding left only the other case"
    disposal.order(disposal.plan([holding], "", Reason.UNSTATED))
    disposal.finish()
    assert desk.kinds("C")[0] == "holdings deleted"


def test_a_closed_case_takes_nothing_new_and_says_how_to_open_it(desk: CaseDesk) -> None:
    desk.work.open("C", replace(TITLE, legal_basis="art. 1"))
    desk.work.close("C", 1, "done")
    with desk.node.store.read() as tx:
        with pytest.raises(Refused, match="is closed") as caught:
            require_not_closed(tx, "C", "no new material is taken in for it")
        assert caught.value.remedy == "open it again: vigil case reopen C"
        with pytest.raises(Refused, match="no new question"):
            query_terms(tx, "C", "", "")
    desk.work.reopen("C", 2)
    desk.work.rest("C", 3)
    with desk.node.store.read() as tx:
        require_not_closed(tx, "C", "a dormant case refuses nothing")
        require_not_closed(tx, "never opened", "and so does this one")


@pytest.mark.parametrize(
    ("words", "given", "expected"),
    [
        (None, ("", "art. 2"), ("victim-identification", "art. 2")),
        (None, ("training", "art. 2"), ("training", "art. 2")),
        (Defaults(title="T"), ("", "art. 2"), ("victim-identification", "art. 2")),
        (Defaults(title="T", legal_basis="art. 1"), ("", ""), ("victim-identification", "art. 1")),
        (Defaults(title="T", purpose="prosecution", legal_basis="art. 1"), ("", ""), ("prosecution", "art. 1")),
        (
            Defaults(title="T", purpose="prosecution", legal_basis="art. 1"),
            ("training", "art. 2"),
            ("training", "art. 2"),
        ),
    ],
)
def test_a_query_takes_the_defaults_of_its_case_and_what_is_given_wins(
    desk: CaseDesk, words: Defaults | None, given: tuple[str, str], expected: tuple[str, str]
) -> None:
    if words is not None:
        desk.work.open("C", words)
    assert desk.work.query_terms("C", *given) == expected


def test_without_any_legal_basis_a_query_is_refused_with_both_ways_to_give_one(desk: CaseDesk) -> None:
    desk.work.open("C", TITLE)
    with pytest.raises(Misuse, match="--legal-basis") as caught:
        desk.work.query_terms("C", "", "  ")
    assert "vigil case change" in caught.value.remedy
