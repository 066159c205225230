"""Streams whose receiver never reads: 96 that follow every log from its beginning, with the largest of windows."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bench.attacks.frames import (
    FIRST_WINDOW,
    FOLLOW,
    INITIAL_WINDOW_SIZE,
    MAX_WINDOW,
    Target,
    call,
    dial,
    hold,
    settings,
    target,
    window,
)
from bench.attacks.process import running

if TYPE_CHECKING:
    from bench.federation import Federation

CONNECTIONS: Final = 8
STREAMS: Final = 12
"""A connection."""
PAUSE: Final = 0.5


def opening() -> bytes:
    """The streams of one connection, and leave to send two gigabytes on each."""
    streams = b"".join(call(2 * number + 1, FOLLOW, b"") for number in range(STREAMS))
    return settings((INITIAL_WINDOW_SIZE, MAX_WINDOW)) + window(0, MAX_WINDOW - FIRST_WINDOW) + streams


def run(at: Target) -> None:
    """Holds the streams for ever: a connection that was ended is made again."""
    hold([functools.partial(dial, at.main, at, opening())] * CONNECTIONS, lambda: time.sleep(PAUSE))


@contextmanager
def attack(made: Federation, member: str) -> Iterator[None]:
    """By `member`, until the context ends."""
    with running(run, target(made, member)):
        yield
