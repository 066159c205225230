"""The common code of both helper processes: the lines to and from the daemon, and the limits that they set for
themselves.

Rules this module upholds:

- The first line of the input says what to do. The process ends with its input.
- A memory limit is set before anything that could use memory: an attack ends only this process.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from node.app import logs
from node.app.guarding import guard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Line = dict[str, Any]

MAX_INPUT: Final = 1024 * 1024
"""Maximum bytes of a line from the daemon."""


def confine(memory: int) -> None:
    """Limits this process to so many bytes of data, protects its secrets (`guarding`), and ignores signals of the
    terminal: the daemon handles them.
    """
    # A library's traceback can contain anything: only its logger's name is kept.
    logs.configure("warning")
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    guard()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def raise_descriptors() -> int:
    """Raises the limit of open files to this user's maximum, and returns it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


class Voice:
    """Lines to the daemon. Made by `open_voice`, on a running loop."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport

    def say(self, line: Line) -> None:
        """Queues one line for the daemon, without waiting."""
        self._transport.write(json.dumps(line).encode() + b"\n")

    def tell(self, who: str, what: str, times: int) -> None:
        """Reports who asks too much, for the daemon's log."""
        self.say({"over": [who, what, times]})


async def open_voice() -> Voice:
    """Opens the process's standard output."""
    transport, _ = await asyncio.get_running_loop().connect_write_pipe(asyncio.BaseProtocol, sys.stdout)
    return Voice(transport)


async def words() -> AsyncIterator[Line]:
    """Lines from the daemon, until it ends."""
    reader = asyncio.StreamReader(limit=MAX_INPUT)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while data := await reader.readline():
        yield json.loads(data)


def end() -> None:
    """Ends the process at once: it has nothing to save."""
    os._exit(0)
