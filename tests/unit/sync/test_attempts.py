"""What status says of a connection is how it stands now, and a pause ends when there is reason to try again."""

import asyncio

import pytest

from node.errors import Suspended, Unavailable
from node.sync import attempts as module
from node.sync.attempts import CONNECTING, OK, Attempts, loggable
from tests.simulator.world import PATIENCE, Clock


async def never(_: float) -> None:
    await asyncio.Event().wait()


def test_it_says_since_when_it_is_so_and_why() -> None:
    clock = Clock(100.0)
    attempts = Attempts(clock)
    assert (attempts.state, attempts.since) == (CONNECTING, 100.0)
    clock.now = 110.0
    assert attempts.failed(Unavailable("no hub"))
    clock.now = 120.0
    assert not attempts.failed(Unavailable("no hub"))
    assert attempts.line() == {
        "works": False,
        "since": 110.0,
        "fault": "unavailable: no hub",
        "next_try": None,
    }
    clock.now = 130.0
    attempts.worked()
    clock.now = 140.0
    attempts.worked()
    assert (attempts.state, attempts.since, attempts.fault) == (OK, 130.0, "")
    attempts.stopped()
    assert (attempts.works, attempts.since) == (False, 140.0)


def test_a_pause_says_when_it_ends_and_ends_before_that_when_it_is_hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_SECONDS", 0.0)

    async def story() -> None:
        clock = Clock(100.0)
        attempts = Attempts(clock)
        attempts.hurry()  # before there is a pause: it ends none
        waiting = asyncio.create_task(attempts.wait(60.0, never))
        await asyncio.sleep(0)
        assert attempts.next_try == 160.0
        assert not waiting.done()
        attempts.hurry()
        async with asyncio.timeout(PATIENCE):
            await waiting
        assert attempts.next_try is None

    asyncio.run(story())


def test_it_is_never_hurried_into_trying_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines of work that fail as soon as they begin would keep each other running."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def story() -> None:
        attempts = Attempts()
        waiting = asyncio.create_task(attempts.wait(60.0, never))
        await asyncio.sleep(0)
        monkeypatch.setattr("node.sync.attempts.asyncio.sleep", sleep)
        attempts.hurry()
        await waiting

    asyncio.run(story())
    assert slept == [module.LEAST_SECONDS]


def test_the_operators_words_of_a_suspension_stay_out_of_the_log() -> None:
    assert loggable(Unavailable("no hub")) == "no hub"
    assert loggable(Suspended("FR is suspended: telltale")) == ""
