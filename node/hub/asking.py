"""Questions under way between askers and answering members: bounded, and fair among askers.

Rules this module upholds:

- One asker uses no more than the policy's share of the hub at a time, and none of another asker's share.
- Event loop only; a restart ends all questions under way.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from node.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.ids import MemberId
    from node.domain.limits import Limits
    from node.usecases.quotas import Refusals

OUTSTANDING: Final = 1_000
"""Most queries handed to one stream that may await its answer."""


class Outstanding:
    """Queries handed to one stream and not answered yet: query ids by asker, oldest first, and when each expires."""

    def __init__(self) -> None:
        self._asked: dict[MemberId, dict[bytes, int]] = {}
        self._count = 0

    def add(self, asker: MemberId, query_id: bytes, expires_at: int) -> None:
        """Beyond `OUTSTANDING`, one query of the asker with the most is dropped."""
        if query_id in self._asked.setdefault(asker, {}):
            return
        self._asked[asker][query_id] = expires_at
        self._count += 1
        if self._count > OUTSTANDING:
            most = max(self._asked, key=lambda each: len(self._asked[each]))
            self.take(most, next(iter(self._asked[most])))

    def take(self, asker: MemberId, query_id: bytes) -> int | None:
        """Removes a query; returns when it expires, if it was there."""
        expires_at = self._asked.get(asker, {}).pop(query_id, None)
        if expires_at is not None:
            self._count -= 1
            if not self._asked[asker]:
                del self._asked[asker]
        return expires_at


class Asking:
    """The questions under way, by asker."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals
        self._questions: Counter[MemberId] = Counter()
        self._bytes: Counter[MemberId] = Counter()

    def at_once(self, member: MemberId) -> tuple[int, int]:
        """How many questions of this member are under way, and their bytes."""
        return self._questions[member], self._bytes[member]

    def require_room(self, member: MemberId, size: int, limits: Limits, now: float) -> None:
        """Raises `Overloaded` if the member may not have one more, of `size` bytes."""
        if limit := _too_many(limits, self._questions[member] + 1, self._bytes[member] + size):
            self._refusals.note(member, limit, now)
            raise Overloaded(
                f"{member} asks too many questions at the same time ({limit} in the federation's policy)",
                retry_after=1.0,
                remedy="wait for one of them to end",
            )

    @contextmanager
    def one_more(self, member: MemberId, size: int) -> Iterator[None]:
        """Holds a place for it."""
        self._questions[member] += 1
        self._bytes[member] += size
        try:
            yield
        finally:
            self._questions[member] -= 1
            self._bytes[member] -= size


def _too_many(limits: Limits, questions: int, size: int) -> str:
    """The limit that this many questions at a time, of this many bytes, exceed; "" if none."""
    if questions > limits.questions_at_once:
        return "questions_at_once"
    return "question_bytes_at_once" if size > limits.question_bytes_at_once else ""
