"""Questions that go on after the request that started them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from node.desk import running
from node.desk.ports import Line
from node.desk.running import Progress, Running
from node.errors import Overloaded, Refused, Unavailable, VigilError

PLAN: Line = {"asking": "ab" * 16, "case": "A-1"}
QUERY = "ab" * 16
LEFT_OUT: Line = {"subject": "7", "not_asked": "it is on the allow-list"}
OUTCOME: Line = {"query": "cd" * 16, "member": "JP", "outcome": "no-hit"}


class Source:
    """The lines of a question. The test lets them go one by one."""

    def __init__(self, *lines: Line, end: Exception | None = None) -> None:
        self.lines = lines
        self.end = end
        self.go = asyncio.Semaphore(0)
        self.closed = False

    async def __call__(self) -> AsyncIterator[Line]:
        try:
            for line in self.lines:
                await self.go.acquire()
                yield line
            await self.go.acquire()
            if self.end is not None:
                raise self.end
        finally:
            self.closed = True

    async def step(self, lines: int = 1) -> None:
        """Lets so many lines go, and waits until they are read."""
        for _ in range(lines):
            self.go.release()
        for _ in range(5):
            await asyncio.sleep(0)


def test_it_starts_when_the_question_is_stored_and_goes_on() -> None:
    async def run() -> None:
        source, questions = (
            Source(LEFT_OUT, PLAN, {"part": 1, "parts": 2}, OUTCOME, {"waiting_seconds": 3.5}),
            Running(),
        )
        starting = asyncio.create_task(questions.start(source()))
        await source.step()
        assert not starting.done()
        await source.step()
        assert await starting == QUERY
        assert questions.progress(QUERY) == Progress()
        await source.step(2)
        assert questions.progress(QUERY) == Progress(part=1, parts=2, told=1)
        await source.step()
        assert questions.progress(QUERY) == Progress(part=1, parts=2, told=1, wait=3.5)
        await source.step()
        assert questions.progress(QUERY) is None
        assert source.closed

    asyncio.run(run())


def test_a_new_part_ends_the_wait() -> None:
    async def run() -> None:
        source, questions = Source(PLAN, {"waiting_seconds": 3.5}, {"part": 2, "parts": 2}), Running()
        source.go.release()
        await questions.start(source())
        await source.step(2)
        assert questions.progress(QUERY) == Progress(part=2, parts=2)

    asyncio.run(run())


def test_a_refusal_before_the_plan_is_raised() -> None:
    async def run() -> None:
        source, questions = Source(LEFT_OUT, end=Refused("nothing is left to ask about")), Running()
        source.go.release()
        source.go.release()
        with pytest.raises(Refused, match="nothing is left"):
            await questions.start(source())
        assert source.closed
        assert questions.progress(QUERY) is None

    asyncio.run(run())


def test_lines_without_a_plan_are_a_fault() -> None:
    async def run() -> None:
        source = Source(LEFT_OUT)
        source.go.release()
        source.go.release()
        with pytest.raises(VigilError, match="no plan"):
            await Running().start(source())

    asyncio.run(run())


@pytest.mark.parametrize("error", [Unavailable("no daemon answers"), RuntimeError("secret words")])
def test_an_interruption_ends_the_question_and_logs_a_class_alone(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> None:
        source, questions = Source(PLAN, end=error), Running()
        source.go.release()
        await questions.start(source())
        await source.step()
        assert questions.progress(QUERY) is None
        assert source.closed

    asyncio.run(run())
    out = capsys.readouterr()
    assert type(error).__name__ in out.out + out.err
    assert str(error) not in out.out + out.err


def test_too_many_questions_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST", 1)

    async def run() -> None:
        questions, first = Running(), Source(PLAN)
        first.go.release()
        await questions.start(first())
        with pytest.raises(Overloaded, match="too many questions"):
            await questions.start(Source(PLAN)())
        await first.step()
        second = Source(PLAN)
        second.go.release()
        assert await questions.start(second()) == QUERY

    asyncio.run(run())


def test_a_request_that_ends_early_closes_the_lines() -> None:
    async def run() -> None:
        source, questions = Source(PLAN), Running()
        starting = asyncio.create_task(questions.start(source()))
        await source.step(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert source.closed

    asyncio.run(run())
