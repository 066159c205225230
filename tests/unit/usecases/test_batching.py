"""Items are grouped without keeping anybody waiting, and none is lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from node.errors import Misuse
from node.usecases.batching import batches

Line = dict[str, Any]
FOREVER = 3_600.0


def run(scenario: Any) -> None:
    asyncio.run(scenario())


async def lines(count: int) -> AsyncIterator[Line]:
    for number in range(count):
        yield {"number": number}


def test_groups_are_full_and_the_last_is_what_is_left() -> None:
    async def scenario() -> None:
        groups = [group async for group in batches(lines(10), 4, FOREVER)]
        assert [len(group) for group in groups] == [4, 4, 2]
        assert [line["number"] for group in groups for line in group] == list(range(10))

    run(scenario)


def test_the_first_group_does_not_wait_for_as_long_as_the_others() -> None:
    async def scenario() -> None:
        more = asyncio.Event()

        async def source() -> AsyncIterator[Line]:
            yield {"number": 0}
            await more.wait()
            yield {"number": 1}
            yield {"number": 2}

        groups = batches(source(), 64, FOREVER, 0.0)
        assert await anext(groups) == [{"number": 0}]
        more.set()
        assert await anext(groups) == [{"number": 1}, {"number": 2}]
        assert await anext(groups, None) is None

    run(scenario)


def test_items_are_taken_in_while_a_group_is_worked_on() -> None:
    async def scenario() -> None:
        taken: list[int] = []
        full = asyncio.Event()

        async def source() -> AsyncIterator[Line]:
            for number in range(20):
                taken.append(number)
                if number == 6:
                    full.set()
                yield {"number": number}

        groups = batches(source(), 2, FOREVER)
        await anext(groups)
        await full.wait()
        assert 7 <= len(taken) < 10, "two groups ahead, and no more"
        await groups.aclose()

    run(scenario)


@pytest.mark.parametrize("size", [1, 5])
def test_an_error_of_the_source_comes_after_what_came_before_it(size: int) -> None:
    async def scenario() -> None:
        async def source() -> AsyncIterator[Line]:
            yield {"number": 0}
            raise Misuse("no more")

        groups = batches(source(), size, FOREVER)
        assert await anext(groups) == [{"number": 0}]
        with pytest.raises(Misuse):
            await anext(groups)

    run(scenario)
