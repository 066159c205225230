"""The command that categorises own holdings.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- An item {"stop": true} ends the command between two batches. The summary says how much remains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.lines import statement_line
from node.control.record_lines import fault_line
from node.control.statements import read_selection, read_wording
from node.control.stopping import stopping
from node.usecases.categorising import Categorised, CategorisingEnd, Wanted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.categorising import Categorising


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
        async with stopping(items) as stop:
            async for each in self.categorising.run(wanted, stop):
                if isinstance(each, Categorised):
                    yield _line(each)
                elif isinstance(each, CategorisingEnd):
                    yield _end_line(each)
                else:
                    yield fault_line(each)


def _line(each: Categorised) -> Line:
    return {
        "holding": each.said.holding,
        "state": "changed" if each.changed else "unchanged",
        "version": each.said.version,
        "says": statement_line(each.said.statement),
        "record": str(each.record) if each.record else None,
    }


def _end_line(end: CategorisingEnd) -> Line:
    counts = {"changed": end.changed, "unchanged": end.unchanged, "shared": end.shared}
    return counts | {"interrupted": end.remaining > 0, "remaining": end.remaining}
