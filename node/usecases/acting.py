"""For whom the work of this moment is done: set once by whoever runs a command, read once by the audit log.

Rules this module upholds:

- What a command starts (tasks, threads of `asyncio.to_thread`) works for the same caller. What no command started, such
  as the answer to another member, works for nobody.
- Two commands that run at the same time never see each other's caller.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar

from node.domain.caller import NOBODY, Caller

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

T = TypeVar("T")

_caller: Final[ContextVar[Caller]] = ContextVar("caller", default=NOBODY)


def caller() -> Caller:
    """For whom this work is done."""
    return _caller.get()


@contextmanager
def acting_for(who: Caller) -> Iterator[None]:
    """What runs inside works for `who`."""
    token = _caller.set(who)
    try:
        yield
    finally:
        _caller.reset(token)


async def steps_for(who: Caller, steps: AsyncGenerator[T, None]) -> AsyncIterator[T]:
    """The items of `steps`, each made for `who`. Closing this closes `steps`.

    The caller is set for one step at a time: each step may run in another task, with a context of its own.
    """
    try:
        while True:
            with acting_for(who):
                try:
                    step = await anext(steps)
                except StopAsyncIteration:
                    return
            yield step
    finally:
        with acting_for(who):
            await steps.aclose()
