"""Driving a command from the command line's thread: a line at a time; Ctrl-C ends a step before it closes."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Generator, Iterator

import pytest

from node.control.runner import Line, LoopThread, drive


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as made:
        yield made


def test_lines_come_one_at_a_time_and_the_generator_is_closed_in_the_end(loop: LoopThread) -> None:
    closed = threading.Event()

    async def lines() -> AsyncIterator[Line]:
        try:
            yield {"n": 1}
            yield {"n": 2}
        finally:
            closed.set()

    driven = drive(loop, lines)
    assert isinstance(driven, Generator)
    assert next(driven) == {"n": 1}
    driven.close()
    assert closed.is_set()
    assert list(drive(loop, lines)) == [{"n": 1}, {"n": 2}]


def test_an_interruption_while_a_line_is_waited_for_cancels_the_step_and_is_no_fault(loop: LoopThread) -> None:
    """A generator that is running cannot be closed: closing it at once is a RuntimeError."""
    waiting, ended = threading.Event(), threading.Event()

    async def lines() -> AsyncIterator[Line]:
        yield {"n": 1}
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    driven = drive(loop, lines)
    next(driven)
    main = threading.main_thread().ident
    assert main is not None

    def press() -> None:
        waiting.wait()
        signal.pthread_kill(main, signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt):
        next(driven)
    assert ended.is_set()


def test_an_error_of_a_command_is_raised_where_its_line_was_waited_for(loop: LoopThread) -> None:
    async def lines() -> AsyncIterator[Line]:
        yield {"n": 1}
        raise LookupError("inside")

    driven = drive(loop, lines)
    next(driven)
    with pytest.raises(LookupError, match="inside"):
        next(driven)
