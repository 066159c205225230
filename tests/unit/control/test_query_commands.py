"""The lines of a query and of its history, from a federation in one process."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from node.control.lines import subject_line
from node.domain.queries import Level
from node.domain.roster import Policy
from node.errors import NotFound
from node.usecases.intake import subject_of
from tests.simulator.asking import federation, prints
from tests.unit.control.queries import Line, collect, commands, feed
from tests.unit.usecases.holding_pictures import hold

ARGUMENTS: Line = {"case": "FR-7", "purpose": "victim-identification", "legal_basis": "art. 706-47", "budget": 5.0}
SMALL = Policy(max_query_fingerprints=10)


def subject(number: int) -> Line:
    return subject_line(subject_of(prints(number), f"/evidence/{number}.jpg"))


def test_history_names_subjects_terms_and_the_subject_of_each_hit() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR", attending=("JP",), policy=SMALL) as made:
            hold(made.parties["JP"], 3, Level.HIT_NO_HIT)
            ours = commands(made)
            items = [subject(number) for number in (1, 2, 3)]
            *_, summary = await collect(ours.query(ARGUMENTS, feed(*items)))
            head, *told = await collect(ours.queries({"query": summary["query"]}, feed()))
            assert {name: head[name] for name in ("case", "legal_basis", "members", "subjects", "parts", "rule")} == {
                "case": "FR-7",
                "legal_basis": "art. 706-47",
                "members": ["BR", "JP"],
                "subjects": 3,
                "parts": 2,
                "rule": "policy",
            }
            assert [line["subject"] for line in told if "digest" in line] == [f"/evidence/{n}.jpg" for n in (1, 2, 3)]
            first = next(line for line in told if "digest" in line)
            assert first["digest"] == f"sha256:{prints(1).sha256.hex()}"
            assert first["kinds"] == {"md5": 1, "sha1": 1, "sha256": 1, "pdq": 1, "phash": 1}
            (hit,) = [line for line in told if "where" in line]
            assert (hit["subject"], hit["where"]) == ("/evidence/3.jpg", "JP")
            assert {line["reason"] for line in told if line.get("member") == "BR"} == {"said by the hub"}

            part = head["part_states"][1]
            alone = await collect(ours.queries({"query": part["query"]}, feed()))
            assert [line["subject"] for line in alone if "digest" in line] == ["/evidence/3.jpg"]
            (listed, *_) = await collect(ours.queries({"limit": 5}, feed()))
            assert listed == head

    asyncio.run(scenario())


def test_a_query_in_parts_has_a_plan_a_line_a_part_and_one_summary_over_all() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR", attending=("JP",), policy=SMALL) as made:
            for number in (1, 2, 3):
                hold(made.parties["FR"], number, Level.NATIONAL, "C-1")
            ours = commands(made)
            plan, *lines, summary = await collect(ours.query_case(ARGUMENTS | {"case": "C-1"}, feed()))
            assert (plan["parts"], plan["levels"], plan["subjects"]) == (2, {"national": 15}, 3)
            parts = [line for line in lines if "part" in line]
            assert [line["part"] for line in parts] == [1, 2]
            assert [line["query"] for line in parts] == summary["queries"]
            assert summary["query"] == plan["asking"]
            assert summary["outcomes"] == {"BR": "offline", "JP": "no-hit"}
            assert summary["coverage"] == {
                "BR": {"answered": 0, "parts": 2, "hits": 0},
                "JP": {"answered": 2, "parts": 2, "hits": 0},
            }
            assert summary["complete"] is False

            await made.attend("BR")
            *_, again = await collect(ours.query_again({"query": summary["query"]}, feed()))
            assert again["again"] == summary["query"]
            assert again["changed"] == {"outcomes": {"BR": ["offline", "no-hit"]}, "new_hits": 0, "gone_hits": 0}
            assert again["complete"] is True

    asyncio.run(scenario())


def test_the_cost_of_a_question_is_known_before_anything_is_stored() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR", attending=("JP",), policy=SMALL) as made:
            for number in (1, 2, 3):
                hold(made.parties["FR"], number, Level.NATIONAL, "C-1")
            ours = commands(made)
            about = ARGUMENTS | {"case": "C-1"}
            (cost,) = await collect(ours.query_cost(about, feed()))
            assert (cost["asking"], cost["subjects"], cost["levels"]) == (None, 3, {"national": 15})
            assert (cost["members"], cost["legal_basis"]) == (["BR", "JP"], "art. 706-47")
            assert cost["budget_left"] == cost["budget_a_minute"] > 0
            (some,) = await collect(ours.query_cost(about | {"holdings": [1, 3], "to": ["JP"]}, feed()))
            assert (some["subjects"], some["members"]) == (2, ["JP"])
            (typed,) = await collect(ours.query_cost(ARGUMENTS, feed(subject(7))))
            assert (typed["subjects"], typed["levels"], typed["fingerprints"]) == (1, None, 5)
            assert await collect(ours.queries({}, feed())) == [], "nothing was stored"

            plan, *_ = await collect(ours.query_case(about | {"holdings": [1, 3]}, feed()))
            assert (plan["subjects"], plan["from_case"]) == (2, True)
            (after,) = await collect(ours.query_cost(about, feed()))
            assert after["budget_left"] < after["budget_a_minute"]
            with pytest.raises(NotFound, match="holding 4 is not of this case"):
                await collect(ours.query_case(about | {"holdings": [4]}, feed()))

    asyncio.run(scenario())


def test_a_past_question_has_its_table_with_every_member_in_one_state() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR", attending=("JP",), policy=SMALL) as made:
            hold(made.parties["JP"], 3, Level.HIT_NO_HIT)
            ours = commands(made)
            *_, summary = await collect(ours.query(ARGUMENTS, feed(*[subject(number) for number in (1, 2, 3)])))
            table = (await collect(ours.queries({"query": summary["query"], "table": True}, feed())))[-1]
            assert table["table"] == summary["query"]
            for name in ("outcomes", "reasons", "coverage", "hits", "complete"):
                assert table[name] == summary[name]
            assert (table["waiting"], table["late"]) == ([], [])
            (brief,) = await collect(ours.queries({"brief": True}, feed()))
            assert brief["query"] == summary["query"]
            assert (brief["states"], brief["late"], brief["closed_at"]) == (
                {"hit": 1, "offline": 1},
                0,
                brief["closed_at"],
            )

    asyncio.run(scenario())


def test_a_question_without_its_table_names_the_members_that_are_waited_for() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR", attending=("JP",)) as made:
            ours = commands(made)
            asking = ours.query(ARGUMENTS, feed(subject(1)))
            plan = await anext(asking)
            table = (await collect(ours.queries({"query": plan["asking"], "table": True}, feed())))[-1]
            assert (table["outcomes"], table["waiting"], table["complete"]) == ({}, ["BR", "JP"], False)
            assert isinstance(asking, AsyncGenerator)
            await asking.aclose()

    asyncio.run(scenario())
