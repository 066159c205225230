"""The review of notices by the hub's operator: what waits, and publishing, refusing and withdrawing.

Rules this module upholds:

- Only what a member asked for is published: the bytes of its newest request, unchanged.
- A decision is about the newest version of a request. A change of a published notice waits for a decision of its own;
  until then the earlier version stays published.
- A refusal is readable by the member that asked, and by nobody else; it states a reason. So does a withdrawal.
- No member fills the operator's list: of each member a bounded number is shown, and the rest is counted.
- Each act is in the hub's audit log, with the name of the request. The operator never sees a hash.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import HUB_NAME, Origin, RecordId
from node.domain.notices import NoticeDecision, NoticeStep
from node.errors import Misuse, NotFound, Refused
from node.usecases.acts import perform
from node.usecases.lookup import resolve
from node.usecases.notice_views import NoticeState, NoticeView, disclosed, newest_decision, request_view, requests
from node.usecases.purging import chain_at, leaf_at
from node.usecases.stating import check_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.envelope import Disclosure
    from node.domain.ids import FederationId, MemberId
    from node.domain.log_ports import LogReader
    from node.domain.ports import Codec
    from node.domain.roster import Roster
    from node.domain.statements import Statement
    from node.domain.stores import LogStore
    from node.usecases.audit import AuditLog

MOST_OF_MEMBER: Final = 50
"""Requests of one member in a list."""


class Speech(Protocol):
    """The hub's own log (`hub.own_log`). Blocking."""

    def require_open(self) -> object:
        """Raises `Unavailable` if the hub cannot write to it."""
        ...

    def state(self, kind: Kind, statement: Statement, handling: Handling, target: RecordId | None = None) -> RecordId:
        """Writes one statement, signs the log and publishes it. Durable on return."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewList:
    """`left_out`: requests that are not shown, by member."""

    views: Sequence[NoticeView]
    left_out: Mapping[MemberId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeReview:
    """Blocking: never on the event loop."""

    store: LogStore
    codec: Codec
    audit: AuditLog
    federation: FederationId
    speech: Speech
    roster: Callable[[], Roster]

    def listed(self, *, waiting: bool) -> ReviewList:
        """The requests, the newest of each member first; those that wait for a decision alone, if `waiting`."""
        views: list[NoticeView] = []
        shown: Counter[MemberId] = Counter()
        left_out: Counter[MemberId] = Counter()
        with self.store.read() as reader:
            for origin, index in reversed(list(requests(reader))):
                if shown[origin.member] >= MOST_OF_MEMBER:
                    left_out[origin.member] += 1
                    continue
                view = request_view(reader, self.codec, origin, index)
                if view is not None and (view.waits or not waiting):
                    shown[origin.member] += 1
                    views.append(view)
        return ReviewList(views=views, left_out=left_out)

    def waiting(self) -> int:
        """How many requests wait for a decision, of those that `listed` shows."""
        return len(self.listed(waiting=True).views)

    def publish(self, name: str, reason: str = "") -> NoticeView:
        """Publishes the newest version of a request. Raises `NotFound`, `Refused`, `Unavailable`."""
        return self._decide("publish notice", name, NoticeStep.PUBLISHED, reason)

    def refuse(self, name: str, reason: str) -> NoticeView:
        """Refuses it; its member reads why. A published notice is withdrawn instead. Raises as `publish`, `Misuse`."""
        return self._decide("refuse notice", name, NoticeStep.REFUSED, reason)

    def withdraw(self, name: str, reason: str) -> NoticeView:
        """Withdraws a published notice. Raises as `publish`, `Misuse`."""
        return self._decide("withdraw notice", name, NoticeStep.WITHDRAWN, reason)

    def _decide(self, what: str, name: str, step: NoticeStep, reason: str) -> NoticeView:
        if step is not NoticeStep.PUBLISHED and not reason.strip():
            raise Misuse("this decision needs a reason", remedy="give it with --reason: the member reads it")
        with self.store.read() as reader:
            named = resolve(reader, name, Origin(self.federation, HUB_NAME))
            place = self._place(reader, named)
            view = self._view(reader, place)
        said = NoticeDecision(request=view.request, step=step, reason=reason)
        check_statement(said, self.roster().policy)
        _check_step(view, step)
        self.speech.require_open()
        return perform(self.audit, what, lambda: self._say(place, said), request=str(view.request))

    def _say(self, place: tuple[Origin, int], said: NoticeDecision) -> NoticeView:
        with self.store.read() as reader:
            view = self._view(reader, place)
            if view.request != said.request:
                raise Refused("the request was changed in between", remedy="look at it again: vigil hub notices list")
            _check_step(view, said.step)
            index = reader.find(view.request.origin, [view.request.leaf])[view.request.leaf]
            bytes_of = disclosed(reader, (view.request.origin, index))
            decided = newest_decision(reader, self.codec, self._root(reader, place))
        if bytes_of is None:
            raise NotFound("the hub does not have the content of this request any more")
        statement, handling = self._worded(said, bytes_of)
        # An earlier decision in a former log of the hub is replaced too: a revision may name an earlier epoch.
        kind, target = (Kind.NOTICE_DECISION, None) if decided is None else (Kind.REVISION, decided.record)
        self.speech.state(kind, statement, handling, target)
        with self.store.read() as reader:
            return self._view(reader, place)

    def _worded(self, said: NoticeDecision, request: Disclosure) -> tuple[NoticeDecision, Handling]:
        """The decision, and who may read it: it is kept no longer than the request."""
        asked = self.codec.decode_handling(request.handling)
        audience = (said.request.origin.member,) if said.step is NoticeStep.REFUSED else None
        handling = Handling(
            audience=audience, purposes=asked.purposes, code=asked.code, retain_until_day=asked.retain_until_day
        )
        if said.step is not NoticeStep.PUBLISHED:
            return said, handling
        return (
            NoticeDecision(
                request=said.request, step=said.step, reason=said.reason, nonce=request.nonce, body=request.body
            ),
            handling,
        )

    def _place(self, reader: LogReader, named: RecordId) -> tuple[Origin, int]:
        index = reader.find(named.origin, [named.leaf]).get(named.leaf)
        if index is None:
            raise NotFound("there is no such request", remedy="vigil hub notices list shows the requests")
        return named.origin, index

    def _view(self, reader: LogReader, place: tuple[Origin, int]) -> NoticeView:
        view = request_view(reader, self.codec, *place) if place[0].member != HUB_NAME else None
        if view is None:
            raise NotFound("this is not a request for a notice", remedy="vigil hub notices list shows the requests")
        return view

    @staticmethod
    def _root(reader: LogReader, place: tuple[Origin, int]) -> RecordId:
        return chain_at(reader, *place, leaf_at(reader, *place)).root


def _check_step(view: NoticeView, step: NoticeStep) -> None:
    """Raises `Refused` for a decision that this notice cannot have now."""
    if view.colour is None or view.state in {NoticeState.RETRACTED, NoticeState.EXPIRED}:
        raise Refused("this request has ended: its member retracted it, or it has expired")
    live = view.state in {NoticeState.PUBLISHED, NoticeState.AMENDED}
    if step is NoticeStep.PUBLISHED and view.state is NoticeState.PUBLISHED:
        raise Refused("this notice is published already")
    if step is NoticeStep.REFUSED and (live or not view.waits):
        raise Refused("only a request that waits can be refused", remedy="vigil hub notices withdraw ends a notice")
    if step is NoticeStep.WITHDRAWN and not live:
        raise Refused("only a published notice can be withdrawn", remedy="vigil hub notices refuse refuses a request")
