"""The way from an account that calls to a command that runs: first the caller is found, then the right is checked.

Rules this module upholds:

- Nothing of a command runs before its caller and the caller's right are known.
- Every call looks again: a change of the officers counts from the next command on.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from node.control.message_codes import give_codes
from node.errors import VigilError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from node.control.commands import Commands
    from node.control.runner import Line
    from node.domain.caller import Claim
    from node.usecases.officers import Officers

    Admitted = Callable[[str, Line, AsyncIterator[Line], Claim], AsyncGenerator[Line, None]]


def admitted(commands: Commands, officers: Officers) -> Admitted:
    """Runs commands for accounts: command, arguments, items, and who calls. Raises `Refused` at the first line, and
    what the command raises, with the codes of its texts.
    """

    async def run(
        command: str, arguments: Line, items: AsyncIterator[Line], claim: Claim
    ) -> AsyncGenerator[Line, None]:
        try:
            who = await asyncio.to_thread(officers.caller, claim)
            async with aclosing(commands.run_as(who, command, arguments, items)) as lines:
                async for line in lines:
                    yield line
        except VigilError as error:
            await asyncio.to_thread(give_codes, error)
            raise

    return run
