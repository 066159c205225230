"""The threads behind the event loop: order, faults, and one waking for many."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import pytest

from node.sync.workers import Workers
from tests.simulator.asking import until


def test_jobs_are_done_in_order_whatever_one_of_them_meets(capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> None:
        workers, done = Workers(1, "test"), list[int]()

        def job(number: int) -> None:
            if number == 2:
                raise ValueError("telltale")
            done.append(number)

        for number in range(5):
            workers.do(partial(job, number))
        await asyncio.to_thread(workers.close)
        assert done == [0, 1, 3, 4]

    asyncio.run(scenario())
    out, err = capfd.readouterr()
    assert "ValueError" in out + err
    assert "telltale" not in out + err


def test_jobs_share_the_threads() -> None:
    async def scenario() -> None:
        workers, together = Workers(2, "test"), threading.Barrier(2, timeout=30)
        met: list[int] = []
        for _ in range(2):
            workers.do(lambda: met.append(together.wait()))
        await asyncio.to_thread(workers.close)
        assert sorted(met) == [0, 1]

    asyncio.run(scenario())


def test_what_many_tell_wakes_the_loop_once_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        loop, workers, told, woken = asyncio.get_running_loop(), Workers(3, "test"), list[int](), list[object]()
        wake = loop.call_soon_threadsafe

        def counted(call: Callable[..., object], *arguments: object) -> object:
            woken.append(call)
            return wake(call, *arguments)

        monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        for number in range(100):
            workers.tell(partial(told.append, number))
        assert len(woken) == 1
        assert told == []
        await until(lambda: told)
        assert told == list(range(100))
        monkeypatch.undo()
        for number in range(1_000):
            workers.do(partial(workers.tell, partial(told.append, number)))
        await asyncio.to_thread(workers.close)
        await until(lambda: len(told) == 1_100)
        assert sorted(told[100:]) == list(range(1_000))

    asyncio.run(scenario())


def test_telling_a_loop_that_has_ended_is_no_error() -> None:
    async def scenario() -> Workers:
        return Workers(1, "test")

    told: list[int] = []
    done: list[int] = []
    workers = asyncio.run(scenario())
    workers.tell(partial(told.append, 1))
    # Of a job that tells, too: its thread goes on to the next one.
    workers.do(partial(workers.tell, partial(told.append, 2)))
    workers.do(partial(done.append, 3))
    workers.close()
    assert (told, done) == ([], [3])
