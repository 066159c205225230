"""Calls that begin and never say what they want.

By a member: 2,000 on 8 connections of the main port, past whatever is counted once a message has come. By nobody: 200
on one connection of the enrolment port.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bench.attacks.frames import (
    FIRST_WINDOW,
    HEADS,
    JOIN,
    MAX_WINDOW,
    Target,
    call,
    dial,
    hold,
    settings,
    window,
)
from bench.attacks.frames import target as find
from bench.attacks.process import running

if TYPE_CHECKING:
    from bench.federation import Federation

CONNECTIONS: Final = 8
CALLS: Final = 250
"""A connection."""
ENROLMENT_CALLS: Final = 200
PAUSE: Final = 0.2


def opening(path: str, calls: int) -> bytes:
    """So many half-open calls of this path, on one connection."""
    begun = b"".join(call(2 * number + 1, path) for number in range(calls))
    return settings() + window(0, MAX_WINDOW - FIRST_WINDOW) + begun


def run(at: Target) -> None:
    """Holds the calls for ever: a connection that was ended is made again."""
    main = functools.partial(dial, at.main, at, opening(HEADS, CALLS))
    enrolment = functools.partial(dial, at.enrolment, None, opening(JOIN, ENROLMENT_CALLS))
    hold([*[main] * CONNECTIONS, enrolment], lambda: time.sleep(PAUSE))


@contextmanager
def attack(made: Federation, member: str) -> Iterator[None]:
    """By `member`, until the context ends."""
    with running(run, find(made, member)):
        yield
