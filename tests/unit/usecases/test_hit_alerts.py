"""Alerts about hits: new ones, and records that change under a hit that an officer decided about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node.domain.alerts import AlertKind, Raised
from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.reviews import ReviewState
from node.domain.statements import Opinion, Retraction, Verdict
from node.domain.stored_hits import StoredHit
from node.usecases.custody import NodeCustody
from tests.simulator.arriving import said_of, still
from tests.simulator.federation import TODAY, Log
from tests.unit.usecases.readings import DE, JP
from tests.unit.usecases.reviews import CONFIRMED, NEW, REJECTED, UNSURE, Office

COPY = said_of(still("copy", like="one", bits=7))
DISPUTE = Opinion(verdict=Verdict.DISPUTE)


@pytest.fixture
def office() -> Iterator[Office]:
    """It holds one picture, in a case."""
    made = Office()
    made.take(still("one"))
    yield made
    made.close()


@pytest.fixture
def log() -> Log:
    return Log(JP)


def arrive(office: Office, *logs: Log) -> None:
    for each in logs:
        office.receive(each)
    office.match()


def found(office: Office, log: Log, state: ReviewState, handling: Handling = Handling()) -> RecordId:  # noqa: B008
    """A copy of the picture arrives, and an officer decides about its hit."""
    said = log.say(COPY, handling=handling)
    arrive(office, log)
    if state is not NEW:
        office.decide(only(office), state)
    seen(office)
    return said


def only(office: Office) -> StoredHit:
    (hit,) = office.hits(states=list(ReviewState)).values()
    return hit


def seen(office: Office) -> None:
    with office.store.write() as tx:
        tx.see_alerts([each.id for each in tx.alerts()], "somebody", 1)


def new_alerts(office: Office) -> list[tuple[Raised, int]]:
    with office.store.read() as tx:
        return [(each.raised, each.count) for each in tx.alerts(new=True)]


def about(kind: AlertKind, record: RecordId, case: str = "C-1", member: str = "JP") -> Raised:
    return Raised(kind=kind, about=str(record), case=case, member=member)


@pytest.mark.parametrize("state", [CONFIRMED, UNSURE])
def test_a_retraction_under_a_decided_hit_raises_an_alert_for_its_case(
    office: Office, log: Log, state: ReviewState
) -> None:
    record = found(office, log, state)
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    arrive(office, log)
    assert new_alerts(office) == [(about(AlertKind.RECORD_RETRACTED, record), 1)]


@pytest.mark.parametrize("state", [NEW, REJECTED])
def test_nobody_is_alerted_about_a_hit_that_nobody_works_with(office: Office, log: Log, state: ReviewState) -> None:
    record = found(office, log, state)
    german = Log(DE)
    german.say(DISPUTE, kind=Kind.OPINION, target=record)
    arrive(office, german)
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    arrive(office, log)
    assert new_alerts(office) == []


def test_a_correction_raises_an_alert_that_names_the_first_version(office: Office, log: Log) -> None:
    record = found(office, log, CONFIRMED)
    head = record
    for _ in range(2):
        head = log.say(COPY, kind=Kind.CORRECTION, target=head)
        arrive(office, log)
    assert new_alerts(office) == [(about(AlertKind.RECORD_CORRECTED, record), 2)]


def test_a_correction_to_another_file_is_an_alert_about_the_former_hit(office: Office, log: Log) -> None:
    record = found(office, log, CONFIRMED)
    log.say(said_of(still("other", like="one", bits=5)), kind=Kind.CORRECTION, target=record)
    arrive(office, log)
    assert about(AlertKind.RECORD_CORRECTED, record) in [raised for raised, _ in new_alerts(office)]


def test_a_dispute_raises_an_alert_with_the_member_that_disputes(office: Office, log: Log) -> None:
    record = found(office, log, CONFIRMED)
    head = log.say(COPY, kind=Kind.CORRECTION, target=record)
    arrive(office, log)
    seen(office)
    german = Log(DE)
    german.say(Opinion(verdict=Verdict.CONFIRM), kind=Kind.OPINION, target=head)
    arrive(office, german)
    assert new_alerts(office) == []
    german.say(DISPUTE, kind=Kind.OPINION, target=head)
    arrive(office, german)
    assert new_alerts(office) == [(about(AlertKind.RECORD_DISPUTED, record, member="DE"), 1)]


def test_our_own_dispute_alerts_nobody(office: Office, log: Log) -> None:
    record = found(office, log, CONFIRMED)
    own = Log(office.speaker)
    own.say(DISPUTE, kind=Kind.OPINION, target=record)
    with office.node.catalogue.change() as change:
        assert change.alerting is not None
        change.alerting.opined(change.writer, own.speaker.origin, [0])
    assert new_alerts(office) == []


def test_a_record_that_expires_alerts_nobody(office: Office, log: Log) -> None:
    found(office, log, CONFIRMED, Handling(retain_until_day=TODAY + 1))
    office.world.clock.now += 5 * 86_400
    clock = office.world.clock
    custody = NodeCustody(
        store=office.store,
        catalogue=office.node.catalogue,
        clock=clock,
        witnessed=lambda _reader: clock(),
        member=office.speaker.id,
    )
    assert custody.sweep().expired == 1
    assert only(office).ended
    assert new_alerts(office) == []


def test_without_a_case_the_alert_is_for_the_whole_node(office: Office, log: Log) -> None:
    record = found(office, log, CONFIRMED)
    with office.node.catalogue.change() as change:
        change.leave_case(only(office).holding, "C-1")
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    arrive(office, log)
    assert new_alerts(office) == [(about(AlertKind.RECORD_RETRACTED, record, case=""), 1)]


def test_a_restart_and_a_new_match_raise_nothing_again(office: Office, log: Log) -> None:
    record = found(office, log, CONFIRMED)
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    arrive(office, log)
    before = new_alerts(office)
    again = office.restarted()
    with again.store.write() as tx:
        tx.forget_matched()
    again.receive(log)
    again.match()
    assert new_alerts(office) == before
