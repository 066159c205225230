"""Blocking steps in threads: in order, one at a time, and stopped only between two batches."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.usecases.in_threads import Batches, Stop, in_threads


@given(batches=st.lists(st.lists(st.integers(), max_size=4), max_size=6), after=st.integers(0, 8))
def test_a_stop_ends_after_whole_batches_and_what_was_done_is_told(batches: list[list[int]], after: int) -> None:
    made: list[int] = []
    stop = Stop()

    def work() -> Iterator[list[int]]:
        for number, batch in enumerate(batches):
            made.extend(batch)
            stop.asked = number + 1 >= after
            yield batch

    async def run() -> tuple[list[int], bool]:
        running = Batches(work(), stop)
        return [item async for item in running.each()], running.ended

    told, ended = asyncio.run(run())
    assert told == made
    assert ended == (len(batches) < max(after, 1))


def test_nothing_is_begun_after_a_stop() -> None:
    async def run() -> list[int]:
        stop = Stop()
        stop.asked = True
        return [item async for item in Batches(iter([[1]]), stop).each()]

    assert asyncio.run(run()) == []


def test_steps_run_beside_the_event_loop_and_their_error_is_raised_in_it() -> None:
    seen: list[int] = []

    def work() -> Iterator[int]:
        seen.append(threading.get_ident())
        yield 1
        raise ValueError("the second step failed")

    async def run() -> None:
        async for step in in_threads(work()):
            seen.append(step)  # noqa: PERF401 (what came before the error counts)

    with pytest.raises(ValueError, match="second step"):
        asyncio.run(run())
    thread, first = seen
    assert (thread != threading.get_ident(), first) == (True, 1)
