"""Remembers which questions may have been answered before, so the store is asked only about those.

Rules this module upholds:

- It never says no for a question that was answered: two answers to one question must not differ.
- It reads the store when it is first used, and is told of every answer since (`note`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from node.domain.roster import MAX_SKEW_SECONDS

if TYPE_CHECKING:
    from node.domain.ids import MemberId
    from node.domain.queries import QueryHeader
    from node.domain.query_ports import GivenAnswer
    from node.domain.stores import NodeStore

KEPT: Final = 32_768
"""Answers remembered by their keys: weeks of a busy federation, some 8 MB."""


class Answered:
    """Safe to use from any thread."""

    def __init__(self, store: NodeStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._keys: OrderedDict[tuple[MemberId, bytes], int] | None = None
        self._forgotten = -1
        """Time of the newest answer that is not remembered here, Unix seconds; -1 if all are remembered."""

    def maybe(self, header: QueryHeader) -> bool:
        """Whether the store may have an answer to this question."""
        with self._lock:
            keys = self._loaded()
            # No question is answered whose issue is further ahead than the widest skew that a policy may allow.
            old = self._forgotten >= 0 and header.issued_at <= self._forgotten + 1 + MAX_SKEW_SECONDS
            return old or (header.asker, header.query_id) in keys

    def note(self, given: GivenAnswer) -> None:
        """An answer is about to be written down."""
        with self._lock:
            keys = self._loaded()
            keys[given.asker, given.query_id] = given.at
            while len(keys) > KEPT:
                self._forgotten = max(self._forgotten, keys.popitem(last=False)[1])

    def _loaded(self) -> OrderedDict[tuple[MemberId, bytes], int]:
        if self._keys is None:
            with self._store.read() as tx:
                newest = tx.answered_lately(KEPT + 1)
            if len(newest) > KEPT:
                self._forgotten = newest.pop()[2]
            self._keys = OrderedDict(((asker, query_id), at) for asker, query_id, at in reversed(newest))
        return self._keys
