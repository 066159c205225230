"""All commands of a node or a hub by name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from node.domain.caller import NOBODY
from node.errors import Misuse
from node.usecases.acting import steps_for

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from node.control.runner import Line
    from node.domain.caller import Caller

    Command = Callable[[Line, AsyncIterator[Line]], AsyncGenerator[Line, None]]


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

    def run(
        self, command: str, arguments: Line, items: AsyncIterator[Line], who: Caller = NOBODY
    ) -> AsyncIterator[Line]:
        """The command's lines. What it writes into the audit log is written for `who`. Raises `Misuse` for an unknown
        command.
        """
        found = self._commands.get(command)
        if found is None:
            raise Misuse(
                f"there is no command {command[:40]!r} here",
                remedy="restart the daemon: it is of another version of Vigil than this command",
            )
        return steps_for(who, found(arguments, items))
