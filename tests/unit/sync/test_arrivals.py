"""What arrives is matched beside everything else: at which pace, woken by what, and how it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import cast

import pytest

from node.errors import DiskFull
from node.sync.arrivals import BUSY_SECONDS, REST_SHARE, ArrivalMatcher, Pacer
from node.usecases.arrivals import Arrivals
from tests.simulator.asking import until

PATIENCE = 30.0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Made:
    """`Arrivals` whose step is the test's."""

    def __init__(self, step: Callable[[Pacer], bool]) -> None:
        self._step = step
        self.trouble = ""
        self.steps = 0

    def step(self, pace: Pacer) -> bool:
        self.steps += 1
        return self._step(pace)


def matcher(made: Made, changed: asyncio.Event, *, look: float = PATIENCE) -> ArrivalMatcher:
    async def wait() -> None:
        await changed.wait()
        changed.clear()

    return ArrivalMatcher(arrivals=cast("Arrivals", made), changed=wait, pacer=Pacer(lambda: 0), look=look)


def test_the_pace_leaves_room_while_records_arrive_and_none_when_they_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stored, rests = Clock(), [0], list[float]()
    pacer = Pacer(lambda: stored[0], clock)

    def rest(seconds: float) -> bool:
        rests.append(seconds)
        clock.now += seconds
        return False

    monkeypatch.setattr(pacer._ended, "wait", rest)
    pacer.begin()
    clock.now += 2.0
    assert pacer()
    assert rests == [], "nothing arrives: it works all of the time"
    stored[0] += 1
    clock.now += 0.1
    assert pacer()
    clock.now += 0.2
    assert pacer()
    assert rests == pytest.approx([0.1 * REST_SHARE, 0.2 * REST_SHARE]), "the rest is no work"
    clock.now += BUSY_SECONDS
    assert pacer()
    assert len(rests) == 2, "nothing came for a while"
    clock.now += 50
    pacer.begin()
    stored[0] += 1
    clock.now += 0.1
    assert pacer()
    assert rests[-1] == pytest.approx(0.1 * REST_SHARE), "what passed before a round was no work"


def test_a_pace_that_was_ended_ends_what_rests_and_what_works() -> None:
    pacer = Pacer(lambda: 0)
    assert pacer()
    pacer.end()
    assert not pacer()


def test_what_a_file_brought_wakes_it_from_any_thread() -> None:
    async def story() -> None:
        made = Made(lambda _pace: False)
        woken = matcher(made, asyncio.Event(), look=10 * PATIENCE)
        woken.wake()  # before it runs: its first round sees everything
        running = asyncio.create_task(woken.run())
        for rounds in (1, 2, 3):
            await until(lambda rounds=rounds: made.steps == rounds)  # type: ignore[misc]
            await asyncio.to_thread(woken.wake)
        await until(lambda: made.steps == 4)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())


def test_what_is_stored_while_a_round_runs_starts_the_next() -> None:
    async def story() -> None:
        changed, at_work, go_on = asyncio.Event(), threading.Event(), threading.Event()

        def step(_pace: Pacer) -> bool:
            at_work.set()
            assert go_on.wait(PATIENCE)
            return False

        made = Made(step)
        running = asyncio.create_task(matcher(made, changed).run())
        await asyncio.to_thread(at_work.wait, PATIENCE)
        changed.set()
        at_work.clear()
        go_on.set()
        await asyncio.to_thread(at_work.wait, PATIENCE)
        await until(lambda: made.steps == 2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert made.steps == 2, "nothing more was stored"

    asyncio.run(story())


def test_a_round_goes_on_until_nothing_is_left_and_looks_again_now_and_then() -> None:
    async def story() -> None:
        left = [3]

        def step(_pace: Pacer) -> bool:
            left[0] -= 1
            return left[0] > 0

        made = Made(step)
        running = asyncio.create_task(matcher(made, asyncio.Event(), look=0.0).run())
        await until(lambda: made.steps > 5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())


@pytest.mark.parametrize("error", [DiskFull("the disk is full"), ValueError("telltale")])
def test_a_failure_is_said_and_tried_again(error: Exception, capfd: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        fails = [True]

        def step(_pace: Pacer) -> bool:
            if fails[0]:
                raise error
            return False

        changed = asyncio.Event()
        one = matcher(Made(step), changed)
        running = asyncio.create_task(one.run())
        await until(lambda: one.trouble)
        assert one.trouble == ("disk-full: the disk is full" if isinstance(error, DiskFull) else "ValueError")
        fails[0] = False
        changed.set()
        await until(lambda: not one.trouble)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())
    out, err = capfd.readouterr()
    assert "were not matched" in out + err
    assert "telltale" not in out + err


def test_the_end_waits_for_the_piece_that_is_under_way_and_for_no_more() -> None:
    async def story() -> None:
        at_work, ended = threading.Event(), list[bool]()

        def step(pace: Pacer) -> bool:
            at_work.set()
            while pace():
                pass
            ended.append(True)
            return False

        running = asyncio.create_task(matcher(Made(step), asyncio.Event()).run())
        await asyncio.to_thread(at_work.wait, PATIENCE)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert ended == [True]

    asyncio.run(story())
