"""What the desk needs from outside: the daemon behind its socket.

Rules this module upholds:

- The desk holds no session of its own: it hands the daemon the token of the browser, and the daemon decides.
- A line is a JSON object, as `--json` prints it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

Line = dict[str, Any]
"""A JSON object."""


class Daemon(Protocol):
    """The daemon of a node or a hub."""

    def call(
        self, command: str, arguments: Line, token: bytes = b"", items: Iterable[Line] = ()
    ) -> AsyncIterator[Line]:
        """The lines of a command, for the session with this token; b"": for the desk itself, before a sign-in.

        Raises the `node.errors` kinds that the command raised, and `Unavailable` if no daemon answers.
        """
        ...
