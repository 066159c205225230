"""A member floods the federation with one picture's hash: real processes, real commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.attacks.poisoned import POISON, RECORDS, attack
from bench.federation import Federation
from node.demo.stage import Stage
from node.usecases.crowd import MAX_ALIKE
from tests.integration.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.demo.stage import Line

pytestmark = pytest.mark.faults
PATIENCE = 240.0
HONEST, POISONER, READER = "DE", "JP", "FR"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with Stage(tmp_path_factory.mktemp("poisoned")) as stage:
        federation = Federation(stage)
        federation.found(HONEST, POISONER, READER)
        stage.stop("hub")
        federation.seed(HONEST, 200)
        stage.start("hub", "hub", "run")
        stage.start(READER, "node", "run")
        with attack(federation, POISONER):
            until(lambda: entries(stage, POISONER) >= 2 * RECORDS, "the flood has not come", PATIENCE)
        yield federation


def entries(stage: Stage, member: str) -> int:
    lines = stage.ask(READER, "status")
    return sum(line["size"] for line in lines if (line.get("log") or "").startswith(f"bench.vigil/{member}/"))


def match(made: Federation, *words: str, home: str = READER) -> tuple[list[Line], Line]:
    *hits, summary = made.stage.run("match", *words, home=home).lines
    return hits, summary


def test_the_flood_is_one_group_and_the_honest_hit_stands_beside_it(made: Federation) -> None:
    sample = made.samples[HONEST]
    hits, summary = match(made, f"pdq:{sample.pdq.hex()}")
    speakers = [line["origin"].split("/")[1] for line in hits]
    assert speakers.count(HONEST) == 1
    assert speakers.count(POISONER) == MAX_ALIKE
    assert [line["alike"] >= RECORDS for line in hits if line["leads"]].count(True) == 1
    assert summary["hits"] == len(hits)
    assert summary["grouped_by_member"][POISONER] >= RECORDS - MAX_ALIKE


def test_a_mute_sets_the_flood_aside_and_is_lifted_again(made: Federation) -> None:
    made.stage.run("mute", POISONER, "--reason", "floods", home=READER)
    (listed,) = made.stage.run("mute", "list", home=READER).lines
    assert (listed["member"], listed["reason"]) == (POISONER, "floods")
    hits, summary = match(made, f"pdq:{POISON.hex()}")
    assert (hits, summary["muted"][POISONER] >= RECORDS) == ([], True)
    hits, _ = match(made, f"pdq:{POISON.hex()}", "--show-all")
    assert {line["standing"] for line in hits} == {"muted"}
    made.stage.run("mute", POISONER, "--lift", home=READER)
    assert len(match(made, f"pdq:{POISON.hex()}")[0]) == MAX_ALIKE


def test_the_hub_sees_who_says_one_thing_over_and_over(made: Federation) -> None:
    lines = {line["member"]: line for line in made.stage.run("hub", "members", home="hub").lines}
    assert lines[POISONER]["striking"]
    assert not lines[HONEST]["striking"]


def test_a_suspended_members_hits_are_set_aside(made: Federation) -> None:
    made.stage.run("hub", "suspend", POISONER, "--reason", "floods", home="hub")

    def set_aside() -> bool:
        return POISONER in match(made, f"pdq:{POISON.hex()}")[1]["suspended"]

    until(set_aside, "the suspension has not come", PATIENCE)
    hits, _ = match(made, f"pdq:{POISON.hex()}")
    assert hits == []
    hits, _ = match(made, f"pdq:{POISON.hex()}", "--show-all")
    assert {line["standing"] for line in hits} == {"suspended"}
