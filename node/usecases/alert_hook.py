"""Tells the administrator's hook that there are alerts, and never what they are about.

Rules this module upholds:

- The message has a number and nothing else: no case, no hash, no member.
- It is told at most once in a period. What happens meanwhile is in the next message.
- A failure stops nothing: it is shown in the status, and tried again after the period.
- A crash after the hook was told and before that is noted tells it again: twice rather than never.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from node.errors import VigilError

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.domain.ports import Clock
    from node.domain.stores import NodeStore

_log = structlog.get_logger(__name__)


def alert_words(count: int) -> str:
    """The whole message."""
    return f"Vigil: {count:,} new alert{'' if count == 1 else 's'}"


class AlertHook:
    """For one thread at a time, blocking. `tell` takes the message, and raises `VigilError` if that failed; None if the
    administrator wants none. `period` in seconds.
    """

    def __init__(self, *, store: NodeStore, tell: Callable[[str], None] | None, clock: Clock, period: float) -> None:
        self._store = store
        self._tell = tell
        self._clock = clock
        self._period = period
        self._last: float | None = None
        self.trouble = ""

    def round(self) -> bool:
        """Tells the hook if there is anything new; returns whether it was told."""
        now = self._clock()
        # A clock that was set back does not silence the hook.
        if self._tell is None or (self._last is not None and 0 <= now - self._last < self._period):
            return False
        with self._store.read() as tx:
            count = tx.count_alerts(unhooked=True)
        if not count:
            return False
        self._last = now
        try:
            self._tell(alert_words(count))
        except VigilError as error:
            self.trouble = f"{error.kind}: {error}"
            _log.warning("the hook for alerts failed", kind=error.kind)
            return False
        self.trouble = ""
        with self._store.write() as tx:
            tx.set_hooked()
        return True
