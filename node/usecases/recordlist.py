"""The stored records as a list in pages, and single records in full.

Rules this module upholds:

- Every page gives the total and the start of the next page: no list is cut without notice.
- Our own records include those of every epoch. Acknowledged statements that wait for a place are listed after the log,
  because they may be shared at any moment.
- Local data on a record (its case, how far it has come) is shown only for our own records, and only here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from node.domain.batch import BodyState
from node.domain.consultations import Consultation
from node.domain.envelope import decode
from node.domain.ids import RecordId
from node.domain.record_links import RecordLink
from node.domain.statements import Contribution
from node.errors import Malformed
from node.usecases.catalogue import RecordView
from node.usecases.lookup import resolve
from node.usecases.publication import Publication
from node.usecases.record_versions import versions_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import LogState, PendingEntry
    from node.domain.ports import Codec
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.domain.verification import Verification
    from node.usecases.catalogue import Catalogue
    from node.usecases.record_versions import Version
    from node.usecases.verification import Verifier

_VERIFIABLE = (Contribution, RecordLink)
WAITS = -1
"""The index of a record without a place in its log yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A record, and the data that only its owner has. `cases`: of its holdings; `publication`: None for another
    member's record, which is published. `verification`: of a contribution or a link; None for anything else.
    `group_name`: of the group that it was shared with, "" if it is not known here. `versions`: its history, if one
    record is read.
    """

    view: RecordView
    cases: tuple[str, ...] = ()
    publication: Publication | None = None
    verification: Verification | None = None
    group_name: str = ""
    versions: Sequence[Version] = ()

    @property
    def group(self) -> RecordId | None:
        """The group that its author shared it with."""
        body = self.view.body
        return body.group if isinstance(body, Contribution | RecordLink | Consultation) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`total`: entries of all requested logs; `next`: the value of `after` for the next page, None at the end."""

    shown: Sequence[Shown]
    total: int
    next: int | None


class RecordList:
    """Blocking: never on the event loop. `own`: our log, of the newest epoch; `verifier` None: nothing is counted."""

    def __init__(
        self,
        *,
        store: NodeStore,
        catalogue: Catalogue,
        codec: Codec,
        own: Origin,
        verifier: Verifier | None = None,
    ) -> None:
        self._store = store
        self._verifier = verifier
        self._catalogue = catalogue
        self._codec = codec
        self._own = own

    def resolve(self, text: str) -> RecordId:
        """A record by its name, in full or by its first digits. Raises `Misuse`, `NotFound`, `Refused`, `Malformed`."""
        with self._store.read() as tx:
            return resolve(tx, text, self._own)

    def one(self, record: RecordId) -> Shown | None:
        """One record; None if it is not here."""
        with self._store.read() as tx:
            pending = tx.find_pending(record.leaf)
            log = tx.log(record.origin)
            if pending is not None and pending.origin == record.origin:
                return self._told(tx, self._waits(pending), log)
        view = self._catalogue.record(record)
        if view is None:
            return None
        with self._store.read() as tx:
            told = replace(self._told(tx, view, log), versions=versions_of(tx, record, view.index))
            return self._verified(tx, [told])[0]

    def page(self, *, member: MemberId | None = None, mine: bool = False, after: int = 0, limit: int = 100) -> Page:
        """At most `limit` records of each log, from position `after` on."""
        with self._store.read() as tx:
            waiting = tx.count_pending(self._own)
            logs = {log.origin: log for log in tx.logs() if log.origin.stream == "log"}
        lengths = {origin: log.size for origin, log in logs.items()}
        if waiting:
            lengths[self._own] = lengths.get(self._own, 0) + waiting
        wanted = [
            origin
            for origin in sorted(lengths)
            if (member is None or origin.member == member) and (not mine or origin.member == self._own.member)
        ]
        shown: list[Shown] = []
        for origin in wanted:
            shown += self._of_log(origin, logs.get(origin), after, limit)
        more = any(lengths[origin] > after + limit for origin in wanted)
        return Page(shown=shown, total=sum(lengths[origin] for origin in wanted), next=after + limit if more else None)

    def _of_log(self, origin: Origin, log: LogState | None, after: int, limit: int) -> list[Shown]:
        views = self._catalogue.records(origin, after=after, limit=limit)
        with self._store.read() as tx:
            if origin == self._own and len(views) < limit:
                behind = max(0, after - (log.size if log else 0))
                waiting = tx.pending(origin, behind + limit - len(views))[behind:]
                views = [*views, *(self._waits(each) for each in waiting)]
            return self._verified(tx, [self._told(tx, view, log) for view in views])

    def _verified(self, tx: NodeStoreReader, shown: list[Shown]) -> list[Shown]:
        """These records with what other members say of them; one count for all of them."""
        if self._verifier is None:
            return shown
        views = [each.view for each in shown if isinstance(each.view.body, _VERIFIABLE) and each.view.index != WAITS]
        known = self._verifier.at(tx, {(view.record.origin, view.index) for view in views})
        return [replace(each, verification=known.get((each.view.record.origin, each.view.index))) for each in shown]

    def _waits(self, pending: PendingEntry) -> RecordView:
        """An acknowledged statement without a place yet."""
        record = RecordId(pending.origin, pending.leaf)
        envelope = decode(pending.entry)
        bare = RecordView(record=record, index=WAITS, kind=0, state=BodyState.HELD)
        if envelope is None:
            return bare
        try:
            body = self._codec.decode_body(envelope.kind, pending.disclosure.body)
            handling = self._codec.decode_handling(pending.disclosure.handling)
        except Malformed as error:  # damaged since it was written: fsck names it
            return replace(bare, fault=f"it is malformed: {error}")
        return replace(
            bare,
            kind=envelope.kind,
            issued_day=envelope.issued_day,
            expiry_day=envelope.expiry_day,
            open=envelope.open,
            target=envelope.target,
            body=body,
            handling=handling,
        )

    def _told(self, tx: NodeStoreReader, view: RecordView, log: LogState | None) -> Shown:
        if view.record.origin.member != self._own.member:
            return Shown(view=view)
        held = tx.holdings_of_record(view.record)
        cases = sorted({case for holding in held for case in holding.cases})
        publication = Publication.SIGNED
        if view.index == WAITS:
            publication = Publication.QUEUED
        elif log is not None and view.index < log.cosigned_size:
            publication = Publication.PUBLISHED
        return Shown(view=view, cases=tuple(cases), publication=publication)
