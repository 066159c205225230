"""The administrator's commands for the officers of a node or a hub.

Rules this module upholds:

- Commands hold no decisions. The use case checks each change, and records it in the audit log.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.officers import Officer
    from node.usecases.officers import Officers


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerCommands:
    """`known`: the officers of this home."""

    known: Officers

    async def officers(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{} -> one line for each officer, by name."""
        for officer, user in await asyncio.to_thread(self.known.listed):
            yield _line(officer, user)

    async def officer_add(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"name", "role", "user"} -> the officer's line. "user" empty: no Unix account."""
        given = Arguments(arguments)
        name, role, user = given.text("name"), given.text("role"), given.text("user", "")
        officer, account = await asyncio.to_thread(self.known.add, name, role, user)
        yield _line(officer, account)

    async def officer_disable(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"name"} -> {"name", "disabled", "changed"}."""
        yield await self._set(arguments, disabled=True)

    async def officer_enable(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"name"} -> {"name", "disabled", "changed"}."""
        yield await self._set(arguments, disabled=False)

    async def _set(self, arguments: Line, *, disabled: bool) -> Line:
        name = Arguments(arguments).text("name")
        changed = await asyncio.to_thread(self.known.set_disabled, name, disabled=disabled)
        return {"name": name, "disabled": disabled, "changed": changed}


def _line(officer: Officer, user: str) -> Line:
    return {
        "name": officer.name,
        "role": officer.role.value,
        "user": user or None,
        "uid": officer.uid,
        "disabled": officer.disabled,
        "added_at": officer.added_at,
        "changed_at": officer.changed_at,
    }
