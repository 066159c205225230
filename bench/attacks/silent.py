"""Connections that never say a word: 300 to each port of the hub, without a certificate.

Each takes a descriptor of the hub for as long as it waits for a handshake.
"""

from __future__ import annotations

import functools
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bench.attacks.frames import CONNECT_SECONDS, Target, hold, target
from bench.attacks.process import running
from bench.federation import Federation

CONNECTIONS: Final = 300
PAUSE: Final = 0.05


def run(at: Target) -> None:
    """Holds the connections for ever."""
    opens = [
        functools.partial(socket.create_connection, address, CONNECT_SECONDS)
        for address in (at.main, at.enrolment)
        for _ in range(CONNECTIONS)
    ]
    hold(opens, lambda: time.sleep(PAUSE))


@contextmanager
def attack(made: Federation, member: str) -> Iterator[None]:
    """Runs until the context ends. `member` only tells where the hub is."""
    with running(run, target(made, member)):
        yield
