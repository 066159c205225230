"""What people are told of hits that are alike, of members that are muted or suspended, and how a member is muted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cli.conftest import Node, Vigil
from tests.unit.cli.hit_lines import HIT as STORED
from tests.unit.cli.hit_lines import SUMMARY as LISTED

HIT: dict[str, Any] = {
    "subject": "a.jpg",
    "origin": "vigil.example/JP/log/1",
    "record": "vigil.example/JP/log/1#" + "ab" * 32,
    "algorithm": "pdq",
    "distance": 0,
    "quality": 100,
    "orientation": "original",
    "category": None,
    "series": None,
    "alike": 12_000,
    "leads": True,
    "standing": None,
}
SUMMARY: dict[str, Any] = {
    "searched": {"vigil.example/JP/log/1": 12_000},
    "hits": 2,
    "hidden": 0,
    "grouped": 11_990,
    "grouped_by_member": {"JP": 11_990},
    "muted": {},
    "suspended": {},
    "not_compared": {},
}


def test_those_that_are_alike_are_one_line_with_their_number(vigil: Vigil, node: Node) -> None:
    node.answers["match"] = [HIT, *[HIT | {"leads": False}] * 9, SUMMARY]
    ran = vigil("match", "pdq:" + "0f" * 32)
    assert ran.out.count("abababab") == 1
    assert "11,999 more hits of this member just like it" in ran.out
    assert "11,990 more hits of JP not shown" in ran.out
    assert len(vigil("match", "pdq:" + "0f" * 32, "--json").lines) == 11


def test_what_is_set_aside_is_counted_with_what_to_do(vigil: Vigil, node: Node) -> None:
    node.answers["match"] = [SUMMARY | {"hits": 0, "muted": {"JP": 3}, "suspended": {"DE": 1}, "grouped_by_member": {}}]
    words = vigil("match", "pdq:" + "0f" * 32).out
    assert "3 hits of JP not shown: muted. To see them: --show-all, or vigil mute MEMBER --lift" in words
    assert "1 hit of DE not shown: suspended. To see them: --show-all" in words


def test_a_hit_of_a_suspended_member_says_so(vigil: Vigil, node: Node) -> None:
    node.answers["match"] = [HIT | {"standing": "suspended", "alike": 1}, SUMMARY]
    assert "of a suspended member" in vigil("match", "pdq:" + "0f" * 32, "--show-all").out


def test_what_could_not_be_compared_is_said(vigil: Vigil, node: Node) -> None:
    node.answers["match"] = [SUMMARY | {"hits": 0, "not_compared": {"phash": 2}}]
    words = vigil("match", "phash:" + "00" * 8).out
    assert "Not compared, because the picture is plain or its quality is too low: pHash of 2 subjects." in words


def test_the_list_of_hits_says_who_has_more(vigil: Vigil, node: Node) -> None:
    more = {"grouped": 99, "more_of": {"JP": 1_500}, "muted": {"DE": 4}, "next": 7}
    left_out = [{"record": None, "holding": 4, "member": "JP", "left_out": 11_900}]
    node.answers["hits-list"] = [STORED | {"alike": 100}, LISTED | more | {"left_out": left_out}]
    words = vigil("hits").out
    for said in (
        "99 more hits of this member just like it",
        "1 hit shown and 99 just like them of 419.",
        "1,500 more hits of JP further down: vigil hits --member JP",
        "4 hits of DE not shown: muted",
        "holding 4, records of JP: about 11,900 hits not kept",
    ):
        assert said in words
    assert vigil("hits", "--member", "JP").code == 0
    assert node.calls[-1].arguments["member"] == "JP"


def test_a_member_is_muted_listed_and_heard_again(vigil: Vigil, node: Node) -> None:
    line = {"member": "JP", "reason": "floods", "at": 1_700_000_000, "muted": True}
    node.answers |= {"mute": [line], "mute-list": [line], "mute-lift": [{"member": "JP", "muted": False}]}
    assert "JP is muted here" in vigil("mute", "JP", "--reason", "floods").out
    assert node.call("mute").arguments == {"member": "JP", "reason": "floods"}
    assert "floods" in vigil("mute", "list").out
    assert vigil("mute", "list", "--json").lines == [line]
    assert "not muted any more" in vigil("mute", "JP", "--lift").out
    assert node.call("mute-lift").arguments == {"member": "JP"}
    node.answers["mute-list"] = []
    assert vigil("mute", "list").out == "No member is muted.\n"


@pytest.mark.parametrize(
    "words", [("list", "--lift"), ("list", "--reason", "x"), ("JP", "--lift", "--reason", "x"), ()]
)
def test_a_mute_that_makes_no_sense_is_a_usage_error(vigil: Vigil, node: Node, words: tuple[str, ...]) -> None:
    assert vigil("mute", *words).code == 2
    assert node.calls == []
