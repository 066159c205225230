"""A lock that is taken in turn.

Rules this module upholds:

- Whoever came first is next. A thread that takes the lock again and again, for one piece of work after another, lets
  everybody in between who waits; Python's own locks give no such promise, and the same thread gets most of them back.
- Only the thread that holds it lets go of it. It may take it again while it holds it.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class TurnLock:
    """A reentrant lock, used by `with` alone."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[tuple[int, threading.Lock]] = deque()
        self._owner = 0
        self._depth = 0

    def __enter__(self) -> Self:
        me = threading.get_ident()
        with self._guard:
            if self._owner in (0, me):
                self._owner, self._depth = me, self._depth + 1
                return self
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append((me, turn))
        try:
            turn.acquire()
        except BaseException:
            self._leave(me, turn)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._guard:
            self._let_go()

    def _let_go(self) -> None:
        self._depth -= 1
        if self._depth:
            return
        self._owner = 0
        if self._waiting:
            # Handed over, and not only given free: nobody else gets in between.
            self._owner, turn = self._waiting.popleft()
            self._depth = 1
            turn.release()

    def _leave(self, me: int, turn: threading.Lock) -> None:
        """Whoever is interrupted while waiting waits no more; where it was its turn by then, the next one has it."""
        with self._guard:
            if (me, turn) in self._waiting:
                self._waiting.remove((me, turn))
            else:
                self._let_go()
