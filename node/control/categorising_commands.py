"""The command that categorises own holdings.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- An item {"stop": true} ends the command between two batches. The summary says how much remains.
"""

from __future__ import annotations

import asyncio
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
    from node.usecases.category_undo import CategoryUndo, Undone


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorisingCommands:
    """`vigil categorise`, and the undo of the desk's sheets."""

    categorising: Categorising
    undo: CategoryUndo

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

    async def categorise_undo(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"said": [{"holding", "version"}]}: the versions to take back -> one line per holding {"holding", "state":
        changed|unchanged, "version", "says"}. Unchanged: somebody has said something since.
        """
        said = Arguments(arguments).objects("said")
        versions = {Arguments(each).whole("holding"): Arguments(each).whole("version") for each in said}
        for each in await asyncio.to_thread(self.undo.take_back, versions):
            yield _undone_line(each)

    async def category_schemes(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{} -> one line per scheme that this federation uses, and whose codes are public {"scheme", "version",
        "codes": [{"code", "label"}]}.
        """
        for scheme, labels in self.categorising.schemes().items():
            codes = [{"code": code, "label": text} for code, text in labels.items()]
            yield {"scheme": scheme.name, "version": scheme.version, "codes": codes}


def _undone_line(each: Undone) -> Line:
    says = each.said if each.said is not None and each.said.says_something else None
    return {
        "holding": each.holding,
        "state": "changed" if each.changed else "unchanged",
        "version": each.said.version if each.said else 0,
        "says": statement_line(says.statement) if says else None,
    }


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
