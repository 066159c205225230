"""A review belongs to a pair of two files, and outlives corrections, retractions, other records, lists and imports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import PDQ
from node.domain.hit_names import RowHit
from node.domain.ids import RecordId
from node.domain.reviews import Review, ReviewState
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.statements import Category, Retraction, Tri
from node.domain.stored_hits import StoredHit
from node.usecases import stored_hits
from tests.simulator.arriving import said_of, still
from tests.simulator.federation import TODAY, Log
from tests.unit.usecases.readings import DE, JP
from tests.unit.usecases.reviews import CONFIRMED, NEW, REJECTED, Office

COPY = said_of(still("copy", like="one", bits=7))
CATEGORY = Category(scheme="s", version="1", code="B", baseline=Tri.YES)


@pytest.fixture
def office() -> Iterator[Office]:
    """It holds one picture."""
    made = Office()
    made.take(still("one"))
    yield made
    made.close()


@pytest.fixture
def log() -> Log:
    return Log(JP)


def arrive(office: Office, log: Log) -> None:
    office.receive(log)
    office.match()


def only(office: Office) -> StoredHit:
    (hit,) = office.hits(states=list(ReviewState)).values()
    return hit


@pytest.fixture
def record(office: Office, log: Log) -> RecordId:
    """A copy of the picture, shared by JP and found."""
    said = log.say(COPY)
    arrive(office, log)
    return said


def test_a_rejected_pair_stays_rejected_when_it_is_found_again(office: Office, log: Log, record: RecordId) -> None:
    office.decide(only(office), REJECTED)
    with office.store.write() as tx:
        tx.forget_matched()
        tx.wait_for_match(HOLDINGS_SOURCE, [1])
    office.match()
    office.take(still("one"))
    restarted = office.restarted()
    restarted.match()
    assert office.states() == {only(office).id: REJECTED}
    assert office.listed() == []
    assert only(office).record == record


@pytest.mark.parametrize("bits", [0, 3])
def test_a_correction_keeps_the_review_and_says_that_it_changed(
    office: Office, log: Log, record: RecordId, bits: int
) -> None:
    before = only(office)
    office.decide(before, REJECTED)
    said = said_of(still("copy", like="one", bits=bits))
    log.say(replace(said, category=CATEGORY), kind=Kind.CORRECTION, target=record)
    arrive(office, log)
    after = only(office)
    assert (after.id, after.state) == (before.id, REJECTED)
    shown = office.shown(after).shown
    assert shown is not None
    assert shown.is_changed
    office.decide(after, REJECTED)
    again = office.shown(after).shown
    assert again is not None
    assert not again.is_changed


def test_many_corrections_between_two_matchings_keep_the_review(
    office: Office, log: Log, record: RecordId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_hits, "MAX_CHAIN", 2)
    before = only(office)
    office.decide(before, REJECTED)
    head = record
    for _ in range(5):
        head = log.say(COPY, kind=Kind.CORRECTION, target=head)
    arrive(office, log)
    assert office.states() == {before.id: REJECTED}


def test_a_correction_to_another_file_is_a_new_pair_and_the_former_decision_is_history(
    office: Office, log: Log, record: RecordId
) -> None:
    before = only(office)
    office.decide(before, REJECTED, note="first file")
    head = log.say(said_of(still("other", like="one", bits=5)), kind=Kind.CORRECTION, target=record)
    arrive(office, log)
    assert office.states() == {before.id: NEW}
    detail = office.shown(before)
    assert detail.decisions == ()
    assert [each.note for each in detail.earlier] == ["first file"]
    office.decide(before, CONFIRMED)
    log.say(said_of(still("other", like="one", bits=5)), kind=Kind.CORRECTION, target=head)
    arrive(office, log)
    assert office.states() == {before.id: CONFIRMED}


def test_a_decision_stays_where_files_cannot_be_compared(office: Office, log: Log, record: RecordId) -> None:
    before = only(office)
    office.decide(before, REJECTED)
    bare = said_of(still("other", like="one", bits=5), codes=[PDQ.code])
    head = log.say(bare, kind=Kind.CORRECTION, target=record)
    arrive(office, log)
    assert office.states() == {before.id: REJECTED}
    assert [each.file.sha256 for each in reviews(office)] == [b""], "what the deleted body said is forgotten"
    log.say(said_of(still("third", like="one", bits=5)), kind=Kind.CORRECTION, target=head)
    arrive(office, log)
    assert office.states() == {before.id: REJECTED}
    assert [each.file.sha256 for each in reviews(office)] == [still("third").sha256]


def reviews(office: Office) -> list[Review]:
    with office.store.read() as tx:
        return list(tx.reviews_of([1]))


def test_a_confirmed_pair_whose_record_was_retracted_is_history_without_the_body(
    office: Office, log: Log, record: RecordId
) -> None:
    hit = only(office)
    office.decide(hit, CONFIRMED, note="seen")
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    arrive(office, log)
    assert office.listed() == [hit.id]
    detail = office.shown(hit)
    assert detail.shown is not None
    assert (detail.shown.hit.ended, detail.shown.hit.evidence, detail.shown.statement) == (True, None, None)
    assert detail.shown.life.retracted_day == TODAY
    assert [each.note for each in detail.decisions] == ["seen"]
    assert [each.file.sha256 for each in reviews(office)] == [b""]
    with office.store.write() as tx:
        assert tx.forget_ended_hits(2**40) == 0


def test_an_undecided_hit_ends_with_its_record(office: Office, log: Log, record: RecordId) -> None:
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    arrive(office, log)
    assert office.states() == {}
    assert office.list.stand().counts.new == 0


def test_a_rejection_is_about_the_file_in_whoevers_record(office: Office, log: Log, record: RecordId) -> None:
    """The same file is here in a second record, comes in a third, and is shared again after a retraction."""
    german = Log(DE)
    german.say(COPY)
    arrive(office, german)
    first, second = sorted(office.states())
    assert office.decide(office.hits_by_number()[first], REJECTED).followed == 1
    log.say(COPY, nonce=b"2" * 32)
    arrive(office, log)
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    log.say(COPY, nonce=b"3" * 32)
    arrive(office, log)
    assert len(office.states()) == 4
    assert set(office.states().values()) == {REJECTED}
    assert office.listed() == []
    carried = office.shown(office.hits_by_number()[second]).decisions
    assert [(each.officer, bool(each.carried)) for each in carried] == [("A. Durand", True)]


def test_a_changed_rejection_lets_the_hits_that_followed_it_be_new_again(
    office: Office, log: Log, record: RecordId
) -> None:
    german = Log(DE)
    german.say(COPY)
    arrive(office, german)
    first, second = sorted(office.states())
    office.decide(office.hits_by_number()[first], REJECTED)
    assert office.decide(office.hits_by_number()[first], CONFIRMED).followed == 1
    assert office.states() == {first: CONFIRMED, second: NEW}
    office.decide(office.hits_by_number()[second], REJECTED)
    assert office.states() == {first: CONFIRMED, second: REJECTED}, "a decision of one's own is never overruled"


def test_the_rejection_of_another_record_remains_when_one_is_changed(
    office: Office, log: Log, record: RecordId
) -> None:
    """The third record of the file followed the first rejection, and now follows the second."""
    german = Log(DE)
    german.say(COPY)
    arrive(office, german)
    log.say(COPY, nonce=b"2" * 32)
    arrive(office, log)
    first, second, third = sorted(office.states())
    office.decide(office.hits_by_number()[first], REJECTED)
    office.decide(office.hits_by_number()[second], REJECTED)
    office.decide(office.hits_by_number()[first], CONFIRMED)
    assert office.states() == {first: CONFIRMED, second: REJECTED, third: REJECTED}


def test_a_rejection_made_while_a_correction_was_on_its_way_counts_for_it(
    office: Office, log: Log, record: RecordId
) -> None:
    """The second record followed a rejection that was changed, so it has a review and is new. Then it is corrected."""
    german = Log(DE)
    head = german.say(COPY)
    arrive(office, german)
    first, second = sorted(office.states())
    office.decide(office.hits_by_number()[first], REJECTED)
    office.decide(office.hits_by_number()[first], CONFIRMED)
    german.say(COPY, kind=Kind.CORRECTION, target=head)
    office.receive(german)
    office.decide(office.hits_by_number()[first], REJECTED)
    office.match()
    assert office.states() == {first: REJECTED, second: REJECTED}


def test_a_confirmation_does_not_carry_over_because_another_record_is_news(
    office: Office, log: Log, record: RecordId
) -> None:
    first = only(office)
    office.decide(first, CONFIRMED)
    german = Log(DE)
    german.say(COPY)
    arrive(office, german)
    assert sorted(office.states().values()) == [NEW, CONFIRMED]


def test_another_near_file_is_a_pair_of_its_own(office: Office, log: Log, record: RecordId) -> None:
    office.decide(only(office), REJECTED)
    log.say(said_of(still("another", like="one", bits=2)))
    arrive(office, log)
    assert sorted(office.states().values()) == [NEW, REJECTED]


def test_a_deleted_holding_takes_its_reviews_along(office: Office, record: RecordId) -> None:
    office.decide(only(office), REJECTED)
    with office.node.catalogue.change() as change:
        change.delete_holding(1)
    assert office.states() == {}
    assert reviews(office) == []
    with office.store.read() as tx:
        assert tx.decisions(1) == []
    office.take(still("one"))
    office.match()
    assert list(office.states().values()) == [NEW], "it is another holding"


# --- lists ------------------------------------------------------------------------------------------------------------


def test_a_row_is_rejected_through_imports_and_a_removal_of_its_list(office: Office) -> None:
    named, unnamed = Office.row_of(still("one"), id="K-1"), Office.row_of(still("one"))
    office.take_list("A", named)
    office.take_list("B", unnamed)
    assert set(office.row_states().values()) == {NEW}
    for name in "AB":
        office.decide(RowHit(holding=1, row=office.row_number(name)), REJECTED)
    office.take_list("A", named._replace(code="2", said="changed"), replaces=True)
    office.take_list("B", unnamed, replaces=True)
    for name, row in (("A", named), ("B", unnamed)):
        office.lists.remove(name)
        office.take_list(name, row)
    assert set(office.row_states().values()) == {REJECTED}
    assert office.list_hits.newest(limit=9).holdings == ()
    assert office.list_hits.newest(limit=9).rejected == 2


def test_a_row_that_names_another_file_is_new(office: Office) -> None:
    office.take_list("A", Office.row_of(still("one"), id="K-1"))
    row = RowHit(holding=1, row=office.row_number("A"))
    office.decide(row, REJECTED, note="first file")
    other = Office.row_of(still("one"), id="K-1")._replace(sha256=b"o" * 32)
    office.take_list("A", other)
    changed = RowHit(holding=1, row=office.row_number("A"))
    assert list(office.row_states().values()) == [NEW]
    assert [each.note for each in office.shown(changed).earlier] == ["first file"]
    office.decide(changed, CONFIRMED)
    assert list(office.row_states().values()) == [CONFIRMED]
    assert [each.note for each in office.shown(changed).earlier] == ["first file"]


def test_a_rejected_file_is_rejected_in_lists_and_in_records_alike(office: Office, log: Log) -> None:
    copy = still("copy", like="one", bits=7)
    row = Office.row_of(copy)._replace(pdq=copy.pdq, pdq_quality=90, md5=b"")
    office.take_list("A", row)
    office.decide(RowHit(holding=1, row=office.row_number("A")), REJECTED)
    log.say(COPY)
    arrive(office, log)
    assert list(office.states().values()) == [REJECTED]
    office.take_list("B", row._replace(id="9"))
    assert set(office.row_states().values()) == {REJECTED}
