"""Our own requests for notices, and the notices that are published.

Rules this module upholds:

- Only hashes, a reference and days are sent. The request is readable by its member and by the hub, until the hub's
  operator publishes it.
- A request has at least one fingerprint that may be shared, and no more than a decision that carries it can hold.
- The audit log records each act with the colour or the name of the request, never with a reference or a hash.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.envelope import OWN_TARGET, Kind, decode
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.notices import Notice, NoticeColour
from node.errors import Malformed, Misuse, NotFound, Refused
from node.usecases.access import record_access
from node.usecases.acts import perform
from node.usecases.lookup import resolve
from node.usecases.notice_views import (
    NoticeState,
    NoticeView,
    disclosed,
    published_views,
    request_view,
    requests,
)
from node.usecases.purging import chain_at
from node.usecases.waiting import ALL, points_at

if TYPE_CHECKING:
    from node.domain.fingerprints import Fingerprint
    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader, PendingEntry
    from node.domain.ports import Codec
    from node.domain.stores import NodeStore
    from node.usecases.audit import AuditLog
    from node.usecases.ledger import Ledger

MOST_FINGERPRINTS: Final = 500
"""Fingerprints of one notice: more than a hundred photographs."""
PURPOSES: Final = ("victim-identification", "investigation")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeWords:
    """What a person states. None: not given; a request then has the default, and a change keeps the former value. Days
    since 1970-01-01; `until_day` 0: no end.
    """

    colour: NoticeColour | None = None
    reference: str | None = None
    fingerprints: tuple[Fingerprint, ...] | None = None
    consent_day: int | None = None
    since_day: int | None = None
    until_day: int | None = None

    def of(self, before: Notice) -> Notice:
        """`before` with the given values."""
        return Notice(
            colour=before.colour if self.colour is None else self.colour,
            reference=before.reference if self.reference is None else self.reference,
            fingerprints=before.fingerprints if self.fingerprints is None else self.fingerprints,
            consent_day=before.consent_day if self.consent_day is None else self.consent_day,
            since_day=before.since_day if self.since_day is None else self.since_day,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Blocking: never on the event loop. `own`: our log, of the newest epoch."""

    store: NodeStore
    codec: Codec
    ledger: Ledger
    audit: AuditLog
    own: Origin

    # --- reading ------------------------------------------------------------------------------------------------------

    def listed(self, *, mine: bool) -> list[NoticeView]:
        """The published notices of all members; or our own requests in any state, those not sent yet last."""
        record_access(self.audit, "notices", mine=mine)
        with self.store.read() as tx:
            if not mine:
                return list(published_views(tx, self.codec))
            views = (request_view(tx, self.codec, *place) for place in requests(tx, self.own.member))
            return [each for each in views if each is not None] + self._queued(tx)

    def one(self, name: str) -> NoticeView:
        """A notice by the name of its request, in any version, or of the decision on it. Raises `NotFound`,
        `Misuse`.
        """
        with self.store.read() as tx:
            named = resolve(tx, name, self.own)
        record_access(self.audit, "notice", request=str(named))
        with self.store.read() as tx:
            for each in self._queued(tx):
                if each.request == named:
                    return each
            shown = [each for each in published_views(tx, self.codec) if named in {each.request, each.decision}]
            own = self._own_view(tx, named) if named.origin.member == self.own.member else None
        if own is None and not shown:
            raise NotFound("this node has no notice of that name", remedy="vigil notice list shows the notices")
        return own or shown[0]

    def _own_view(self, tx: LogReader, named: RecordId) -> NoticeView | None:
        index = tx.find(named.origin, [named.leaf]).get(named.leaf)
        return None if index is None else request_view(tx, self.codec, named.origin, index)

    def _queued(self, tx: LogReader) -> list[NoticeView]:
        """Own requests, and changes of them, that wait for their place in our log."""
        found = []
        for each in tx.pending(self.own, ALL):
            notice, envelope = self._pending_notice(each), decode(each.entry)
            if notice is not None and envelope is not None:
                view = NoticeView(request=RecordId(self.own, each.leaf), state=NoticeState.QUEUED)
                found.append(view.of(notice, envelope.expiry_day))
        return found

    def _pending_notice(self, pending: PendingEntry) -> Notice | None:
        try:
            said = self.codec.decode_body(pending.entry[1], pending.disclosure.body)
        except Malformed:
            return None
        return said if isinstance(said, Notice) else None

    # --- stating ------------------------------------------------------------------------------------------------------

    def request(self, words: NoticeWords) -> RecordId:
        """Asks the hub's operator to publish a notice. Raises `Misuse`, `Refused`."""
        colour = words.colour or NoticeColour.YELLOW
        notice = self._checked(words.of(Notice(colour=colour, reference="", fingerprints=())))
        handling = Handling(audience=(), purposes=PURPOSES, retain_until_day=words.until_day or 0)
        self.ledger.check_policy(handling)
        return perform(
            self.audit, "request notice", lambda: self.ledger.state(notice, handling), colour=colour.name.lower()
        )

    def amend(self, name: str, words: NoticeWords) -> RecordId:
        """Changes a request of ours. What is published stays until the operator decides on the change. Raises `Misuse`
        if nothing changes, `NotFound`, `Refused`.
        """
        target = self._target(name)
        before, handling = self._standing(target)
        notice = self._checked(words.of(before))
        until = handling.retain_until_day if words.until_day is None else words.until_day
        if notice == before and until == handling.retain_until_day:
            raise Misuse("the request says exactly this already", remedy="nothing has to be changed")
        changed = replace(handling, retain_until_day=until)
        return perform(
            self.audit, "amend notice", lambda: self.ledger.revise(target, notice, changed), request=str(target)
        )

    def withdraw(self, name: str) -> RecordId | None:
        """Retracts a request of ours: the notice ends everywhere. None if the request was never sent. Raises
        `NotFound`, `Refused`.
        """
        target = self._target(name)
        self._standing(target)
        return perform(self.audit, "withdraw notice", lambda: self.ledger.retract(target), request=str(target))

    def _checked(self, notice: Notice) -> Notice:
        if not notice.reference.strip():
            raise Misuse("a notice needs its reference", remedy="give the number under which it is published")
        if notice.colour is NoticeColour.YELLOW and not notice.consent_day:
            raise Misuse(
                "a yellow notice needs the day on which the consent to publish was recorded",
                remedy="give it with --consent-day",
            )
        kept = self.ledger.shareable(tuple(dict.fromkeys(notice.fingerprints)))
        if not kept:
            raise Refused(
                "this notice has no fingerprint that may be shared",
                remedy="vigil fingerprint FILE shows the hashes of a file and the quality of its PDQ",
            )
        if len(kept) > MOST_FINGERPRINTS:
            raise Misuse(
                f"this notice has {len(kept)} fingerprints, and at most {MOST_FINGERPRINTS} fit",
                remedy="choose fewer photographs, or make a second notice with the same reference",
            )
        checked = replace(notice, fingerprints=kept)
        self.ledger.check(checked)
        return checked

    def _target(self, name: str) -> RecordId:
        """The newest version of our request of that name, a change that waits included."""
        with self.store.read() as tx:
            named = resolve(tx, name, self.own)
            if named.origin.member != self.own.member:
                raise Refused(
                    "this notice was requested by another member, and only that member can change it",
                    remedy="call the member, or the hub's operator",
                )
            if tx.find_pending(named.leaf) is not None:
                return named
            index = tx.find(named.origin, [named.leaf]).get(named.leaf)
            if index is None:
                raise NotFound("your own log has no such request", remedy="vigil notice list --mine shows them")
            view = request_view(tx, self.codec, named.origin, index)
            newest = named if view is None else view.request
            waiting = [each for each in tx.pending(self.own, ALL) if points_at(each) == newest]
        changes = [each for each in waiting if each.entry[1] in OWN_TARGET and each.entry[1] != Kind.RETRACTION]
        return RecordId(self.own, changes[-1].leaf) if changes else newest

    def _standing(self, target: RecordId) -> tuple[Notice, Handling]:
        """What a live request of ours says. Raises `NotFound`."""
        with self.store.read() as tx:
            pending = tx.find_pending(target.leaf)
            if pending is not None:
                notice, shown = self._pending_notice(pending), pending.disclosure
            else:
                index = tx.find(target.origin, [target.leaf]).get(target.leaf)
                found = None if index is None else disclosed(tx, (target.origin, index))
                chain = None if index is None else chain_at(tx, target.origin, index, target.leaf)
                if index is None or found is None or chain is None or chain.ended:
                    raise NotFound("this request has ended", remedy="vigil notice list --mine shows the others")
                notice, shown = self._read(tx, target, index, found.body), found
        if notice is None:
            raise NotFound("this is not a request for a notice", remedy="vigil notice list --mine shows them")
        return notice, self.codec.decode_handling(shown.handling)

    def _read(self, tx: LogReader, target: RecordId, index: int, body: bytes) -> Notice | None:
        said = self.codec.decode_body(tx.entry_at(target.origin, index)[0][1], body)
        return said if isinstance(said, Notice) else None
