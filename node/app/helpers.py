"""Helper processes of the hub's daemon: code that faces strangers runs outside the process that has the keys.

Rules this module upholds:

- A helper gets only its greeting and its sockets: no passphrase, and none of our settings in its environment. It always
  ends with the daemon.
- Both directions use one line of JSON per message. A helper's line has a size limit, and its contents are not trusted.
- A helper that ends is started again, each time after a longer pause. If it cannot stay up, the daemon ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from node import config
from node.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Line = dict[str, Any]

MAX_LINE: Final = 4_096
"""Maximum bytes of a helper's line."""
MAX_UNREAD: Final = 1024 * 1024
"""Maximum bytes that wait for a helper. A helper that does not read them is ended."""
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0
STEADY_SECONDS: Final = 60.0
"""After this run time a helper counts as up, and its next pause is the shortest again."""
FIRST_PAUSE: Final = 0.1
LAST_PAUSE: Final = 5.0
STARTS: Final = 20
"""Failed starts in a row before the daemon gives up."""
_log = structlog.get_logger(__name__)


class Helper:
    """One helper. Event loop only. `greeting`: its first line, at each start. `heard`: called with each of its lines
    except the ready line. `ended`: called when it ended, before it is started again.
    """

    def __init__(
        self,
        module: str,
        *,
        greeting: Callable[[], Line],
        heard: Callable[[Line], None],
        ended: Callable[[], None],
        descriptors: Sequence[int] = (),
    ) -> None:
        self._module = module
        self._greeting = greeting
        self._heard = heard
        self._ended = ended
        self._descriptors = tuple(descriptors)
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The id of the running process."""
        return self._process.pid if self._process else None

    async def ready(self) -> None:
        """Waits until it is ready. Raises `Unavailable` if it does not start."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._ready.wait()
        except TimeoutError:
            raise Unavailable(
                f"the helper process {self._module.rpartition('.')[2]} does not start",
                remedy="read the log of the daemon, and check that this machine has free memory and processes",
            ) from None

    def say(self, line: Line) -> None:
        """Sends one line. Drops it if no process runs: the greeting of the next process contains all lasting facts."""
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return
        if process.stdin.transport.get_write_buffer_size() > MAX_UNREAD:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            return
        process.stdin.write(json.dumps(line).encode() + b"\n")

    async def run(self) -> None:
        """Keeps one process running for ever. Raises `Unavailable` if none stays up."""
        pause, starts = FIRST_PAUSE, 0
        while True:
            began = time.monotonic()
            await self._once()
            self._ready.clear()
            self._ended()
            if time.monotonic() - began > STEADY_SECONDS:
                pause, starts = FIRST_PAUSE, 0
            starts += 1
            _log.warning("a helper process ended and is started again", helper=self._module.rpartition(".")[2])
            if starts >= STARTS:
                raise Unavailable("a helper process of the hub cannot stay up", remedy="read the log of the daemon")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE)

    async def _once(self) -> None:
        """One process, from its start to its end."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(config.PREFIX)}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=self._descriptors,
            env=environment,
            limit=MAX_LINE,
            start_new_session=True,
        )
        self._process = process
        try:
            self.say(self._greeting())
            await self._listen(process)
        finally:
            self._process = None
            await _end(process)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        # The line is too long or invalid: this is not our program's protocol, so the process is ended.
        with contextlib.suppress(ValueError):
            while data := await process.stdout.readline():
                line = json.loads(data)
                if not isinstance(line, dict):
                    return
                if line.get("ready"):
                    self._ready.set()
                else:
                    self._heard(line)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ends a process: closes its input, and kills it if it does not end by itself."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    # Its remaining output is dropped; its pipe is closed at the end.
    while process.stdout is not None and await process.stdout.read(MAX_LINE):
        pass
