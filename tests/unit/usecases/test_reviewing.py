"""Officers decide about hits: what is kept, what is refused, and what is stated abroad."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from node.domain.envelope import Kind
from node.domain.hit_names import HoldingHit, RecordHit, RowHit
from node.domain.statements import Opinion, Retraction, Verdict
from node.domain.stored_hits import StoredHit
from node.errors import Misuse, NotFound, Refused, StoreError
from node.usecases.acting import acting_for
from node.usecases.reviewing import Judgement
from tests.simulator.arriving import said_of, still
from tests.simulator.federation import Log
from tests.unit.usecases.readings import DE, JP
from tests.unit.usecases.reviews import CONFIRMED, DURAND, MARIN, NEW, REJECTED, UNSURE, Office


@pytest.fixture
def office() -> Iterator[Office]:
    made = Office()
    yield made
    made.close()


@pytest.fixture
def log() -> Log:
    """The log of JP."""
    return Log(JP)


@pytest.fixture
def hit(office: Office, log: Log) -> StoredHit:
    """Of holding 1 on a record of JP."""
    office.take(still("one"))
    log.say(said_of(still("copy", like="one", bits=7)))
    office.receive(log)
    office.match()
    (found,) = office.hits().values()
    return found


def test_a_decision_is_kept_with_who_made_it_when_and_why(office: Office, hit: StoredHit) -> None:
    decided = office.decide(hit, CONFIRMED, note="the same carpet")
    assert (decided.before, decided.state, decided.decisions) == (NEW, CONFIRMED, 1)
    with office.store.read() as tx:
        assert tx.newest_case_events(["C-1"])["C-1"].kind == "hits reviewed"
    office.world.clock.now += 60
    office.decide(hit, UNSURE, who=MARIN)
    detail = office.shown(hit)
    first, second = detail.decisions
    assert (first.officer, first.role, first.state) == ("A. Durand", "investigator", CONFIRMED)
    assert first.note == "the same carpet"
    assert (second.officer, second.note, second.at - first.at) == ("B. Marin", "", 60)
    assert {each.record for each in detail.decisions} == {str(hit.record)}
    assert (detail.at.state, detail.at.decisions) == (UNSURE, 2)
    assert detail.record is not None
    assert detail.shown is not None
    assert detail.shown.decided == second


def test_a_rejected_hit_is_listed_on_request_alone_and_counted(office: Office, hit: StoredHit) -> None:
    office.decide(hit, REJECTED)
    assert office.listed() == []
    assert office.states() == {hit.id: REJECTED}
    counts = office.list.stand("C-1").counts
    assert (counts.hits, counts.new, counts.rejected) == (0, 0, 1)
    office.decide(hit, CONFIRMED)
    assert office.listed() == [hit.id]


def test_of_two_officers_the_second_is_refused_and_told_what_the_first_decided(office: Office, hit: StoredHit) -> None:
    """Both looked while the hit was new, and decide at the same moment."""
    ready = threading.Barrier(2)
    outcomes: list[object] = []

    def decide(who: object, state: object) -> None:
        with acting_for(who):  # type: ignore[arg-type]
            ready.wait()
            try:
                judgement = Judgement(state=state, seen=NEW, seen_decisions=0)  # type: ignore[arg-type]
                outcomes.append(asyncio.run(office.reviewing.decide(RecordHit(hit=hit.id), judgement)).state)
            except Refused as error:
                outcomes.append(error)

    threads = [threading.Thread(target=decide, args=each) for each in ((DURAND, CONFIRMED), (MARIN, REJECTED))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (kept,) = office.shown(hit).decisions
    (refused,) = [each for each in outcomes if isinstance(each, Refused)]
    assert [each for each in outcomes if each is not refused] == [kept.state]
    assert kept.officer in str(refused)
    assert kept.state.name.lower() in str(refused)
    assert f"vigil hits show {hit.id}" in refused.remedy
    late = MARIN if kept.officer == DURAND.name else DURAND
    office.decide(hit, UNSURE, who=late, seen=kept.state, seen_decisions=1)
    assert [each.officer for each in office.shown(hit).decisions] == [kept.officer, late.name]


def test_a_state_that_came_back_is_not_the_one_that_was_seen(office: Office, hit: StoredHit) -> None:
    office.decide(hit, CONFIRMED)
    office.decide(hit, REJECTED)
    office.decide(hit, CONFIRMED)
    with pytest.raises(Refused, match=r"A\. Durand"):
        office.decide(hit, UNSURE, seen=CONFIRMED, seen_decisions=1)
    with pytest.raises(Refused, match="is confirmed since"):
        office.decide(hit, UNSURE, seen=NEW)
    office.decide(hit, UNSURE, seen=CONFIRMED)


def test_a_decision_that_cannot_be_kept_changes_nothing(office: Office, hit: StoredHit) -> None:
    office.decide(hit, CONFIRMED, note="first")
    for state, note, abroad in (
        (NEW, "", None),
        (UNSURE, "x" * 1_001, None),
        (UNSURE, "two\nlines", None),
        (UNSURE, "", Verdict.CONFIRM),
        (REJECTED, "", Verdict.CONFIRM),
        (CONFIRMED, "", Verdict.DISPUTE),
    ):
        with pytest.raises(Misuse):
            office.decide(hit, state, note=note, abroad=abroad)
    store = office.store
    store.fail_next_commit = StoreError("full")  # type: ignore[attr-defined]
    with pytest.raises(StoreError):
        office.decide(hit, UNSURE, seen=CONFIRMED)
    assert [each.note for each in office.shown(hit).decisions] == ["first"]


def test_what_is_no_hit_is_not_decided_about(office: Office, hit: StoredHit) -> None:
    office.take(still("two"))
    office.take_list("L", Office.row_of(still("two")))
    row = office.row_number("L")
    for name in (
        RecordHit(hit=hit.id + 1),
        RowHit(holding=1, row=row),
        RowHit(holding=2, row=row + 1),
        RowHit(holding=9, row=row),
        HoldingHit(holding=1, other=2),
        HoldingHit(holding=1, other=9),
    ):
        with pytest.raises(NotFound):
            office.decide(name, REJECTED, seen=NEW)
    assert office.decide(RowHit(holding=2, row=row), REJECTED).state is REJECTED


def test_two_holdings_have_one_review_in_either_order(office: Office) -> None:
    office.take(still("one"), still("two", like="one", bits=4))
    assert office.shown(HoldingHit(holding=2, other=1)).evidence is not None
    office.decide(HoldingHit(holding=2, other=1), REJECTED)
    assert office.shown(HoldingHit(holding=1, other=2)).at.state is REJECTED


def test_every_look_and_decision_is_in_the_audit_log_without_contents(office: Office, hit: StoredHit) -> None:
    office.decide(hit, CONFIRMED, note="the same carpet")
    with pytest.raises(Refused):
        office.decide(hit, REJECTED, seen=NEW)
    written = office.written()
    assert [each["what"] for each in written if each["what"] != "outcome"] == ["hit", "review", "review"]
    assert [each["outcome"] for each in written if each["what"] == "outcome"] == ["done", "refused"]
    looks, acts = (next(each for each in written if each["what"] == what) for what in ("hit", "review"))
    assert (looks["hit"], acts["hit"], acts["state"]) == (str(hit.id), str(hit.id), "confirmed")
    assert {each.get("officer") for each in written} == {"A. Durand"}
    assert "carpet" not in str(written)


class Abroad:
    """What our own log says of a record."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def opinions(self) -> list[Opinion]:
        with self.office.store.read() as tx:
            pending = tx.pending(self.office.node.origin, 10)
        decoded = (self.office.node.ledger._codec.decode_body(Kind.OPINION, each.disclosure.body) for each in pending)
        return [each for each in decoded if isinstance(each, Opinion)]


def test_a_confirmation_is_stated_abroad_on_request_without_its_note(office: Office, hit: StoredHit) -> None:
    abroad = Abroad(office)
    assert office.decide(hit, CONFIRMED, note="the same carpet").said is None
    assert abroad.opinions() == []
    decided = office.decide(hit, CONFIRMED, note="the same carpet", abroad=Verdict.CONFIRM)
    assert decided.said is not None
    assert abroad.opinions() == [Opinion(verdict=Verdict.CONFIRM)]


def test_a_rejection_disputes_the_record_only_if_that_is_asked_for(office: Office, hit: StoredHit) -> None:
    abroad = Abroad(office)
    office.decide(hit, REJECTED)
    assert abroad.opinions() == []
    office.decide(hit, REJECTED, abroad=Verdict.DISPUTE)
    assert abroad.opinions() == [Opinion(verdict=Verdict.DISPUTE)]


def test_a_decision_stands_if_its_opinion_cannot_be_stated(office: Office, log: Log, hit: StoredHit) -> None:
    log.say(Retraction(), kind=Kind.RETRACTION, target=hit.record)
    office.decide(hit, UNSURE)
    office.receive(log)
    decided = office.decide(hit, CONFIRMED, abroad=Verdict.CONFIRM)
    assert decided.state is CONFIRMED
    assert (decided.said, decided.unsaid is not None) == (None, True)
    assert office.states() == {hit.id: CONFIRMED}


def test_only_a_record_can_be_confirmed_abroad(office: Office) -> None:
    office.take(still("one"), still("two", like="one", bits=4))
    with pytest.raises(Misuse, match="on a member's record"):
        office.decide(HoldingHit(holding=1, other=2), CONFIRMED, abroad=Verdict.CONFIRM)
    assert office.shown(HoldingHit(holding=1, other=2)).at.state is NEW


def test_what_members_say_of_the_record_is_shown_with_its_hit(office: Office, hit: StoredHit) -> None:
    german = Log(DE)
    german.say(Opinion(verdict=Verdict.CONFIRM), kind=Kind.OPINION, target=hit.record)
    german.say(Opinion(verdict=Verdict.DISPUTE), kind=Kind.OPINION, target=hit.record)
    office.receive(german)
    detail = office.shown(hit)
    assert detail.shown is not None
    known, life = detail.shown.verification, detail.shown.life
    assert known is not None
    assert (known.confirmed, known.disputed) == ((), (DE.id,))
    assert (life.retracted_day, life.expired, life.replaced) == (None, False, False)
