"""The search index follows the store: at the start, after every change, and into its files.

Rules this module upholds:

- The store is the truth. A stored index is used if it belongs to this store's history and is not ahead of it; if not,
  it is built again. Before the first search, missing rows are read from the store, and rows purged meanwhile are
  removed.
- The index applies changes in order, under one lock. After an error in a change, it is compared with the store before
  the next change.
- A change to rows that the index has is noted in the store until the index files on disk include it. A crash between
  the transaction and the overwriting leaves the note, and the next start overwrites.
- A rebuild runs beside the index in use: searches find no less meanwhile.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import SHA256
from node.domain.index_ports import IndexingWriter, IndexMark, StoreLine
from node.domain.lists import LIST_SOURCES, ListReader
from node.domain.log_ports import LogState
from node.domain.matchable import matchable_columns
from node.domain.ports import Codec
from node.domain.search_ports import HOLDINGS_SOURCE, SearchIndex
from node.domain.stores import NodeStore, NodeStoreReader
from node.domain.turns import TurnLock
from node.errors import Damaged, Misuse, StoreError
from node.usecases.index_check import check_index

if TYPE_CHECKING:
    from node.domain.batch import FingerprintColumns
    from node.domain.index_ports import IndexFiles
    from node.usecases.applying_runs import Applied
    from node.usecases.fsck import Report

Progress = Callable[[int, int], None]

READ_BYTES: Final = 4 << 20
"""Bytes of entries and bodies that are decoded at a time."""
READ_HOLDINGS: Final = 10_000
"""Holdings that are read at a time."""
SCRUB_BYTES: Final = 128 << 20
"""Bytes of the stored index that one round of `tend` checks: 60 milliseconds of one processor."""
_log = logging.getLogger(__name__)


def silent(_done: int, _total: int) -> None:
    """A `Progress` that reports nothing."""


class Following:
    """Safe to use from any thread. `files` None: the index is in memory only, and is filled at every start.

    `lock`: held by whoever changes bodies, from the transaction to the end of the index update; call `follow`, `note`
    and `settle` under it.
    """

    def __init__(self, *, store: NodeStore, index: SearchIndex, codec: Codec, files: IndexFiles | None) -> None:
        self._store = store
        self._index = index
        self._codec = codec
        self._files = files
        self.lock = TurnLock()
        self._keeping = threading.Lock()
        self._reach: dict[int, int] = {}  # for each source: the index has every row below, as far as the store holds it
        self._last = 0  # the number of the last change that the index has applied
        self._kept = False  # whether there are files that may be behind a change
        self._doubtful = False
        self._owes_sync = False

    # --- start --------------------------------------------------------------------------------------------------------

    def start(self, progress: Progress = silent) -> None:
        """Opens the stored index and catches up with the store, or fills the index from it; writes it to disk if
        needed.

        `progress(done, total)` in entries and holdings, then in the parts of the files that are written.
        """
        with self.lock, self._store.read() as reader:
            line = reader.line()
            opened = self._files.open() if self._files else None
            if self._files and opened and not _fits(reader, line, *opened):
                _log.warning("the stored index does not match the database; Vigil rebuilds it")
                self._index.clear()
                self._files.discard()
                opened = None
            mark, erased = opened or (_nothing(line), line.changes)
            self._kept = opened is not None
            self._catch_up(reader, mark, erased, self._index, progress)
            self._owes_sync = self._kept and erased < line.changes
            try:
                self.settle()
            except StoreError as error:
                # Pending for the next change: a full disk must not lock out the user who comes to make room.
                _log.warning("removed data is not overwritten on the disk yet: %s", error)
        if self._files and self._files.waiting:
            self.keep(progress)

    def refill(self, progress: Progress = silent) -> None:
        """The index in memory, rebuilt from the store. Raises `Misuse` for an index in files, which may be writing a
        generation.
        """
        if self._files is not None:
            raise Misuse("an index in files is rebuilt by its folder")
        with self.lock, self._store.read() as reader:
            self._index.clear()
            self._kept = False
            line = reader.line()
            self._catch_up(reader, _nothing(line), line.changes, self._index, progress)

    def _catch_up(
        self, reader: NodeStoreReader, mark: IndexMark, erased: int, index: SearchIndex, progress: Progress
    ) -> None:
        """Brings an index from `mark`, with removals up to change `erased` overwritten, to the state of the store."""
        logs = {log.number: log for log in reader.logs() if log.origin.stream == "log"}
        self._take_back(reader, mark, erased, index, logs)
        reach = dict(mark.sources)
        holdings = reader.last_holding() + 1
        fresh = holdings - max(reach.get(HOLDINGS_SOURCE, 0), 1)
        if HOLDINGS_SOURCE not in reach:
            fresh = sum(reader.holding_levels().values())
        done, total = 0, fresh + sum(log.size - reach.get(log.number, 0) for log in logs.values())
        for log in logs.values():
            at = reach.get(log.number, 0)
            while at < log.size:
                run = reader.run(log.origin, at, log.size, READ_BYTES)
                self._decode(index, log.number, at, bytes(map(itemgetter(1), run.entries)), run.bodies)
                at, done = at + len(run.entries), done + len(run.entries)
                progress(done, total)
            reach[log.number] = at
        after = max(reach.get(HOLDINGS_SOURCE, 0) - 1, 0)
        while columns := reader.holding_columns(after, READ_HOLDINGS):
            index.add(HOLDINGS_SOURCE, matchable_columns(columns, index.floor))
            rows = next(each.rows for each in columns.columns if each.code == SHA256.code)
            after, done = int(rows[-1]), done + len(rows)
            progress(done, total)
        reach[HOLDINGS_SOURCE] = holdings
        self._add_lists(reader, index, reach)
        self._reach, self._last = reach, reader.line().changes
        self._doubtful = False

    @staticmethod
    def _add_lists(reader: ListReader, index: SearchIndex, reach: dict[int, int]) -> None:
        """Adds the rows of lists that the index lacks. What is not searched yet is in it too: it is no hit."""
        end = reader.last_list_row() + 1
        for each in reader.lists():
            after = max(reach.get(each.source, 0) - 1, 0)
            while page := reader.list_columns(each.number, after, READ_HOLDINGS):
                columns, after, _ = page
                index.add(each.source, matchable_columns(columns, index.floor))
            reach[each.source] = end

    def _take_back(
        self,
        reader: NodeStoreReader,
        mark: IndexMark,
        erased: int,
        index: SearchIndex,
        logs: Mapping[int, LogState],
    ) -> None:
        """Applies the noted changes of rows below the mark."""
        overwrite: dict[int, list[int]] = {}
        uncount: dict[int, list[int]] = {}
        for change in reader.changes():
            if change.number <= mark.changes or change.row >= mark.sources.get(change.source, 0):
                continue
            if not change.filled:
                (overwrite if change.number > erased else uncount).setdefault(change.source, []).append(change.row)
            elif change.source in logs:
                run = reader.run(logs[change.source].origin, change.row, change.row + 1, 0)
                kinds = bytes(map(itemgetter(1), run.entries))
                self._decode(index, change.source, change.row, kinds, run.bodies)
        for source, rows in uncount.items():
            if self._files:
                self._files.uncount(source, rows)
        for source, rows in overwrite.items():
            index.remove(source, rows)

    def _decode(self, index: SearchIndex, number: int, start: int, kinds: bytes, bodies: Sequence[bytes]) -> None:
        decoded = self._codec.decode_bodies(range(start, start + len(bodies)), kinds, bodies)
        index.add(number, matchable_columns(decoded.fingerprints, index.floor))

    def check(self) -> Report:
        """Whether the index finds what the store has (`index_check`)."""
        return check_index(self._store, self._index, self._codec, self.lock)

    # --- every change -------------------------------------------------------------------------------------------------

    def note(self, writer: IndexingWriter, rows: Sequence[tuple[int, int, bool]]) -> int:
        """Notes (source, row, filled) in the transaction that changes them; returns the number of the last change."""
        if not rows:
            return self._last
        if not self._kept:
            writer.forget_changes(self._last)
        return writer.note_changes(rows)

    def doubt(self) -> None:
        """A transaction failed, or seemed to: before the next change the index is compared with the store."""
        self._doubtful = True

    def follow(
        self,
        applied: Sequence[Applied],
        filled: Sequence[tuple[int, int, int, bytes]],
        held: Sequence[FingerprintColumns],
        removed: Sequence[Mapping[int, Sequence[int]]],
        last: int,
        *,
        listed: Sequence[tuple[int, FingerprintColumns]] = (),
    ) -> None:
        """Applies one durable change, noted up to number `last`."""
        if self._doubtful:
            self._compare()
            return
        self._doubtful = True  # until it is done
        index = self._index
        for done in applied:
            batch = done.batch
            self._decode(index, done.number, batch.start, batch.kinds, batch.bodies)
            self._reach[done.number] = max(self._reach.get(done.number, 0), batch.size)
            for source, rows in done.removed.items():
                index.remove(source, rows)
        for number in {each[0] for each in filled}:
            rows, kinds, bodies = zip(*(each[1:] for each in filled if each[0] == number), strict=True)
            decoded = self._codec.decode_bodies(rows, bytes(kinds), bodies)
            index.add(number, matchable_columns(decoded.fingerprints, index.floor))
        for columns in held:
            index.add(HOLDINGS_SOURCE, matchable_columns(columns, index.floor))
            newest = max(int(each.rows.max()) for each in columns.columns)
            self._reach[HOLDINGS_SOURCE] = max(self._reach.get(HOLDINGS_SOURCE, 0), newest + 1)
        for source, columns in listed:
            index.add(source, matchable_columns(columns, index.floor))
            newest = max((int(each.rows.max()) for each in columns.columns), default=-1)
            self._reach[source] = max(self._reach.get(source, 0), newest + 1)
        for gone in removed:
            for source, rows in gone.items():
                index.remove(source, rows)
        self._owes_sync |= last > self._last
        self._last, self._doubtful = last, False

    def _compare(self) -> None:
        """Adds rows that the store has and the index lacks, if the index may be incomplete."""
        if not self._doubtful:
            return
        with self._store.read() as reader:
            line = reader.line()
            mark = IndexMark(store=line.identity, changes=self._last, sources=dict(self._reach))
            self._owes_sync |= line.changes > self._last
            self._catch_up(reader, mark, self._last, self._index, silent)

    def settle(self) -> None:
        """Makes overwritten data durable. Raises `StoreError`; the work stays pending then."""
        self._compare()
        if self._owes_sync and self._files is not None:
            self._files.sync(self._last)
        self._owes_sync = False

    # --- the files ----------------------------------------------------------------------------------------------------

    def keep(self, progress: Progress = silent) -> None:
        """Writes the next generation of the files; searches and changes continue meanwhile.

        If writing fails, the index continues in memory; a crash leaves the previous generation.
        """
        files = self._files
        if files is None:
            return
        with self._keeping:
            kept = self._kept
            try:
                with self.lock:
                    self._compare()
                    with self._store.read() as reader:
                        line = reader.line()
                    mark = IndexMark(store=line.identity, changes=self._last, sources=dict(self._reach))
                    files.freeze(mark)
                    self._kept = True
                files.build(progress)
                with self.lock:
                    self._compare()
                    self._kept = files.publish(self._last)
                    if not self._kept:
                        return
            except StoreError:
                # Logged, and reported by `IndexFiles.trouble`: a full disk stops only the writing of index files.
                files.abandon()
                self._kept = kept
                return
            except BaseException:
                files.abandon()
                self._kept = kept
                raise
            # A crash right here leaves notes of changes that the files already have; applying them again changes
            # nothing. A full disk has the same effect: the next generation deletes the notes.
            with suppress(StoreError), self._store.write() as writer:
                writer.forget_changes(mark.changes)

    def tend(self) -> None:
        """Periodic work: checks some more of the files, and rebuilds them if needed."""
        files = self._files
        if files is None:
            return
        try:
            files.scrub(SCRUB_BYTES)
        except Damaged as error:
            _log.warning("Vigil rebuilds the stored index: %s", error)
            self._renew(files)
        if files.waiting:
            self.keep()

    def _renew(self, files: IndexFiles) -> None:
        """Rebuilds the index from the store beside the one in use; then replaces it."""
        with self._keeping, self.lock, self._store.read() as reader:
            fresh, line = files.rebuilt(), reader.line()
            self._catch_up(reader, _nothing(line), line.changes, fresh, silent)
            files.adopt(fresh)
            self._kept = False


def _nothing(line: StoreLine) -> IndexMark:
    """The mark of an empty index: the store already contains every noted change."""
    return IndexMark(store=line.identity, changes=line.changes, sources={})


def _fits(reader: NodeStoreReader, line: StoreLine, mark: IndexMark, erased: int) -> bool:
    """Whether an index can be brought to the state of the store.

    1. It belongs to this store's history. 2. It has applied every change whose note is deleted, and no change that the
    store does not know. 3. It has no row that the store lacks.
    """
    sizes = {log.number: log.size for log in reader.logs() if log.origin.stream == "log"}
    sizes[HOLDINGS_SOURCE] = reader.last_holding() + 1
    rows = reader.last_list_row() + 1
    return (
        mark.store == line.identity
        and line.forgotten <= mark.changes <= erased <= line.changes
        and all(
            stop <= (rows if source >= LIST_SOURCES else sizes.get(source, -1)) for source, stop in mark.sources.items()
        )
    )
