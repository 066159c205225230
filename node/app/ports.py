"""The hub's two public ports: a front process accepts connections; behind it are the daemon and the enrolment process.

Rules this module upholds:

- The daemon itself listens only on local sockets. It binds the ports, so that a port in use is an error at once. It
  hands them to the front, so that a restarted front finds the waiting connections.
- The daemon acts on a helper's messages only if this is harmless: a number to forget, a line for the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from typing import TYPE_CHECKING, Any, Final, Self

from node.app.helpers import Helper
from node.app.sessions import socket_path
from node.errors import Unavailable
from node.wire import limits
from node.wire.server import tell_overload
from node.wire.tls import split_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.config import Home
    from node.wire.tls import ServerFiles

Line = dict[str, Any]

_MAX_TEXT: Final = 100
_OVER: Final = 3
"""Who, what, times."""


def listen(address: str) -> list[socket.socket]:
    """Sockets that listen on every address of this machine for `host:port`. Raises `Unavailable` if one is in use, or
    if there is none.
    """
    host, port = split_address(address)
    opened: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, name in dict.fromkeys(found):
            # A name may have an address of a family that this machine does not support.
            with _passing(errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                opened.append(_listening(family, name))
    except OSError as error:
        for own in opened:
            own.close()
        raise _not_ours(address) from error
    if not opened:
        raise _not_ours(address)
    return opened


def _listening(family: int, name: Any) -> socket.socket:  # noqa: ANN401 (as each family has it)
    own = socket.socket(family, socket.SOCK_STREAM)
    try:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and name[0] == "::":
            own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        own.bind(name)
        own.listen(limits.FRONT_BACKLOG)
    except OSError:
        own.close()
        raise
    return own


@contextlib.contextmanager
def _passing(*numbers: int) -> Iterator[None]:
    """Ignores these system errors."""
    try:
        yield
    except OSError as error:
        if error.errno not in numbers:
            raise


def _not_ours(address: str) -> Unavailable:
    return Unavailable(
        f"the hub cannot listen on {address}",
        remedy="check whether another hub is running, and whether the address belongs to this machine",
    )


class Ports:
    """Both ports of one running daemon; implements `door.Door`. Made on a running loop, by `open`.

    `main_server`, `desk`: the sockets that the daemon must serve before it starts the helpers.
    """

    def __init__(
        self, home: Home, main: list[socket.socket], enrolment: list[socket.socket], files: Callable[[], ServerFiles]
    ) -> None:
        self._sockets = [*main, *enrolment]
        self._files = files
        self._visitors = socket_path(home, "enrolment")
        self._tasks: list[asyncio.Task[None]] = []
        self.main_server = socket_path(home, "main")
        self.desk = socket_path(home, "desk")
        self.closed: Callable[[int], None] = lambda _: None
        self.lost: Callable[[], None] = lambda: None
        descriptors = [own.fileno() for own in self._sockets]
        self.front = Helper(
            "node.app.front_process",
            descriptors=descriptors,
            greeting=lambda: {
                "main": descriptors[: len(main)],
                "enrolment": descriptors[len(main) :],
                "main_server": str(self.main_server),
                "enrolment_server": str(self._visitors),
            },
            heard=self._heard,
            ended=lambda: self.lost(),  # noqa: PLW0108 (set later)
        )
        self.enrolment = Helper(
            "node.app.enrolment_process",
            greeting=lambda: {"listen": str(self._visitors), "daemon": str(self.desk), **self._shown()},
            heard=self._heard,
            ended=lambda: None,
        )

    @classmethod
    def open(cls, home: Home, hub: str, enrolment: str, files: Callable[[], ServerFiles]) -> Self:
        """Binds both ports. Raises `Unavailable`."""
        main = listen(hub)
        try:
            return cls(home, main, listen(enrolment), files)
        except Unavailable:
            for own in main:
                own.close()
            raise

    def keep(self, number: int, member: str) -> None:
        """See `door.Door`; also for the next."""
        self.front.say({"keep": number, "member": member})

    def cut(self, number: int) -> None:
        """Ends a connection."""
        self.front.say({"cut": number})

    def show(self) -> None:
        """Sends the newest certificate to the process of the enrolment port."""
        self.enrolment.say(self._shown())

    def _shown(self) -> Line:
        files = self._files()
        return {"key": files.key.decode("ascii"), "chain": files.chain.decode("ascii")}

    def _heard(self, line: Line) -> None:
        closed, over = line.get("closed"), line.get("over")
        if isinstance(closed, int):
            self.closed(closed)
        if isinstance(over, list) and len(over) == _OVER:
            who, what, times = over
            tell_overload(str(who)[:_MAX_TEXT], str(what)[:_MAX_TEXT], times if isinstance(times, int) else 0)

    def works(self) -> Iterator[tuple[str, Any]]:
        """The permanent tasks and their names."""
        yield "enrolment port", self.enrolment.run()
        yield "front", self.front.run()

    async def ready(self) -> None:
        """Waits until both helpers are ready. Raises `Unavailable`."""
        await self.enrolment.ready()
        await self.front.ready()

    def close(self) -> None:
        """Closes the ports. The helpers have ended with their tasks."""
        for own in self._sockets:
            own.close()
        for path in (self.main_server, self.desk, self._visitors):
            with contextlib.suppress(OSError):
                path.unlink()
