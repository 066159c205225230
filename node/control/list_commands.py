"""Commands on lists of references: import, list, show, change, remove.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- A file is read by the command line; its rows come as items.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.list_lines import imported_line, list_line, listed_line, read_head, read_item, read_terms
from node.errors import Misuse
from node.usecases.list_importing import FileEnded, FileUnusable, ImportRequest, RowsRead
from node.usecases.list_keeping import ROWS_LISTED

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from node.control.runner import Line
    from node.usecases.list_importing import ImportStep, ListImporting
    from node.usecases.list_keeping import ListKeeping


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCommands:
    """`vigil import` and `vigil lists`."""

    importing: ListImporting
    keeping: ListKeeping

    async def list_import(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"list", "new", "file", "head", "provider", "level", "code", "retain_until_day"} and items {"rows": [...]},
        then {"end": {"head", "file", "incomplete", "placeholders"}} or {"abandon": true} -> the list with the counts of
        the file. "new": whether the caller took the list for new; "file": the SHA-256 of the file, and "head": what it
        says of itself, if they are known before its rows.
        """
        yield await self._import(arguments, items, replaces=False)

    async def list_replace(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """As `list_import`. Rows of the list that the file does not name are deleted."""
        yield await self._import(arguments, items, replaces=True)

    async def _import(self, arguments: Line, items: AsyncIterator[Line], *, replaces: bool) -> Line:
        given = Arguments(arguments)
        request = ImportRequest(
            name=given.text("list"),
            terms=read_terms(given),
            new=given.flag("new"),
            file=_digest(given.text("file", "")),
            head=read_head(given.object("head")) if given.has("head") else None,
            replaces=replaces,
        )
        async with aclosing(_read_step(item) async for item in items) as steps:
            imported = await self.importing.run(request, steps)
        return {"abandoned": True} if imported is None else imported_line(imported)

    async def list_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"list"} -> one line per list, by name; only the named one, if any. Without a name also {"removed_list",
        "awaiting_retraction"} per list that was removed and left records of ours.
        """
        found = await asyncio.to_thread(self.keeping.all, Arguments(arguments).text("list", ""))
        for each in found.lists:
            yield list_line(each.of, each.awaiting)
        for name, number in found.removed.items():
            yield {"removed_list": name, "awaiting_retraction": number}

    async def list_show(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"list", "after", "limit", "words"} -> the list, then (on the first page) its cases, then rows with ids above
        `after`. "words": with what the file said. Raises `NotFound`.
        """
        given = Arguments(arguments)
        page = await asyncio.to_thread(
            self.keeping.page,
            given.text("list"),
            after=given.whole("after", 0),
            limit=given.whole("limit", ROWS_LISTED),
            words=given.flag("words"),
        )
        yield list_line(page.kept.of, page.kept.awaiting)
        for number, said in page.cases.items():
            yield {"case_of_list": number, "said": said}
        for row in page.rows:
            yield listed_line(row, page.kept.of.head)

    async def list_change(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"list", "provider", "level", "code", "retain_until_day"} -> the list. Raises `NotFound`."""
        given = Arguments(arguments)
        changed = await asyncio.to_thread(self.keeping.change, given.text("list"), read_terms(given))
        yield list_line(changed.of, changed.awaiting)

    async def list_remove(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"list"} -> {"list", "removed", "awaiting_retraction"}. Raises `NotFound`."""
        name = Arguments(arguments).text("list")
        removed = await asyncio.to_thread(self.keeping.remove, name)
        yield {"list": name, "removed": removed.rows, "awaiting_retraction": removed.awaiting}


def _read_step(item: Line) -> ImportStep:
    """Raises `Misuse` for what is no step of an import; `RowsRead.rows` does so for a row that is none."""
    if Arguments(item).flag("abandon"):
        return FileUnusable()
    if "end" in item:
        given = Arguments(item["end"] if isinstance(item["end"], dict) else {})
        return FileEnded(
            head=read_head(given.object("head")),
            file=_digest(given.text("file", "")),
            incomplete=given.flag("incomplete"),
            placeholders=frozenset(map(_digest, given.texts("placeholders"))),
        )
    rows = item.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Misuse("an item on the local socket is not a batch of rows")
    return RowsRead(rows=map(read_item, rows))


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Misuse("an argument is not in hex digits") from None
