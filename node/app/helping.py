"""What both helper processes do alike: the lines to and from the daemon, and the limits that they put on themselves.

Rules this module upholds:

- The first line of the input says what to do; the end of the input is the end of the process.
- A limit of memory is set before anything that could use it is there: an attack ends this process, and nothing else.
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
"""Bytes of a line from the daemon."""


def confine(memory: int) -> None:
    """At most so many bytes of data, what every process of Vigil guards (`guarding`); and signals for the daemon's
    terminal are the daemon's to act on.
    """
    # A traceback of a library can name anything: it is heard by its logger's name alone.
    logs.configure("warning")
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    guard()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def raise_descriptors() -> int:
    """As many open files as this user may have; how many that is."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


class Voice:
    """Lines to the daemon. Made by `open_voice`, on a running loop."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport

    def say(self, line: Line) -> None:
        """One line; it waits for the daemon to read it, and nobody waits for that."""
        self._transport.write(json.dumps(line).encode() + b"\n")

    def tell(self, who: str, what: str, times: int) -> None:
        """Who asks for too much: for the daemon's log."""
        self.say({"over": [who, what, times]})


async def open_voice() -> Voice:
    """The process's own standard output."""
    transport, _ = await asyncio.get_running_loop().connect_write_pipe(asyncio.BaseProtocol, sys.stdout)
    return Voice(transport)


async def words() -> AsyncIterator[Line]:
    """Lines of the daemon, until it ends."""
    reader = asyncio.StreamReader(limit=MAX_INPUT)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while data := await reader.readline():
        yield json.loads(data)


def end() -> None:
    """Ends the process at once: nothing of it is worth keeping."""
    os._exit(0)
