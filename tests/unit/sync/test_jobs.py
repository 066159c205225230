"""What is due, and when."""

from __future__ import annotations

import asyncio

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES

from node.errors import Unavailable
from node.sync.jobs import Jobs
from tests.simulator.world import PATIENCE

LONG = 3_600.0


def test_a_job_runs_when_it_is_due_and_when_it_is_called_for() -> None:
    async def story() -> None:
        jobs, ran = Jobs(), asyncio.Semaphore(0)

        async def action() -> None:
            ran.release()

        jobs.every(LONG, "sweep", action, first=0)
        jobs.start()
        async with asyncio.timeout(PATIENCE):
            await ran.acquire()
            jobs.now("sweep")
            await ran.acquire()
        jobs.stop()
        jobs.stop()

    asyncio.run(story())


def test_a_job_that_fails_says_so_runs_again_and_stops_no_other() -> None:
    async def story() -> None:
        jobs, ran = Jobs(), asyncio.Semaphore(0)
        errors: list[Exception] = [Unavailable("no hub"), RuntimeError("/a/secret/path"), Unavailable("no hub")]

        async def action() -> None:
            ran.release()
            if errors:
                raise errors.pop(0)

        async def other() -> None:
            ran.release()

        jobs.every(LONG, "renewal", action, first=0)
        jobs.every(LONG, "sweep", other)
        jobs.start()
        seen = []
        async with asyncio.timeout(PATIENCE):
            for _ in range(4):
                await ran.acquire()
                seen.append(jobs.troubles.get("renewal", ""))
                jobs.now("sweep")
                await ran.acquire()
                seen[-1] = jobs.troubles.get("renewal", "")
                jobs.now("renewal")
        jobs.stop()
        assert seen == ["unavailable: no hub", "RuntimeError", "unavailable: no hub", ""]

    asyncio.run(story())


def test_no_job_runs_beside_itself_and_that_it_was_skipped_is_said() -> None:
    async def story() -> None:
        jobs, begun, said, go_on, beside = Jobs(), asyncio.Event(), asyncio.Event(), asyncio.Event(), []

        async def action() -> None:
            beside.append(1)
            begun.set()
            await go_on.wait()

        jobs.every(LONG, "scrub", action, first=0)
        jobs._scheduler.add_listener(lambda _: said.set(), EVENT_JOB_MAX_INSTANCES)
        jobs.start()
        async with asyncio.timeout(PATIENCE):
            await begun.wait()
            jobs.now("scrub")
            await said.wait()
        go_on.set()
        jobs.stop()
        assert (beside, jobs.troubles) == ([1], {"scrub": "missed"})

    asyncio.run(story())


def test_nothing_is_skipped_for_being_late() -> None:
    async def story() -> None:
        jobs = Jobs()
        defaults = jobs._scheduler._job_defaults
        assert (defaults["misfire_grace_time"], defaults["coalesce"], defaults["max_instances"]) == (None, True, 1)

    asyncio.run(story())


def test_a_job_that_does_not_exist_cannot_be_called_for() -> None:
    async def story() -> None:
        jobs = Jobs()
        with pytest.raises(LookupError):
            jobs.now("nothing")

    asyncio.run(story())
