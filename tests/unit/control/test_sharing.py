"""contribute and retract as lines: what they ask, how they stop, what their last line says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from node.control.sharing_commands import SharingCommands
from node.errors import Misuse
from node.usecases.contribution import BATCH
from node.usecases.publication import Publishing
from node.usecases.sharing import Sharing
from tests.simulator.federation import Speaker
from tests.simulator.world import Hub, Node, Wire, World
from tests.unit.usecases.desk import Desk, prints

Line = dict[str, Any]
FR = Speaker.named("FR")


@pytest.fixture
def desk() -> Iterator[Desk]:
    world = World([FR])
    made = Desk(Node(world, FR, Wire(Hub(world), FR.id)))
    yield made
    made.close()


def commands(desk: Desk) -> SharingCommands:
    publishing = Publishing(desk.publications, lambda: None)
    return SharingCommands(
        sharing=Sharing(contributing=desk.contributing, retracting=desk.retracting, publishing=publishing)
    )


async def never() -> AsyncIterator[Line]:
    await asyncio.Event().wait()
    yield {}


async def stop() -> AsyncIterator[Line]:
    yield {"stop": True}


def lines(command: Any, arguments: Line, items: AsyncIterator[Line] | None = None) -> list[Line]:
    async def collect() -> list[Line]:
        return [line async for line in command(arguments, items or never())]

    return asyncio.run(collect())


def test_a_dry_run_says_a_line_a_holding_and_changes_nothing(desk: Desk) -> None:
    desk.hold(*range(1, 13))
    *holdings, summary = lines(commands(desk).contribute, {"case": "C", "dry_run": True})
    assert {line["state"] for line in holdings} == {"would contribute"}
    assert (summary["would_contribute"], summary["contributed"], summary["asks"]) == (12, 0, False)
    assert desk.records.page().total == 0


def test_without_a_yes_the_command_asks_and_does_nothing_and_with_the_plan_it_does_it(desk: Desk) -> None:
    desk.hold(*range(1, 13))
    (asked,) = lines(commands(desk).contribute, {"case": "C"})
    assert (asked["asks"], asked["would_contribute"]) == (True, 12)
    assert asked["handling"]["audience"] == "everyone"
    assert desk.records.page().total == 0
    summary = lines(commands(desk).contribute, {"case": "C", "plan": asked["plan"]})[-1]
    assert (summary["contributed"], summary["queued"], summary["published"]) == (12, 12, 0)
    assert "no node is running" in summary["why"]
    (asked,) = lines(commands(desk).retract, {"case": "C", "reason": "mistake"})
    assert (asked["asks"], asked["would_retract"]) == (True, 12)
    *gone, summary = lines(commands(desk).retract, {"case": "C", "reason": "mistake", "yes": True})
    assert {line["state"] for line in gone} == {"forgotten before it left"}
    assert (summary["retracted"], summary["forgotten"]) == (0, 12)


def test_a_stop_ends_between_two_batches_and_says_what_was_shared(desk: Desk) -> None:
    desk.hold(*range(1, 2 * BATCH + 2))

    async def run() -> list[Line]:
        told: list[Line] = []
        listen: asyncio.Queue[Line] = asyncio.Queue()

        async def items() -> AsyncIterator[Line]:
            yield await listen.get()

        async for line in commands(desk).contribute({"case": "C", "yes": True}, items()):
            told.append(line)
            if len(told) == 1:
                await listen.put({"stop": True})
                await asyncio.sleep(0)  # the listener takes it
        return told

    *holdings, summary = asyncio.run(run())
    assert summary["interrupted"] is True
    assert summary["contributed"] == len(holdings) == desk.records.page(mine=True).total
    assert summary["remaining"] == 2 * BATCH + 1 - len(holdings)
    assert summary["remaining"] > 0
    assert lines(commands(desk).contribute, {"case": "C", "yes": True})[-1]["contributed"] == summary["remaining"]


def test_a_second_statement_is_told_with_what_the_record_says(desk: Desk) -> None:
    desk.hold(1)
    lines(commands(desk).contribute, {"case": "C", "statement": {"category": "uk-caid:1:B"}})
    line, summary = lines(commands(desk).contribute, {"case": "C", "statement": {"category": "uk-caid:1:C"}})
    assert (line["state"], line["differs"]) == ("contributed before, and says otherwise", ["category"])
    assert line["says"]["category"]["code"] == "B"
    assert (summary["differs"], summary["contributed"]) == (1, 0)


def test_one_retraction_is_one_line_that_says_how_far_it_has_come(desk: Desk) -> None:
    desk.hold(1, 2)
    first, second = desk.shared(case="C")
    asyncio.run(desk.node.publisher.round())
    (line,) = lines(commands(desk).retract, {"record": str(first), "reason": "mistake"})
    assert (line["state"], line["publication"]) == ("retraction queued", "queued")
    asyncio.run(desk.node.publisher.round())
    assert desk.publications.of([second])[second] == "published"


def test_a_faulty_row_is_a_line_with_its_number_and_the_command_fails(desk: Desk) -> None:
    desk.hold(1)
    rows = [{"line": 2, "sha256": prints(1).sha256.hex()}, {"line": 3, "md5": "ab" * 16}]
    told: list[Line] = []

    async def run() -> None:
        async for line in commands(desk).contribute({"rows": rows}, never()):
            told.append(line)  # noqa: PERF401 (what came before the error counts)

    with pytest.raises(Misuse, match="nothing was shared: line 3"):
        asyncio.run(run())
    assert [line["line"] for line in told] == [3]
    with pytest.raises(Misuse, match="neither a SHA-256 nor an MD5"):
        lines(commands(desk).contribute, {"rows": [{"line": 2}]})
