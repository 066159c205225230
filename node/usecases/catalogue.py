"""The catalogue: keeps store and search index in step, and shows records as a person reads them.

Rules this module upholds:

- The store is the truth. The index follows every durable change, in the order of the changes, before the next begins
  (`node.usecases.index_sync`).
- Whoever writes or purges bodies, or adds holdings, does so inside `Catalogue.change`. A crash between commit and index
  update loses nothing: at the start the index catches up with the store.
- When `change` has ended, purged data is in no index and in no journal of the database.
- Stored hits and filed listings follow in the same transaction: none outlives the body that it is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from node.domain.batch import BodyState
from node.domain.envelope import decode
from node.domain.handling import Handling
from node.domain.ids import Origin, RecordId
from node.domain.index_ports import IndexFiles
from node.domain.log_ports import Chain, LogReader, StoredRun
from node.domain.ports import Codec
from node.domain.search_ports import SearchIndex
from node.domain.statements import Body
from node.domain.stores import NodeStore
from node.errors import Damaged, Malformed
from node.usecases.arrival_alerts import ArrivalAlerts
from node.usecases.change import Change
from node.usecases.fsck import Report
from node.usecases.index_sync import READ_BYTES, Following, Progress, silent
from node.usecases.listing_filing import ensure_filed, file_change
from node.usecases.log_catalogue import LogCatalogue
from node.usecases.purging import REMARKS, chain_at, leaf_at
from node.usecases.search_scope import View, Views

NO_REASON: Final = "set aside; its log has more such entries than reasons are kept of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a member said about a record, as the record `record` of its own log. `body` is None if this node does not
    hold it, or if `fault` says why the stored body cannot be read. `about`: the version that it was said of; `earlier`:
    whether its owner has corrected that version since.
    """

    record: RecordId
    kind: int
    body: Body | None
    about: RecordId
    earlier: bool
    fault: str = ""

    @property
    def speaker(self) -> Origin:
        """The log in which it was said."""
        return self.record.origin


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """A record as it is stored here. `kind` 0 and a `body` of None: not understood, or not stored (`state` says why).

    `index` is its place in the log; `replaced`: whether its owner corrected or retracted it; `newest`: the version that
    replaces it, None if there is none; `reason`: why it was set aside. `fault`: what is wrong with a stored body or
    handling that no correct program writes. `said`: how many remarks there are about any version of the record, given
    with its newest version; `remarks`: their content, if one record is read.
    """

    record: RecordId
    index: int
    kind: int
    state: BodyState
    issued_day: int = 0
    expiry_day: int = 0
    open: bool = False
    target: RecordId | None = None
    body: Body | None = None
    handling: Handling | None = None
    replaced: bool = False
    newest: RecordId | None = None
    reason: str = ""
    said: int = 0
    remarks: tuple[Remark, ...] = ()
    fault: str = ""


class Catalogue(LogCatalogue):
    """Safe to use from any thread. `index` is None where nothing is searched; `files` store it, if present.

    `unasked`: is told how many decisions in a log of the hub published what no member asked for.
    `alerting`: raises alerts about what arrives.
    """

    _store: NodeStore

    def __init__(
        self,
        *,
        store: NodeStore,
        index: SearchIndex | None,
        codec: Codec,
        files: IndexFiles | None = None,
        alerting: ArrivalAlerts | None = None,
        unasked: Callable[[str, int], None] = lambda _log, _notices: None,
    ) -> None:
        following = None if index is None else Following(store=store, index=index, codec=codec, files=files)
        super().__init__(store=store, codec=codec, in_step=None if following is None else following.lock)
        self._following = following
        self._alerting = alerting
        self._views = Views(store)
        self._unasked = unasked

    def view(self) -> View:
        """The state of the data that an answer is given from. Blocking if something has changed."""
        return self._views.current()

    @contextmanager
    def change(self) -> Iterator[Change]:
        """As in `LogCatalogue`. When the block ends without an error, it is also in the index."""
        with self._change() as change:
            yield change
        if change.owes:
            self.pay()

    @contextmanager
    def _change(self) -> Iterator[Change]:
        following, last = self._following, 0
        with self._in_step:
            try:
                with self._store.write() as writer:
                    change = Change(writer=writer, codec=self._codec, alerting=self._alerting)
                    yield change
                    file_change(change)
                    ended = 0 if following is None else change.keep_hits_in_step()
                    # Set before the transaction ends: a commit that is reported as failed may still stand.
                    self._owes_scrub |= change.deleted or bool(ended)
                    if following is not None:
                        last = following.note(writer, change.behind)
            except BaseException:
                if following is not None:
                    following.doubt()
                raise
            finally:
                self._views.changed()
            # Durable from here on. A crash right here leaves the index behind; at the next start it catches up.
            if following is not None:
                following.follow(change.applied, change.filled, change.held, change.removed, last, listed=change.listed)
            self.settle()
        # A crash right here loses the alarm; the reason stays with the entries that were set aside.
        for log, notices in Counter(str(origin) for origin, _ in change.unasked).items():
            self._unasked(log, notices)

    def settle(self) -> None:
        """As in `LogCatalogue`, and overwrites deleted rows in the index."""
        with self._in_step:
            if self._following is not None:
                self._following.settle()
            super().settle()

    def start(self, progress: Progress = silent) -> None:
        """Opens the stored index, or builds it from the store; `progress(done, total)`. At every start."""
        if self._following is not None:
            self._following.start(progress)
        with self._in_step:
            ensure_filed(self._store, self._codec)
        self.pay()
        self.read_later()

    def rebuild(self, progress: Progress = silent) -> None:
        """The index in memory, rebuilt from the store; `progress(done, total)` in entries and holdings."""
        if self._following is not None:
            self._following.refill(progress)

    def check_index(self) -> Report | None:
        """What `fsck` reports about the index; None if there is none."""
        return None if self._following is None else self._following.check()

    def tend(self) -> None:
        """Checks and renews the index files as needed. For a periodic job."""
        if self._following is not None:
            self._following.tend()

    def keep(self, progress: Progress = silent) -> None:
        """Rebuilds the index files now."""
        if self._following is not None:
            self._following.keep(progress)

    # --- records as a person reads them -----------------------------------------------------------------------------

    def record(self, record: RecordId) -> RecordView | None:
        """One record with what was said about it; None if it is not in a log here."""
        with self._store.read() as reader:
            index = reader.find(record.origin, [record.leaf]).get(record.leaf)
            if index is None:
                return None
            run = reader.run(record.origin, index, index + 1, 0)
            view = self._view(reader, record, index, run, 0)
            return replace(view, remarks=self._remarks(reader, record, index))

    def records(self, origin: Origin, *, after: int = 0, limit: int = 100) -> list[RecordView]:
        """The records of a log from index `after` on."""
        views: list[RecordView] = []
        with self._store.read() as reader:
            log = reader.log(origin)
            end = min(after + limit, log.size if log else 0)
            while after < end:
                try:
                    run = reader.run(origin, after, end, READ_BYTES)
                except Damaged:
                    return views + [self._alone(reader, origin, index) for index in range(after, end)]
                for at in range(len(run.entries)):
                    record = RecordId(origin, leaf_at(reader, origin, after + at))
                    views.append(self._view(reader, record, after + at, run, at))
                after += len(run.entries)
        return views

    def _alone(self, reader: LogReader, origin: Origin, index: int) -> RecordView:
        """One record of a run in which some are damaged; a damaged one is shown as damaged."""
        record = RecordId(origin, leaf_at(reader, origin, index))
        try:
            return self._view(reader, record, index, reader.run(origin, index, index + 1, 0), 0)
        except Damaged as error:
            return RecordView(record=record, index=index, kind=0, state=BodyState.HELD, fault=f"{error}: run fsck")

    def _view(self, reader: LogReader, record: RecordId, index: int, run: StoredRun, at: int) -> RecordView:
        state = BodyState(run.states[at])
        aside = state is BodyState.QUARANTINED
        reasons = {index: NO_REASON} if aside else {}
        reasons |= reader.quarantined(record.origin, index, index + 1) if aside else ()
        try:
            envelope = decode(run.entries[at])
        except Malformed:
            envelope = None
        if envelope is None:
            return RecordView(record=record, index=index, kind=0, state=state, reason=reasons.get(index, ""))
        body, fault = self._body(envelope.kind, run, at)
        handling, misread = self._handling(run, at)
        chain = chain_at(reader, record.origin, index, record.leaf)
        newer = chain.head != (record.origin, index)
        counts = newer and state is not BodyState.QUARANTINED
        return RecordView(
            record=record,
            index=index,
            kind=envelope.kind,
            state=state,
            issued_day=envelope.issued_day,
            expiry_day=envelope.expiry_day,
            open=envelope.open,
            target=envelope.target,
            body=body,
            handling=handling,
            fault=fault or misread,
            replaced=chain.ended or counts,
            newest=_newest(reader, chain) if counts and not chain.ended else None,
            reason=reasons.get(index, ""),
            said=0 if newer else len(reader.linked(chain.root, REMARKS)),
        )

    def _body(self, kind: int, run: StoredRun, at: int) -> tuple[Body | None, str]:
        """(The content of a body, None if it is not stored or not readable; what is wrong with a stored one)."""
        if run.states[at] != BodyState.HELD:
            return None, ""
        try:
            return self._codec.decode_body(kind, run.bodies[at]), ""
        except Malformed as error:
            return None, f"its body is malformed: {error}"

    def _handling(self, run: StoredRun, at: int) -> tuple[Handling | None, str]:
        """The same of a handling."""
        if run.states[at] != BodyState.HELD:
            return None, ""
        try:
            return self._codec.decode_handling(run.handlings[at]), ""
        except Malformed as error:
            return None, f"its handling is malformed: {error}"

    def _remarks(self, reader: LogReader, record: RecordId, index: int) -> tuple[Remark, ...]:
        """What was said of any version of a record, those of the earliest version first."""
        chain = chain_at(reader, record.origin, index, record.leaf)
        newest = _newest(reader, chain)
        remarks = []
        for link in reader.linked(chain.root, REMARKS):
            run = reader.run(link.origin, link.index, link.index + 1, 0)
            envelope = decode(run.entries[0])
            about = envelope.target if envelope and envelope.target else chain.root
            body, fault = self._body(link.kind, run, 0)
            remarks.append(
                Remark(
                    record=RecordId(link.origin, leaf_at(reader, link.origin, link.index)),
                    kind=link.kind,
                    body=body,
                    about=about,
                    earlier=about != newest,
                    fault=fault,
                )
            )
        return tuple(remarks)


def _newest(reader: LogReader, chain: Chain) -> RecordId:
    """The newest version of the record that a chain belongs to."""
    return RecordId(chain.head[0], leaf_at(reader, *chain.head)) if chain.head else chain.root
