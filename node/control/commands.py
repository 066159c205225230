"""All commands of a node or a hub by name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final

from node.domain.caller import NOBODY
from node.errors import Misuse, Refused
from node.usecases.acting import steps_for

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from node.control.runner import Line
    from node.domain.caller import Caller

    Command = Callable[[Line, AsyncIterator[Line]], AsyncGenerator[Line, None]]


INVESTIGATION: Final = frozenset({
    "bundle-have", "case-show", "cases", "comment", "contribute", "contribute-list", "correct", "evidence",
    "export-bundle",
    "export-list", "held-list", "held-refuse", "held-release", "held-show", "hits-list", "holding", "holdings",
    "ingest", "ingest-known", "ingest-salt", "list-change", "list-hits", "list-import", "list-list", "list-show",
    "link", "link-revise", "links", "links-mine",
    "match", "match-case", "mute-list", "opine", "queries", "query", "query-again", "query-case", "query-rest",
    "records", "retract", "set-level", "status",
})  # fmt: skip
"""Commands that investigators run over their socket. A command in neither list is the administrator's."""
ADMINISTRATION: Final = frozenset({
    "acknowledge", "allow-clear", "allow-count", "allow-import", "allow-list", "allow-remove", "backup", "delete",
    "fsck", "list-remove", "list-replace", "mute", "mute-lift", "read-audit", "read-bundle", "rekey", "rekey-cancel",
    "rekeying",
})  # fmt: skip
"""Commands that only the node's own user runs: they change or copy the whole node, or show data about other people."""


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

    def names(self) -> frozenset[str]:
        """Of all commands."""
        return frozenset(self._commands)

    def run_for_investigators(
        self, command: str, arguments: Line, items: AsyncIterator[Line], who: Caller = NOBODY
    ) -> AsyncIterator[Line]:
        """As `run`, for the users of a group. Raises `Refused` for a command of the administrator."""
        if command in self._commands and command not in INVESTIGATION:
            raise Refused(
                f"{command} is for the administrator of this node",
                remedy="ask the administrator to run it as the node's own user",
            )
        return self.run(command, arguments, items, who)

    def run(
        self, command: str, arguments: Line, items: AsyncIterator[Line], who: Caller = NOBODY
    ) -> AsyncIterator[Line]:
        """The command's lines. Audit entries of the command name `who`. Raises `Misuse` for an unknown command."""
        found = self._commands.get(command)
        if found is None:
            raise Misuse(
                f"there is no command {command[:40]!r} here",
                remedy="restart the daemon: it is of another version of Vigil than this command",
            )
        return steps_for(who, found(arguments, items))
