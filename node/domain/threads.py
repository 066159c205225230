"""What a node keeps about threads of messages: where their messages are, and what its officers have read.

Rules this module upholds:

- A thread is named by the first version of the message that opened it.
- Messages are counted by their mentions (`domain.mentions`). So a count follows from the stored statements alone, and
  no body is read for it.
- What an officer has read is a place in each log, because messages of other members may come later than newer ones.
- Marks are local. They never leave, and they say nothing about a thread that this node may not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.ids import Origin, RecordId
    from node.domain.mentions import Mention


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadLog:
    """The messages of one log in a thread. `messages`: how many are here, with the opening; `last`: the index of the
    newest one; `unread`: how many are after the place up to which an officer has read.
    """

    origin: Origin
    messages: int
    last: int
    unread: int


class ThreadReader(Protocol):
    """Reads threads inside one snapshot."""

    def openings(self, *, limit: int, after: tuple[Origin, int] | None = None) -> list[Mention]:
        """The messages here that open a thread, in log order, from past `after` on; the first `limit`."""
        ...

    def thread_logs(self, thread: RecordId, officer: str) -> list[ThreadLog]:
        """The logs with messages of a thread, in log order."""
        ...

    def thread_messages(self, thread: RecordId, origin: Origin, limit: int) -> list[int]:
        """The indices of the first `limit` messages of a thread in one log, with the opening, in order."""
        ...

    def closing_logs(self, thread: RecordId) -> set[Origin]:
        """The logs with a message that closes a thread. It counts only if it is of the member that opened it."""
        ...

    def read_places(self, thread: RecordId, officer: str) -> Mapping[Origin, int]:
        """The index up to which an officer has read the messages of each log; logs that it never read are left out."""
        ...

    def muted_threads(self, threads: Sequence[RecordId]) -> set[RecordId]:
        """Those of these threads that this node has left."""
        ...

    def cases_of_thread(self, thread: RecordId) -> list[str]:
        """The references of the cases that a thread belongs to here, in order."""
        ...


class ThreadWriter(ThreadReader, Protocol):
    """Writes marks."""

    def put_read_places(self, thread: RecordId, officer: str, places: Mapping[Origin, int]) -> None:
        """An officer has read the messages of these stored logs up to these indices. An earlier place than the stored
        one changes nothing.
        """
        ...

    def set_muted(self, thread: RecordId, *, muted: bool) -> None: ...

    def put_thread_case(self, thread: RecordId, reference: str) -> None:
        """A thread belongs to a case from now on. `CaseWriter.forget_case` ends it."""
        ...
