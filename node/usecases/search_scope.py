"""The search scope in an answer: how much was searched, and how far each log was followed.

Rules this module upholds:

- It is read once and kept until something changes: it is the same for most questions.
- After a change has ended, every answer has the new state, never the old one.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from node.domain.queries import Level
    from node.domain.stores import NodeStore


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """`levels`: how many holdings each level has. `cursors_digest`: SHA-256 over the size of each log."""

    levels: tuple[tuple[Level, int], ...]
    cursors_digest: bytes


class Views:
    """The present scope. Safe to use from any thread."""

    def __init__(self, store: NodeStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: View | None = None
        self._changes = 0

    def current(self) -> View:
        """Blocking if something has changed."""
        with self._lock:
            kept, changes = self._kept, self._changes
        if kept is not None:
            return kept
        with self._store.read() as tx:
            levels = tx.holding_levels()
            sizes = [f"{log.origin} {log.size}" for log in tx.logs() if log.origin.stream == "log"]
        view = View(
            levels=tuple(sorted(levels.items())), cursors_digest=hashlib.sha256("\n".join(sizes).encode()).digest()
        )
        with self._lock:
            if self._changes == changes:
                self._kept = view
        return view

    def changed(self) -> None:
        """Something has changed, or may have changed."""
        with self._lock:
            self._changes += 1
            self._kept = None
