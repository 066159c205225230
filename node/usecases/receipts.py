"""The receipt of an audit entry: settled once the entry is durable, or once it is certain that it will not be.

Rules this module upholds:

- A receipt is settled once. Everyone who waits for it, or listens to it, learns the result.
- A listener that fails stops neither the log nor another listener.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

_log = structlog.get_logger(__name__)

_settling: Final = threading.Lock()
"""Held briefly while any receipt is settled or listened to. One lock for all: a lock per receipt would cost more."""


class Receipt:
    """The result of an entry that was submitted. From any thread, and lighter than a `Future`."""

    __slots__ = ("_ended", "_listeners", "error", "index", "leaf")

    def __init__(self) -> None:
        self._ended = threading.Lock()
        self._ended.acquire()
        self._listeners: list[Callable[[Receipt], None]] | None = []
        self.index = -1
        """Of the entry in the log, once it is durable."""
        self.leaf = b""
        """Its leaf hash (32 bytes), once it is durable."""
        self.error: BaseException | None = None
        """Why the entry is not stored and will not be."""

    def then(self, call: Callable[[Receipt], None]) -> None:
        """Calls back once it is settled, from the thread that settles it; at once if it is settled already."""
        with _settling:
            if self._listeners is not None:
                self._listeners.append(call)
                return
        call(self)

    def result(self, timeout: float = -1) -> int:
        """Waits at most `timeout` seconds. Returns the entry's index, or raises why there is none; `TimeoutError`."""
        if not self._ended.acquire(timeout=timeout):
            raise TimeoutError("the audit entry is not durable yet")
        self._ended.release()
        if self.error is not None:
            raise self.error
        return self.index

    def settle(self, index: int, error: BaseException | None = None) -> None:
        """Called once, by the thread that stored the entry or failed to."""
        self.index, self.error = index, error
        with _settling:
            listeners, self._listeners = self._listeners or (), None
        for call in listeners:
            try:
                call(self)
            except Exception as fault:  # noqa: BLE001  (the log and the other listeners continue)
                _log.error("a listener to an audit entry failed", what=type(fault).__name__)
        self._ended.release()  # last: when the waiter gets the result, all is done
