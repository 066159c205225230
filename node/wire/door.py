"""The names that the front and the hub's servers use for a connection.

Rules this module upholds:

- A connection is identified by its number at the front and by the address of its far end. The front binds its own end
  to a name with both, which gRPC shows as the peer of each call. So nothing has to be looked up, and no client can
  choose the name.
- Another connection (of a test or a benchmark, without a front) has no number: it is served, and never ended here.
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
    """The far end of a call. `number`: of its connection at the front; None without a front. `address`: "" likewise."""

    number: int | None = None
    address: str = ""


def bind_name(run: str, number: int, address: str) -> str:
    """The abstract name (after its NUL byte) of the front's end of a connection. `run`: 16 random hex digits of the
    front's process, so that no other user of the machine can take the name first.
    """
    return f"vigil/{run}/{number}/{address.partition('%')[0] or '-'}"


def peer_of(name: str) -> Peer:
    """Parses gRPC's name of a peer. Never raises."""
    if not name.startswith(_PREFIX):
        return Peer()
    found = _NAME.fullmatch(unquote(name.removeprefix(_PREFIX)))
    return Peer(int(found[1]), found[2]) if found else Peer()


class Door(Protocol):
    """What a server asks of the front. Each call is quick, and has no effect for a closed connection."""

    def keep(self, number: int, member: str) -> None:
        """A member has authenticated on this connection: it may stay, and gives way to no other. It sends as fast as
        one member may.
        """
        ...

    def cut(self, number: int) -> None:
        """Ends this connection at once, with everything that waits to be sent on it."""
        ...


class NoDoor:
    """For connections without a front."""

    def keep(self, number: int, member: str) -> None:
        """Nothing to keep."""

    def cut(self, number: int) -> None:
        """Nothing to end."""
