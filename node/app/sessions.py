"""A session runs the same commands in the daemon or in this process.

Rules this module upholds:

- The lock shows whether a daemon runs, not the socket: a socket file may be left by a dead daemon.
- If the user names a socket, only that socket is used: no home, no lock and no key.
- No daemon: this process takes the lock and works itself. A daemon: this process sends it the command. Another command
  without a daemon: this process waits for some time, then reports it.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

from node import config
from node.app import logs
from node.app.accounts import officers_of
from node.app.group_socket import check_before_use, unreachable
from node.app.ownership import owning
from node.control.admission import admitted
from node.control.runner import LoopThread, drive, feed
from node.domain.caller import Claim
from node.errors import AlreadyRunning, Unavailable
from node.wire import control
from node.wire.local_paths import reached

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from pathlib import Path

    from node.config import Config, Home
    from node.control.admission import Admitted
    from node.control.runner import Runner

Line = dict[str, Any]

WAIT_SECONDS: Final = 20.0
"""How long to wait for another command that owns the home."""
_LOOK_SECONDS: Final = 0.05


def socket_path(home: Home, name: str = "control") -> Path:
    """A socket of the daemon in its home, with any path. `node.wire.local_paths` makes it usable."""
    return home.folder / f"{name}.sock"


async def answers(path: Path) -> bool:
    """Whether a daemon answers on the socket."""
    try:
        await _connect(path)
    except OSError:
        return False
    return True


async def _connect(path: Path) -> None:
    with reached(path) as short:
        _, writer = await asyncio.open_unix_connection(short)
    writer.close()


class Session:
    """Runs commands in one home, all for the officer `officer` ("": for the account's own). Not thread-safe."""

    def __init__(self, loop: LoopThread, runner: Runner, officer: str) -> None:
        self._loop = loop
        self._runner = runner
        self._officer = officer

    def run(self, command: str, arguments: Line, items: Iterable[Line] = ()) -> Iterator[Line]:
        """Yields the command's lines as they arrive. Closing the iterator ends the command."""
        return drive(self._loop, lambda: self._runner(command, arguments, feed(items), self._officer))


@contextmanager
def open_session(
    home: Home,
    passphrase: Callable[[], str],
    progress: Callable[[int, int], None],
    officer: str,
    socket: Path | None = None,
) -> Iterator[Session]:
    """See `app.session`."""
    if socket is not None:
        with LoopThread() as loop:
            check_before_use(socket)
            loop.call(_greet(socket))
            yield Session(loop, _over(socket), officer)
        return
    settings = config.load(home)
    deadline = time.monotonic() + WAIT_SECONDS
    with LoopThread() as loop, ExitStack() as owned:
        while True:
            try:
                owned.enter_context(owning(home))
            except AlreadyRunning:
                path = socket_path(home)
                if loop.call(answers(path)):
                    yield Session(loop, _over(path), officer)
                    return
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_SECONDS)
            else:
                yield Session(loop, owned.enter_context(_alone(home, settings, passphrase, progress)), officer)
                return


def _over(path: Path) -> Runner:
    def run(command: str, arguments: Line, items: AsyncIterator[Line], officer: str) -> AsyncIterator[Line]:
        return control.call(path, command, arguments, items, officer)

    return run


async def _greet(path: Path) -> None:
    """Raises `Refused` or `Unavailable` if the given socket cannot be used."""
    try:
        await _connect(path)
    except OSError as error:
        raise unreachable(error) from None


@contextmanager
def _alone(
    home: Home, settings: Config, passphrase: Callable[[], str], progress: Callable[[int, int], None]
) -> Iterator[Runner]:
    logs.beside_the_output()
    if settings.role == "hub":
        from node.app.hub_command_table import hub_commands
        from node.app.hub_opening import open_hub

        with open_hub(home, settings, passphrase) as hub:
            yield _own(admitted(hub_commands(hub), officers_of(settings, hub.store, hub.audit)))
        return
    from node.app.node_command_table import node_commands
    from node.app.node_opening import open_node

    if home.restored.exists():
        raise Unavailable(
            "the database of this node was restored or accepted, and it has not been compared with the hub yet",
            remedy="start the node while the hub is reachable (vigil node run): it catches up before it serves "
            "anything",
        )
    with open_node(home, settings, passphrase, progress) as node:
        yield _own(admitted(node_commands(node), officers_of(settings, node.store, node.audit)))


def _own(run: Admitted) -> Runner:
    """Runs commands for this process's own user."""
    uid = os.getuid()

    def run_here(command: str, arguments: Line, items: AsyncIterator[Line], officer: str) -> AsyncIterator[Line]:
        return run(command, arguments, items, Claim(uid=uid, officer=officer))

    return run_here
