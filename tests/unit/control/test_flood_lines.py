"""What a query and a search say of a flood: bounded lines, and numbers by member."""

from __future__ import annotations

from node.control.hit_lines import tally_line
from node.control.query_lines import event_lines
from node.control.runner import Line
from node.domain.ids import MemberId
from node.domain.queries import Answer, Hit, Level, MemberOutcome, Outcome, Subject
from node.domain.questions import Part
from node.usecases.asking import Heard
from node.usecases.crowd import MAX_ALIKE, MAX_OF_MEMBER
from node.usecases.hit_tally import HitTally
from node.usecases.matching import Found
from node.usecases.sources import MUTED, SUSPENDED, Sources
from node.usecases.telling import told
from tests.simulator.memory_store import MemoryStore

JP, DE = MemberId("JP"), MemberId("DE")
SUBJECT = Subject(fingerprints=(), label="a.jpg")


def told_of(event: Heard, muted: frozenset[MemberId] = frozenset()) -> list[Line]:
    return event_lines(told(MemoryStore(), event.part.query_id, event.outcome, ["a.jpg"], muted=muted))


def heard(count: int, *, spread: bool = False) -> Heard:
    hits = tuple(
        Hit(subject=0, origin="JP", algorithm="pdq", level=Level.SHARED, distance=at % 30 if spread else 0)
        for at in range(count)
    )
    answer = Answer(query_id=bytes(16), query_digest=bytes(32), answerer=JP, outcome=Outcome.HIT, hits=hits)
    outcome = MemberOutcome(member=JP, outcome=Outcome.HIT, answer=answer)
    part = Part(number=1, query_id=bytes(16), cost=1, asked_at=1, closed_at=0)
    return Heard(part=part, subjects=(SUBJECT,), outcome=outcome)


def test_an_answer_of_two_thousand_hits_is_a_few_lines_and_a_number() -> None:
    for spread, most in ((False, MAX_ALIKE), (True, MAX_OF_MEMBER)):
        outcome, *lines = told_of(heard(2_000, spread=spread))
        assert (len(lines), outcome["hits"], outcome["grouped"]) == (most, 2_000, 2_000 - most)
        assert {line["subject"] for line in lines} == {"a.jpg"}


def test_a_muted_members_answer_is_counted_and_not_shown() -> None:
    (outcome,) = told_of(heard(5), frozenset({JP}))
    assert (outcome["hits"], outcome["muted"]) == (5, True)
    tally = HitTally()
    tally.heard(heard(5).outcome, {JP})
    assert tally_line(tally) == {"grouped": 0, "grouped_by_member": {}, "muted": {"JP": 5}, "suspended": {}}


def test_numbers_are_those_of_all_groups_together() -> None:
    tally = HitTally()
    sources = Sources(standing={JP: MUTED, DE: SUSPENDED}, aside=frozenset({JP, DE}))
    for _ in range(2):
        tally.of(Found(hits=(), searched={}, left_out={(0, JP): 3, (1, JP): 4}, aside={DE: 2}, sources=sources))
    tally.heard(heard(2_000).outcome, ())
    assert tally_line(tally) == {
        "grouped": 14 + 2_000 - MAX_ALIKE,
        "grouped_by_member": {"JP": 14 + 2_000 - MAX_ALIKE},
        "muted": {},
        "suspended": {"DE": 4},
    }
