"""Whether a notice that the hub published is what its member asked for.

Rules this module upholds:

- The bytes in the hub's decision must open the commitment of the request's entry, in the member's own log. So the hub
  can withhold a notice, but it can publish only what a member asked for.
- As long as the request's entry is not here, nothing is known: the notice waits, and is no hit.
- Only decisions in the hub's own log count.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind, commit, decode
from node.domain.ids import HUB_NAME
from node.domain.mentions import Role
from node.domain.notices import Notice, NoticeDecision, NoticeStep, PublishedNotice
from node.errors import Malformed

if TYPE_CHECKING:
    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader
    from node.domain.ports import Codec

UNASKED: Final = "the hub published a notice that no member asked for"
"""Why such a decision is set aside."""
TOO_MANY: Final = "there are more decisions on one request than a hub needs"
MOST_DECISIONS: Final = 50
"""Decisions on one request whose bodies are here at a time. Each replaces the one before, so an honest hub has one, and
few more while its logs arrive.
"""
REQUESTS: Final = frozenset({Kind.NOTICE, Kind.REVISION})
"""The kinds of entries that may be a version of a request."""

DECISIONS: Final = frozenset({Kind.NOTICE_DECISION, Kind.REVISION})
"""The kinds of entries that may be a decision."""


def vouched(reader: LogReader, decision: NoticeDecision, index: int) -> bool:
    """Whether a decision publishes what its request says, which is the entry at `index` of the member's log. A decision
    that publishes nothing needs no check.
    """
    if decision.step is not NoticeStep.PUBLISHED:
        return True
    request = decision.request
    try:
        envelope = decode(reader.entry_at(request.origin, index)[0])
    except Malformed:
        return False
    if envelope is None or envelope.kind not in REQUESTS:
        return False
    made = commit(str(request.origin), envelope.kind, decision.nonce, decision.body)
    return hmac.compare_digest(made, envelope.commitment)


def is_confirmed(reader: LogReader, origin: Origin, index: int) -> bool:
    """Whether the request of a decision is here. If it is, it was compared when the second of the two arrived, and the
    decision was set aside if it did not fit. No log is searched for that.
    """
    about = next((each for each in reader.mentions(origin, index, index + 1) if each.role is Role.REQUEST), None)
    chain = None if about is None else reader.chain(about.record)
    return chain is not None and chain.head is not None


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
