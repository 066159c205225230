"""Whether a notice that the hub published is what its member asked for.

Rules this module upholds:

- The bytes in the hub's decision must open the commitment of the request's entry, in the member's own log. So the hub
  can withhold a notice, but it can publish only what a member asked for.
- As long as the request's entry is not here, nothing is known: the notice waits, and is no hit.
- Only decisions in the hub's own log count.
"""

from __future__ import annotations

import hmac
from enum import Enum
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind, commit, decode
from node.domain.ids import HUB_NAME
from node.domain.notices import Notice, NoticeDecision, NoticeStep, PublishedNotice
from node.errors import Malformed

if TYPE_CHECKING:
    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader
    from node.domain.ports import Codec

UNASKED: Final = "the hub published a notice that no member asked for"
"""Why such a decision is set aside."""
REQUESTS: Final = frozenset({Kind.NOTICE, Kind.REVISION})
"""The kinds of entries that may be a version of a request."""

DECISIONS: Final = frozenset({Kind.NOTICE_DECISION, Kind.REVISION})
"""The kinds of entries that may be a decision."""


class Vouched(Enum):
    """Whether the entry of the request vouches for what a decision publishes."""

    WAITS = "waits"
    YES = "yes"
    NO = "no"


def vouched(reader: LogReader, decision: NoticeDecision) -> Vouched:
    """Compares a published decision with the entry of its request. A decision that publishes nothing needs no check."""
    if decision.step is not NoticeStep.PUBLISHED:
        return Vouched.YES
    request = decision.request
    index = reader.find(request.origin, [request.leaf]).get(request.leaf)
    if index is None:
        return Vouched.WAITS
    try:
        envelope = decode(reader.entry_at(request.origin, index)[0])
    except Malformed:
        return Vouched.NO
    if envelope is None or envelope.kind not in REQUESTS:
        return Vouched.NO
    made = commit(str(request.origin), envelope.kind, decision.nonce, decision.body)
    return Vouched.YES if hmac.compare_digest(made, envelope.commitment) else Vouched.NO


def told(codec: Codec, origin: Origin, decision: NoticeDecision) -> PublishedNotice | None:
    """What a hit shows of a published notice; None as for `published`."""
    notice = published(codec, origin, decision)
    if notice is None:
        return None
    return PublishedNotice(
        colour=notice.colour, reference=notice.reference, requested_by=decision.request.origin.member
    )


def published(codec: Codec, origin: Origin, decision: NoticeDecision) -> Notice | None:
    """The notice that a decision in the log `origin` publishes; None if it publishes none that this version reads."""
    if origin.member != HUB_NAME or decision.step is not NoticeStep.PUBLISHED:
        return None
    try:
        said = codec.decode_body(Kind.NOTICE, decision.body)
    except Malformed:
        return None
    return said if isinstance(said, Notice) else None
