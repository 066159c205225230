"""Reading a bundle into this node: a sync over a file.

Rules this module upholds:

- A fault of one log stops that log, and the others are read. A fault of the file ends the reading. What was stored
  before stays, because each run was verified by itself.
- Reading a bundle again, or an older one, changes nothing. After an interruption it continues with what is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.errors import Malformed
from node.usecases.bundle_format import MAX_LOGS, Frame, read_log_head
from node.usecases.bundle_log import LogReading

if TYPE_CHECKING:
    from node.domain.ids import Origin
    from node.usecases.bundle_format import LogHead
    from node.usecases.bundle_log import LogResult, Reader


class BundleReading:
    """One reading. Blocking, for one thread at a time. `results`: of the logs so far, in the order of the bundle."""

    def __init__(self, reader: Reader) -> None:
        self.results: list[LogResult] = []
        self._reader = reader
        self._log: LogReading | None = None
        self._seen: set[Origin] = set()
        reader.copies.open()

    def take(self, kind: Frame, content: bytes) -> None:
        """A frame of a log, or the end. Raises `Malformed` for a fault of the file, `StoreError`."""
        if kind is Frame.LOG:
            self._next(read_log_head(content))
        elif kind is Frame.PACKAGE and self._log is not None:
            self._log.take(self._reader.decode(content))
        elif kind is Frame.END:
            self.finish()

    def finish(self) -> None:
        """Stores what was verified and waits. Called again, it changes nothing."""
        log, self._log = self._log, None
        if log is not None:
            log.finish()

    def _next(self, head: LogHead) -> None:
        self.finish()
        if head.origin in self._seen or len(self._seen) >= MAX_LOGS:
            raise Malformed("a bundle has a log twice, or too many logs")
        self._seen.add(head.origin)
        self._log = LogReading(self._reader, head)
        self.results.append(self._log.result)
