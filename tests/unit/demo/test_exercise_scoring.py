"""The score of an exercise: what counts, whose act it is, and what never counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.demo.exercise.plan import MEMBERS, Officer
from node.demo.exercise.scoring import Evidence, fulfilled, standing
from node.demo.exercise.tasks import Need

Line = dict[str, Any]


def record(member: str, digit: str) -> str:
    return f"exercise.workshop/{member}/log/1#{digit * 64}"


ANNA = Officer(name="anna", member="XA", shared=record("XB", "a"), second=record("XC", "b"), mistake=record("XA", "c"))
QUERY = "0" * 32
ACT: Line = {"kind": "administration", "what": "opine", "officer": "anna", "outcome": "done", "record": ANNA.shared}
OPINE = Need(what="opine", has={"record": (ANNA.shared,)})
ASK = Need(kind="query-asked", has={"case": ("EX-ANNA",)}, answered="XC")
ASKED: Line = {"kind": "query-asked", "officer": "anna", "case": "EX-ANNA", "query": QUERY}
ANSWERED: Line = {"kind": "query-answered", "query": QUERY, "outcome": "hit"}


def evidence(*acts: Line, at: str = "XA", others: dict[str, list[Line]] | None = None) -> Evidence:
    logs: dict[str, list[Line]] = {member: [] for member in MEMBERS} | (others or {})
    return Evidence(
        acts=logs | {at: list(acts)}, records={member: frozenset({record(member, "c")}) for member in MEMBERS}
    )


def test_an_act_of_the_officer_counts() -> None:
    assert fulfilled(OPINE, ANNA, evidence(ACT))
    assert not fulfilled(OPINE, ANNA, evidence())


@pytest.mark.parametrize(
    "changed",
    [
        {"officer": "bela"},
        {"officer": None},
        {"outcome": "refused"},
        {"outcome": "failed"},
        {"outcome": "running"},
        {"outcome": "unknown"},
        {"what": "comment"},
        {"record": ANNA.second},
        {"record": None},
    ],
)
def test_another_act_or_one_that_did_not_succeed_does_not(changed: Line) -> None:
    assert not fulfilled(OPINE, ANNA, evidence(ACT | changed))


def test_an_act_at_another_members_node_does_not_count() -> None:
    assert not fulfilled(OPINE, ANNA, evidence(ACT, at="XB"))


@given(st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_a_list_counts_by_its_length_and_a_number_by_its_value(found: int, least: int, listed: bool) -> None:
    need = Need(what="contribute", least={"holdings": least})
    act = ACT | {"what": "contribute", "holdings": list(range(found)) if listed else found}
    assert fulfilled(need, ANNA, evidence(act)) == (found >= least)


def test_a_command_that_makes_several_entries_counts_as_one_of_the_same_size() -> None:
    """A large folder is taken in and shared in batches. What is in two batches counts once."""
    taken, shared = Need(what="ingest", least={"fingerprints": 4}), Need(what="contribute", least={"holdings": 3})
    parts = [ACT | {"what": "ingest", "fingerprints": number} for number in (1, 3)]
    assert fulfilled(taken, ANNA, evidence(*parts))
    assert not fulfilled(taken, ANNA, evidence(parts[1]))
    batches = [ACT | {"what": "contribute", "holdings": numbers} for numbers in ([1, 2], [2, 3], [2])]
    assert fulfilled(shared, ANNA, evidence(*batches))
    assert not fulfilled(shared, ANNA, evidence(batches[0], batches[2]))


def test_every_wanted_name_must_be_in_a_list() -> None:
    need = Need(what="link", has={"records": (ANNA.shared, ANNA.second)})
    assert fulfilled(need, ANNA, evidence(ACT | {"what": "link", "records": [ANNA.shared, ANNA.second]}))
    assert not fulfilled(need, ANNA, evidence(ACT | {"what": "link", "records": [ANNA.shared]}))


def test_a_question_counts_when_the_member_says_that_it_answered_it_with_a_hit() -> None:
    assert fulfilled(ASK, ANNA, evidence(ASKED, others={"XC": [ANSWERED]}))
    for other in (
        {},
        {"XB": [ANSWERED]},
        {"XC": [ANSWERED | {"outcome": "no-hit"}]},
        {"XC": [ANSWERED | {"query": "1"}]},
    ):
        assert not fulfilled(ASK, ANNA, evidence(ASKED, others=other))


def test_what_is_about_our_own_record_is_not_about_another_members() -> None:
    need = Need(what="consult reply", foreign="thread")
    act = ACT | {"what": "consult reply"}
    assert fulfilled(need, ANNA, evidence(act | {"thread": record("XB", "a")}))
    assert not fulfilled(need, ANNA, evidence(act | {"thread": record("XA", "a")}))
    assert not fulfilled(need, ANNA, evidence(act))


def test_a_record_that_stands_is_not_gone() -> None:
    need = Need(gone=ANNA.mistake)
    assert not fulfilled(need, ANNA, evidence(ACT))
    assert fulfilled(need, replace(ANNA), replace(evidence(ACT), records=dict.fromkeys(MEMBERS, frozenset())))


def test_points_are_those_of_the_done_tasks_and_the_next_one_is_the_first_that_is_open() -> None:
    text = "".join(
        f"[[task]]\nid = '{name}'\npoints = {points}\ntitle = ''\ntext = ''\ntry = []\n[[task.need]]\nwhat = '{name}'\n"
        for name, points in (("one", 1), ("two", 2), ("three", 4))
    )
    found = standing(ANNA, "/x", text, evidence(ACT | {"what": "three"}, ACT | {"what": "one"}))
    assert (found.points, found.most, found.done) == (5, 7, frozenset({"one", "three"}))
    assert found.next is not None
    assert found.next.id == "two"
    acts = [ACT | {"what": name} for name in ("one", "two", "three")]
    assert standing(ANNA, "/x", text, evidence(*acts)).next is None
