"""The names by which the front and the hub's servers speak of a connection.

Rules this module upholds:

- A connection is known by its number at the front and by the address at its far end. The front binds its own end to a
  name that says both, which gRPC shows as the peer of each call: nothing has to be looked up, and no client can choose
  it.
- A connection of another kind (a test's, a benchmark's, without a front) has no number: it is served, and never ended
  here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import unquote

_PREFIX: Final = "unix-abstract:"
_NAME: Final = re.compile(r"vigil/[0-9a-f]{16}/([1-9][0-9]{0,15})/([0-9a-f.:]{2,45}|-)")


@dataclass(frozen=True, slots=True)
class Peer:
    """The far end of a call. `number`: of its connection at the front; None without one. `address`: "" likewise."""

    number: int | None = None
    address: str = ""


def bind_name(run: str, number: int, address: str) -> str:
    """The abstract name (after its NUL byte) of the front's end of a connection. `run`: 16 hex digits drawn by the
    front's process, so that no other user of the machine can take the name before.
    """
    return f"vigil/{run}/{number}/{address.partition('%')[0] or '-'}"


def peer_of(name: str) -> Peer:
    """What gRPC's name of a peer says. Never raises."""
    if not name.startswith(_PREFIX):
        return Peer()
    found = _NAME.fullmatch(unquote(name.removeprefix(_PREFIX)))
    return Peer(int(found[1]), found[2]) if found else Peer()


class Door(Protocol):
    """What a server asks of the front. Each is quick, and of no effect for a connection that is gone."""

    def keep(self, number: int) -> None:
        """A member has shown itself on this connection: it may stay, and gives way to nobody."""
        ...

    def cut(self, number: int) -> None:
        """Ends this connection at once, and with it everything that waits to be sent on it."""
        ...


class NoDoor:
    """Where connections come without a front."""

    def keep(self, number: int) -> None:
        """Nothing to keep."""

    def cut(self, number: int) -> None:
        """Nothing to end."""
