"""The command that categorises own holdings.

Rules this module upholds:

- Commands hold no decisions: they read arguments, have the plan made and carried out, and print it as lines.
- An item {"stop": true} ends the command between two batches. The summary says how much remains.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.lines import statement_line
from node.control.record_lines import fault_line
from node.control.sharing_commands import batches_until, stopping
from node.control.statements import read_selection, read_wording
from node.usecases.categorising import Wanted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.categorising import Categorised, Categorising


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorisingCommands:
    """`vigil categorise`."""

    categorising: Categorising

    async def categorise(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "holdings", "sha256", "rows", "statement", "clear"} -> one line per holding, then {"changed",
        "unchanged", "shared", "interrupted", "remaining"}. A faulty row of a list has a line {"line", "error",
        "remedy"}; then nothing is changed. "shared" counts changed holdings whose records still say something else.
        """
        given = Arguments(arguments)
        wanted = Wanted(
            selection=read_selection(given),
            wording=read_wording(Arguments(given.object("statement"))),
            clear=given.flag("clear"),
        )
        plan = await asyncio.to_thread(self.categorising.plan, wanted)
        for fault in plan.faults:
            yield fault_line(fault)
        told = changed = shared = 0
        async with stopping(items) as stop:
            async for batch in batches_until(self.categorising.carry_out(plan), stop):
                for each in batch:
                    told += 1
                    changed += each.changed
                    shared += each.changed and each.record is not None
                    yield _line(each)
        left = len(plan.chosen) - told if stop.asked else 0
        counts = {"changed": changed, "unchanged": told - changed, "shared": shared}
        yield counts | {"interrupted": left > 0, "remaining": left}


def _line(each: Categorised) -> Line:
    return {
        "holding": each.said.holding,
        "state": "changed" if each.changed else "unchanged",
        "version": each.said.version,
        "says": statement_line(each.said.statement),
        "record": str(each.record) if each.record else None,
    }
