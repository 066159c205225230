"""Notices: yellow (a missing person) and green (a warning), requested by a member and published by the hub's operator.

Rules this module upholds:

- Only hashes, a reference and dates travel. The notice itself, with names and texts, is somewhere else.
- A published notice carries the bytes of its request, which open the commitment in the member's log. So the hub cannot
  publish what no member asked for.
- A yellow notice states the day on which consent was recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from node.domain.fingerprints import Fingerprint
    from node.domain.ids import MemberId, RecordId


class NoticeColour(IntEnum):
    """INTERPOL's colours, as far as they are about hashes."""

    YELLOW = 1
    GREEN = 2


class NoticeStep(IntEnum):
    """The operator's decision on a request."""

    PUBLISHED = 1
    REFUSED = 2
    WITHDRAWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A request. `reference`: the number of the notice where it is published. `consent_day`, `since_day`: days since
    1970-01-01, 0 if not stated; a yellow notice has a `consent_day`.
    """

    colour: NoticeColour
    reference: str
    fingerprints: tuple[Fingerprint, ...]
    consent_day: int = 0
    since_day: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedNotice:
    """What a hit on a published notice shows of it. `requested_by`: the member that asked for it."""

    colour: NoticeColour
    reference: str
    requested_by: MemberId


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDecision:
    """In the hub's own log. `request`: the version that was decided on. `nonce` (32 bytes) and `body`: those of the
    request if the step is PUBLISHED, b"" otherwise.
    """

    request: RecordId
    step: NoticeStep
    reason: str = ""
    nonce: bytes = b""
    body: bytes = b""
