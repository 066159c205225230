"""A session: the same commands, wherever they run.

Rules this module upholds:

- Whether a daemon runs is told by the lock, not by the socket: a socket file may be a dead daemon's.
- Whoever names a socket speaks to that one alone: no home, no lock, no key is touched.
- No daemon: this process takes the lock and works itself. A daemon: it is spoken to. Another command that works alone:
  it is waited for a while, and then named.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import stat
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from node import config
from node.app.group_socket import check_before_use, unreachable
from node.app.ownership import owning
from node.control.runner import LoopThread, drive, feed
from node.errors import AlreadyRunning, Refused, Unavailable
from node.wire import control

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from node.config import Config, Home
    from node.control.runner import Runner
    from node.domain.caller import Caller

Line = dict[str, Any]

WAIT_SECONDS: Final = 20.0
"""How long another command that owns the home is waited for."""
_LOOK_SECONDS: Final = 0.05


def socket_path(home: Home, name: str = "control") -> Path:
    """A socket of the daemon: in the home, or, where that path is too long for one, in a folder of this user's alone.

    Raises `Refused` where somebody else has made that folder: its owner could put a socket of his own in there.
    """
    path = home.folder / f"{name}.sock"
    if len(os.fsencode(path)) <= config.MAX_SOCKET_PATH:
        return path
    digits = hashlib.sha256(os.fsencode(path)).hexdigest()[:24]
    return _own_folder(Path(tempfile.gettempdir()) / f"vigil-{os.getuid()}") / f"{digits}.sock"


def _own_folder(folder: Path) -> Path:
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    # Not followed: a link is somebody else's choice of a place.
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise Refused(
            "the folder for the local socket is not this user's alone",
            remedy="remove it from the folder for temporary files, or choose a home with a shorter path",
        )
    return folder


class Session:
    """Runs commands over one home, all of them for `who`. Not thread-safe."""

    def __init__(self, loop: LoopThread, runner: Runner, who: Caller) -> None:
        self._loop = loop
        self._runner = runner
        self._who = who

    def run(self, command: str, arguments: Line, items: Iterable[Line] = ()) -> Iterator[Line]:
        """The command's lines as they come. Closing the iterator ends the command."""
        return drive(self._loop, lambda: self._runner(command, arguments, feed(items), self._who))


@contextmanager
def open_session(
    home: Home,
    passphrase: Callable[[], str],
    progress: Callable[[int, int], None],
    who: Caller,
    socket: Path | None = None,
) -> Iterator[Session]:
    """See `app.session`."""
    if socket is not None:
        with LoopThread() as loop:
            check_before_use(socket)
            loop.call(_greet(socket))
            yield Session(loop, _over(socket), who)
        return
    settings = config.load(home)
    deadline = time.monotonic() + WAIT_SECONDS
    with LoopThread() as loop, ExitStack() as owned:
        while True:
            try:
                owned.enter_context(owning(home))
            except AlreadyRunning:
                path = socket_path(home)
                if loop.call(_answers(path)):
                    yield Session(loop, _over(path), who)
                    return
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_SECONDS)
            else:
                yield Session(loop, owned.enter_context(_alone(home, settings, passphrase, progress)), who)
                return


def _over(path: Path) -> Runner:
    def run(command: str, arguments: Line, items: AsyncIterator[Line], who: Caller) -> AsyncIterator[Line]:
        return control.call(path, command, arguments, items, who)

    return run


async def _greet(path: Path) -> None:
    """Raises `Refused` or `Unavailable` where a socket that was named cannot be used."""
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError as error:
        raise unreachable(error) from None
    writer.close()


async def _answers(path: Path) -> bool:
    """Whether a daemon answers on the socket."""
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True


@contextmanager
def _alone(
    home: Home, settings: Config, passphrase: Callable[[], str], progress: Callable[[int, int], None]
) -> Iterator[Runner]:
    if settings.role == "hub":
        from node.app.hub_rooms import open_hub

        with open_hub(home, settings, passphrase) as hub:
            yield hub.commands().run
        return
    from node.app.node_rooms import open_node

    if home.restored.exists():
        raise Unavailable(
            "the database of this node was restored or accepted, and it has not been compared with the hub yet",
            remedy="start the node with the hub in reach (vigil node run): it catches up before it serves anything",
        )
    with open_node(home, settings, passphrase, progress) as node:
        yield node.commands().run
