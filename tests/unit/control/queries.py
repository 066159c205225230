"""What the tests of `test_query_commands` share with others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from node.control.query_commands import QueryCommands
from node.usecases.query_reading import QueryReading
from node.usecases.querying import Querying
from tests.simulator.asking import Federation

Line = dict[str, Any]


def commands(made: Federation) -> QueryCommands:
    who = made.parties["FR"]
    codec = who.planner.codec
    return QueryCommands(
        querying=Querying(planner=who.planner, asker=made.asker("FR"), store=who.store, codec=codec),
        reading=QueryReading(store=who.store, codec=codec, audit=who.audit),
    )


async def feed(*lines: Line) -> AsyncIterator[Line]:
    for line in lines:
        yield line


async def collect(lines: AsyncIterator[Line]) -> list[Line]:
    return [line async for line in lines]
