"""The administrator's commands on the allow-list: import, list, count, remove, clear.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- An import is added as its items arrive. If it stops midway, running it again adds the rest.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.domain.fingerprint_kinds import SHA256
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.allowing import AllowList


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowCommands:
    """`allowed`: the list of this node."""

    allowed: AllowList

    async def allow_import(self, _arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """Items {"sha256": [hex]} -> {"read", "new", "total"}. After a crash, the same import adds the rest."""
        arriving = self.allowed.importing()
        async for line in items:
            await asyncio.to_thread(arriving.feed, _values(line))
        total = await asyncio.to_thread(arriving.end)
        yield {"read": arriving.read, "new": arriving.new, "total": total}

    async def allow_remove(self, _arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """Items {"sha256": [hex]} -> {"read", "removed", "total"}."""
        values = [value async for line in items for value in _values(line)]
        removed = await asyncio.to_thread(self.allowed.remove, values)
        yield {"read": len(values), "removed": removed, "total": await asyncio.to_thread(self.allowed.count)}

    async def allow_clear(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> {"removed", "total"}."""
        removed = await asyncio.to_thread(self.allowed.clear)
        yield {"removed": removed, "total": await asyncio.to_thread(self.allowed.count)}

    async def allow_count(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> {"total"}."""
        yield {"total": await asyncio.to_thread(self.allowed.count)}

    async def allow_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"after": hex or "", "limit"} -> {"sha256", "added_at"}, one line per value, sorted by value."""
        given = Arguments(arguments)
        after = given.text("after", "")
        page = await asyncio.to_thread(self.allowed.page, _value(after) if after else b"", given.whole("limit", 100))
        for value, added_at in page:
            yield {"sha256": value.hex(), "added_at": added_at}


def _values(line: Line) -> list[bytes]:
    return [_value(text) for text in Arguments(line).texts("sha256")]


def _value(text: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != SHA256.size:
        raise Misuse("an item on the local socket is not a list of SHA-256 values")
    return value
