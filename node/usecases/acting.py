"""The caller of the current work: whoever runs a command sets it once, and the audit log reads it.

Rules this module upholds:

- The tasks and `asyncio.to_thread` threads that a command starts have the same caller. Work that no command started,
  such as an answer to another member, has no caller.
- Two commands that run at the same time never see each other's caller.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar

from node.domain.caller import NOBODY, Caller, Role

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

T = TypeVar("T")

UNIT: Final = "unit"
"""The role of a question that names no officer's role: the unit asks."""
_caller: Final[ContextVar[Caller]] = ContextVar("caller", default=NOBODY)


def caller() -> Caller:
    """The caller of this work."""
    return _caller.get()


def stated() -> dict[str, str]:
    """The caller as an audit entry states it: the officer, the role, and "by", the account that works for the officer;
    empty if no person started this work.
    """
    who = caller()
    said = {"officer": who.name, "role": who.role.value if who.role else "", "by": who.account}
    return {name: value for name, value in said.items() if value} if who.name else {}


def role_abroad() -> str:
    """The role of the caller as other members are told. An administrator's role says who runs this node, and not who
    asks: the account that owns the home has it without any registration. So it does not leave, and neither does a
    missing one.
    """
    role = caller().role
    return UNIT if role in (None, Role.ADMINISTRATOR) else role


@contextmanager
def acting_for(who: Caller) -> Iterator[None]:
    """Runs the block for the caller `who`."""
    token = _caller.set(who)
    try:
        yield
    finally:
        _caller.reset(token)


async def steps_for(who: Caller, steps: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The items of `steps`, each made for `who`. Closing this generator closes `steps`.

    The caller is set for one step at a time, because each step may run in another task with its own context.
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
