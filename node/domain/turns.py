"""A lock that threads take in turn.

Rules this module upholds:

- First come, first served. A thread that takes the lock again and again lets every waiting thread in between. Python's
  own locks give no such guarantee, and the same thread gets most of them back.
- Only the thread that holds the lock releases it. It may take the lock again while it holds it.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class TurnLock:
    """A reentrant lock, used only with `with`."""

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
            # Handed over directly, not only released: no other thread gets in between.
            self._owner, turn = self._waiting.popleft()
            self._depth = 1
            turn.release()

    def _leave(self, me: int, turn: threading.Lock) -> None:
        """An interrupted waiter stops waiting; if it was its turn by then, the next one gets it."""
        with self._guard:
            if (me, turn) in self._waiting:
                self._waiting.remove((me, turn))
            else:
                self._let_go()
