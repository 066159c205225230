"""What the tests of `test_query_commands` share with others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from node.control.query_commands import QueryCommands
from tests.simulator import federation as sim
from tests.simulator.asking import Federation

Line = dict[str, Any]


def commands(made: Federation) -> QueryCommands:
    who = made.parties["FR"]
    return QueryCommands(
        planner=who.planner,
        asker=made.asker("FR"),
        store=who.store,
        codec=who.planner.codec,
        audit=who.audit,
        clock=lambda: float(sim.NOW),
    )


async def feed(*lines: Line) -> AsyncIterator[Line]:
    for line in lines:
        yield line


async def collect(lines: AsyncIterator[Line]) -> list[Line]:
    return [line async for line in lines]
