"""Notices as people read them: a request, and what the hub decided on it.

Rules this module upholds:

- The state of a notice depends on the stored statements alone, not on the order in which they arrived.
- A view has the number and the kinds of fingerprints, and never a hash.
- A published notice whose request is not here yet, or that no member asked for, is not shown as published.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import Kind, decode
from node.domain.fingerprint_kinds import name_of
from node.domain.ids import HUB_NAME, Origin, RecordId
from node.domain.mentions import Role
from node.domain.notices import Notice, NoticeDecision, NoticeStep
from node.errors import Malformed
from node.usecases.notice_check import is_confirmed, published
from node.usecases.purging import chain_at, leaf_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.domain.envelope import Disclosure
    from node.domain.ids import MemberId
    from node.domain.log_ports import LogReader
    from node.domain.notices import NoticeColour
    from node.domain.ports import Codec

PAGE: Final = 500
"""Entries of a kind that are listed at a time."""


class NoticeState(StrEnum):
    """QUEUED: not sent yet. WAITING: for the hub's operator. AMENDED: published, and a change of it waits. WITHDRAWN:
    by the operator. RETRACTED: by the member that asked for it.
    """

    QUEUED = "queued"
    WAITING = "waiting"
    PUBLISHED = "published"
    AMENDED = "amended"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    RETRACTED = "retracted"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """`request`: the newest version of the request, which `member` made; `decision`: the hub's newest statement about
    it. Days since 1970-01-01, 0 if not stated. `kinds`: fingerprints by kind; `colour` None: the body is not here.
    """

    request: RecordId
    state: NoticeState
    decision: RecordId | None = None
    reason: str = ""
    colour: NoticeColour | None = None
    reference: str = ""
    consent_day: int = 0
    since_day: int = 0
    until_day: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)

    @property
    def member(self) -> MemberId:
        """Who asked for it."""
        return self.request.origin.member

    @property
    def waits(self) -> bool:
        """Whether the hub's operator has to decide."""
        return self.state in {NoticeState.WAITING, NoticeState.AMENDED}

    def of(self, notice: Notice, until_day: int) -> NoticeView:
        """The view with the content of the notice."""
        return replace(
            self,
            colour=notice.colour,
            reference=notice.reference,
            consent_day=notice.consent_day,
            since_day=notice.since_day,
            until_day=until_day,
            kinds=dict(Counter(name_of(each.code) for each in notice.fingerprints)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The hub's newest statement about a request: its name, its place, its content."""

    record: RecordId
    place: tuple[Origin, int]
    said: NoticeDecision


# --- requests ---------------------------------------------------------------------------------------------------------


def requests(reader: LogReader, member: MemberId | None = None) -> Iterator[tuple[Origin, int]]:
    """The places of the first versions of all requests, in log order; of one member if it is named."""
    after = None
    while page := reader.stated([Kind.NOTICE], limit=PAGE, after=after):
        for each in page:
            if member is None or each.origin.member == member:
                yield each.origin, each.index
        after = (page[-1].origin, page[-1].index)


def request_view(reader: LogReader, codec: Codec, origin: Origin, index: int) -> NoticeView | None:
    """A request, by the place of any version; None for an entry that was set aside or is of another kind."""
    leaf = leaf_at(reader, origin, index)
    chain = chain_at(reader, origin, index, leaf)
    place = chain.head or (origin, index)
    newest = RecordId(place[0], leaf_at(reader, *place))
    entry, state = reader.entry_at(*place)
    if state == BodyState.QUARANTINED:
        return None
    decided = newest_decision(reader, codec, chain.root)
    view = NoticeView(request=newest, state=_state(newest, decided, ended=chain.ended, state=state))
    if decided is not None:
        view = replace(view, decision=decided.record, reason=decided.said.reason)
    found = disclosed(reader, place)
    notice = None if found is None else _notice(codec, entry[1], found.body)
    if found is not None and notice is None:
        return None
    envelope = decode(entry)
    return view if notice is None else view.of(notice, envelope.expiry_day if envelope else 0)


def _state(newest: RecordId, decided: Decided | None, *, ended: bool, state: int) -> NoticeState:
    if ended:
        return NoticeState.RETRACTED
    if state == BodyState.PURGED:
        return NoticeState.EXPIRED
    if decided is None:
        return NoticeState.WAITING
    current = decided.said.request == newest
    if decided.said.step is NoticeStep.PUBLISHED:
        return NoticeState.PUBLISHED if current else NoticeState.AMENDED
    if not current:
        return NoticeState.WAITING
    return NoticeState.REFUSED if decided.said.step is NoticeStep.REFUSED else NoticeState.WITHDRAWN


def _notice(codec: Codec, kind: int, body: bytes) -> Notice | None:
    try:
        said = codec.decode_body(kind, body)
    except Malformed:
        return None
    return said if isinstance(said, Notice) else None


def disclosed(reader: LogReader, place: tuple[Origin, int]) -> Disclosure | None:
    """The disclosure of an entry; None if its body is not here."""
    found = reader.disclosed_at(place[0], [place[1]]).get(place[1])
    return None if found is None else found[1]


# --- decisions --------------------------------------------------------------------------------------------------------


def newest_decision(reader: LogReader, codec: Codec, root: RecordId) -> Decided | None:
    """The hub's newest statement about the request that began as `root`, if its body is here."""
    found = [
        decided
        for each in reader.mentioning(root, [Role.REQUEST])
        if (decided := _decided(reader, codec, each.origin, each.index)) is not None
    ]
    return max(found, key=lambda each: (each.place[0].epoch, each.place[1]), default=None)


def _decided(reader: LogReader, codec: Codec, origin: Origin, index: int) -> Decided | None:
    """The decision at this place, if it is the newest version of itself."""
    chain = chain_at(reader, origin, index, leaf_at(reader, origin, index))
    found = disclosed(reader, (origin, index))
    if origin.member != HUB_NAME or chain.head != (origin, index) or found is None:
        return None
    entry, _ = reader.entry_at(origin, index)
    try:
        said = codec.decode_body(entry[1], found.body)
    except Malformed:
        return None
    if not isinstance(said, NoticeDecision):
        return None
    return Decided(record=RecordId(origin, leaf_at(reader, origin, index)), place=(origin, index), said=said)


def published_views(reader: LogReader, codec: Codec) -> Iterator[NoticeView]:
    """The notices that are published now, in the order of the hub's log, whoever asked for them."""
    after = None
    while page := reader.stated([Kind.NOTICE_DECISION], limit=PAGE, after=after):
        for each in page:
            view = _published_view(reader, codec, each.origin, each.index)
            if view is not None:
                yield view
        after = (page[-1].origin, page[-1].index)


def _published_view(reader: LogReader, codec: Codec, origin: Origin, index: int) -> NoticeView | None:
    chain = chain_at(reader, origin, index, leaf_at(reader, origin, index))
    decided = None if chain.head is None else _decided(reader, codec, *chain.head)
    if decided is None or not is_confirmed(reader, *decided.place):
        return None
    notice = published(codec, decided.record.origin, decided.said)
    if notice is None:
        return None
    envelope = decode(reader.entry_at(*decided.place)[0])
    view = NoticeView(
        request=decided.said.request,
        state=NoticeState.PUBLISHED,
        decision=decided.record,
        reason=decided.said.reason,
    )
    return view.of(notice, envelope.expiry_day if envelope else 0)
