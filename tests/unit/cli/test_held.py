"""vigil held: what is asked, and what an officer is told."""

from __future__ import annotations

from typing import Any

from tests.unit.cli.conftest import Node, Vigil

HELD: dict[str, Any] = {
    "held": 3,
    "asker": "FR",
    "query": "ab" * 16,
    "asked_at": 1_700_000_000,
    "expires_at": 1_700_500_000,
    "why": "FR has reached the limit of 12 questions an hour around one thing held here",
    "decision": "waiting",
    "decided_at": None,
}
LOOKED = HELD | {
    "purpose": "victim-identification",
    "case": "FR-7\x1b[2J",
    "legal_basis": "art. 706-47",
    "officer_role": "investigator",
    "subjects": 1,
    "fingerprints": 5,
    "hits": 0,
}


def test_what_waits_is_listed_with_why(vigil: Vigil, node: Node) -> None:
    node.answers["held-list"] = [HELD]
    ran = vigil("held", "list")
    assert ran.code == 0
    for words in ("3  FR", "waits", "expires", "12 questions an hour"):
        assert words in ran.out
    assert node.call("held-list").arguments == {"limit": 100, "all": False}
    assert vigil("held", "list", "--json").lines == [HELD]


def test_nothing_waits(vigil: Vigil, node: Node) -> None:
    node.answers["held-list"] = []
    assert "nothing waits" in vigil("held", "list").err


def test_a_question_is_shown_with_its_basis_and_what_came_from_elsewhere_steers_no_terminal(
    vigil: Vigil, node: Node
) -> None:
    node.answers["held-show"] = [LOOKED]
    ran = vigil("held", "show", "3")
    assert ran.code == 0
    assert "art. 706-47" in ran.out
    assert "0 hits on our holdings" in ran.out
    assert "\x1b" not in ran.out
    node.answers["held-show"] = [LOOKED | {"subjects": None}]
    assert "deleted after the decision" in vigil("held", "show", "3").out


def test_a_decision_is_told(vigil: Vigil, node: Node) -> None:
    node.answers["held-release"] = [HELD | {"decision": "released", "decided_at": 1_700_000_001}]
    assert "Question 3 of FR is answered." in vigil("held", "release", "3").out
    node.answers["held-refuse"] = [HELD | {"decision": "refused", "decided_at": 1_700_000_001}]
    assert "Question 3 of FR is refused." in vigil("held", "refuse", "3", "--reason", "call us").out
    assert node.call("held-refuse").arguments == {"number": 3, "reason": "call us"}


def test_a_refusal_needs_a_reason_and_a_number_is_a_number(vigil: Vigil) -> None:
    assert vigil("held", "refuse", "3").code == 2
    assert vigil("held", "release", "0").code == 2
    assert vigil("held", "show", "x").code == 2
