"""All commands of a node or a hub by name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from node.control.runner import Line

    Command = Callable[[Line, AsyncIterator[Line]], AsyncIterator[Line]]


class Commands:
    """A `runner.Runner` over the public async generators of some objects: `ingest_known` is `ingest-known`."""

    def __init__(self, commands: dict[str, Command]) -> None:
        self._commands = commands

    @classmethod
    def of(cls, *groups: object) -> Commands:
        """The commands of these objects."""
        return cls(
            {
                name.replace("_", "-"): method
                for group in groups
                for name, method in inspect.getmembers(group, inspect.isasyncgenfunction)
                if not name.startswith("_")
            }
        )

    def run(self, command: str, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """The command's lines. Raises `Misuse` for a name that is none."""
        found = self._commands.get(command)
        if found is None:
            raise Misuse(
                f"there is no command {command[:40]!r} here", remedy="is this the home of a node, or of a hub?"
            )
        return found(arguments, items)
