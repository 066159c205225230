"""What of a member's answer is told: limited hits, each with the state of its record here."""

from __future__ import annotations

import pytest

from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.queries import Answer, Hit, Level, MemberOutcome, Outcome
from node.domain.statements import Retraction
from node.usecases.crowd import MAX_ALIKE
from node.usecases.standing import Standing
from node.usecases.telling import Told, told
from tests.simulator.arriving import Holder, said_of, still
from tests.simulator.federation import Log
from tests.unit.usecases.held_hits import JP, holder, log

__all__ = ["holder", "log"]


def answered(*records: RecordId | None) -> MemberOutcome:
    """An answer of JP with a hit on each of these records."""
    hits = tuple(
        Hit(subject=0, origin="JP", algorithm="pdq", level=Level.SHARED, record=each, distance=at)
        for at, each in enumerate(records)
    )
    answer = Answer(query_id=bytes(16), query_digest=bytes(32), answerer=JP.id, outcome=Outcome.HIT, hits=hits)
    return MemberOutcome(member=JP.id, outcome=Outcome.HIT, answer=answer)


def tell(holder: Holder, outcome: MemberOutcome, **how: object) -> Told:
    return told(holder.store, bytes(16), outcome, ["a.jpg"], **how)  # type: ignore[arg-type]


def test_each_hit_is_told_with_the_state_of_its_record_here(holder: Holder, log: Log) -> None:
    here, gone = log.say(said_of(still("one"))), log.say(said_of(still("two")))
    log.say(Retraction(), kind=Kind.RETRACTION, target=gone)
    holder.receive(log)
    unknown = RecordId(here.origin, bytes(32))
    outcome = tell(holder, answered(here, gone, unknown, None))
    states = [each.standing for each in outcome.hits]
    assert states == [Standing.HERE, Standing.GONE, Standing.NOT_HERE, None]
    (found,) = tell(holder, answered(unknown), here={unknown}).hits
    assert found.standing is Standing.HERE, "our own search has just found it"


def test_hits_of_a_muted_member_are_not_told_and_its_answer_is(holder: Holder) -> None:
    outcome = tell(holder, answered(None), muted={JP.id})
    assert (outcome.hits, outcome.muted, outcome.outcome.outcome) == ((), True, Outcome.HIT)
    assert not tell(holder, answered(None), muted={"DE"}).muted


def test_hits_beyond_the_limit_are_counted(holder: Holder) -> None:
    alike = Hit(subject=0, origin="JP", algorithm="pdq", level=Level.SHARED, distance=1)
    answer = Answer(
        query_id=bytes(16), query_digest=bytes(32), answerer=JP.id, outcome=Outcome.HIT, hits=(alike,) * 500
    )
    outcome = tell(holder, MemberOutcome(member=JP.id, outcome=Outcome.HIT, answer=answer))
    assert (len(outcome.hits), outcome.grouped) == (MAX_ALIKE, 500 - MAX_ALIKE)


@pytest.mark.parametrize("state", [Outcome.OFFLINE, Outcome.ERROR])
def test_a_member_without_an_answer_has_no_hits(holder: Holder, state: Outcome) -> None:
    outcome = tell(holder, MemberOutcome(member=JP.id, outcome=state))
    assert (outcome.hits, outcome.grouped, outcome.outcome.outcome) == ((), 0, state)
