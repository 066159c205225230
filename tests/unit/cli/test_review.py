"""vigil review: what is sent, what is refused, and how the command ends."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from node.errors import NotFound
from tests.unit.cli.conftest import Line, Node, Vigil
from tests.unit.cli.hit_lines import DECIDED, DETAIL

REFUSED = {"error": "hit 9 is confirmed since: B. Marin decided this", "remedy": "look again", "kind": "refused"}


@pytest.fixture(autouse=True)
def shown(node: Node) -> None:
    """Each hit is there, in the state confirmed after one decision."""
    node.answers["hit-show"] = [DETAIL | {"state": "confirmed", "decisions": 1}]


def sent(node: Node) -> list[Line]:
    return [call.arguments for call in node.calls if call.command == "review"]


def test_a_decision_names_the_state_that_the_hit_has_now(vigil: Vigil, node: Node) -> None:
    node.answers["review"] = [DECIDED]
    ran = vigil("review", "9", "reject", "--note", "another room")
    assert ran.code == 0
    assert "Hit 9 is rejected (before: new)." in ran.out
    hit = {"hit": "9", "if_state": "confirmed", "if_decisions": 1}
    assert sent(node) == [{"decision": "reject", "note": "another room", "abroad": "", "hits": [hit]}]
    assert vigil("review", "9", "reject", "--json").lines == [DECIDED]


def test_a_state_that_was_seen_earlier_is_named_as_given(vigil: Vigil, node: Node) -> None:
    node.answers["review"] = [DECIDED]
    assert vigil("review", "9", "unsure", "--if-state", "new").code == 0
    assert sent(node)[0]["hits"] == [{"hit": "9", "if_state": "new"}]
    assert [call.command for call in node.calls] == ["review"]


def test_each_hit_is_decided_about_for_itself(vigil: Vigil, node: Node) -> None:
    def answer(arguments: Line, _items: Iterable[Line]) -> Iterable[Line]:
        (hit,) = arguments["hits"]
        yield DECIDED | {"hit": hit["hit"]} | (REFUSED if hit["hit"] == "9" else {})

    node.answers["review"] = answer
    ran = vigil("review", "8", "9", "7/r12", "8", "reject")
    assert ran.code == 4
    assert [arguments["hits"][0]["hit"] for arguments in sent(node)] == ["8", "9", "7/r12"]
    assert "Hit 8 is rejected" in ran.out
    assert "Hit 7/r12 is rejected" in ran.out
    assert "B. Marin decided this" in ran.err
    assert "look again" in ran.err


def test_a_hit_that_is_not_there_is_an_error_of_that_hit(vigil: Vigil, node: Node) -> None:
    def missing(_arguments: Line, _items: Iterable[Line]) -> Iterable[Line]:
        raise NotFound("there is no hit 9", remedy="vigil hits")

    node.answers["hit-show"] = missing
    ran = vigil("review", "9", "confirm", "--json")
    assert ran.code == 1
    (line,) = ran.lines
    assert (line["hit"], line["error"], line["kind"]) == ("9", "there is no hit 9", "not-found")
    assert set(line) == set(DECIDED)


def test_what_goes_abroad_is_asked_for(vigil: Vigil, node: Node) -> None:
    node.answers["review"] = [DECIDED | {"opinion": "x#1", "publication": "queued", "why": None}]
    assert "Our opinion" in vigil("review", "9", "confirm", "--opine").out
    assert vigil("review", "9", "reject", "--dispute").code == 0
    assert [each["abroad"] for each in sent(node)] == ["confirm", "dispute"]
    assert vigil("review", "9", "reject", "--dispute", "--opine").code == 2


def test_a_decision_without_its_opinion_is_an_error_and_says_that_it_stands(vigil: Vigil, node: Node) -> None:
    node.answers["review"] = [DECIDED | {"unsaid": "this node may not read this record", "remedy": "none"}]
    ran = vigil("review", "9", "confirm", "--opine")
    assert ran.code == 1
    assert "Hit 9 is rejected" in ran.out
    assert "The opinion was not stated: this node may not read this record" in " ".join(ran.out.split())


def test_a_decision_is_one_of_three(vigil: Vigil, node: Node) -> None:
    assert vigil("review", "9", "maybe").code == 2
    assert vigil("review", "confirm").code == 2
    assert sent(node) == []


def test_an_error_names_the_hit_only_if_there_are_several(vigil: Vigil, node: Node) -> None:
    node.answers["review"] = [DECIDED | REFUSED]
    assert "error: hit 9 is confirmed since" in vigil("review", "9", "reject").err
    assert "error: hit 8: hit 9 is confirmed since" in vigil("review", "8", "9", "reject").err
