"""Consultations: threads of messages between members about records, links, or the answers to a query.

Rules this module upholds:

- A message names its thread by the message that opened it. Without that name it opens a thread itself.
- A message names the newest messages that its author had. So its readers can order a thread without trusting clocks,
  and see that there is a message which they may not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from node.domain.ids import RecordId

MOST_ABOUT: Final = 100
"""Statements that one message is about."""
MOST_AFTER: Final = 64
"""Messages that one message names as the newest before it."""


class ConsultationStep(IntEnum):
    """What a message does to its thread."""

    OPEN = 1
    REPLY = 2
    CLOSE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """A message. `thread`: None in the message that opens the thread, which alone has a `subject`.

    `about`: the records and other statements that it is about; `query_id` (16 bytes or b""): the query whose answers
    it is about. `after`: the newest messages of the thread that its author had. `at`: Unix seconds by its author's
    clock. `group`: the group that its author shared it with.
    """

    step: ConsultationStep
    text: str
    at: int
    thread: RecordId | None = None
    subject: str = ""
    language: str = ""
    about: tuple[RecordId, ...] = ()
    query_id: bytes = b""
    after: tuple[RecordId, ...] = ()
    group: RecordId | None = None
