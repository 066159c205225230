"""Matches arriving records against the holdings: every record of other members, in the order of its log.

Rules this module upholds:

- No pair of a holding and a record is missed. A holding is searched for after it is in the index, and a record after it
  is in the store. Store and index change together, one change at a time (`usecases.catalogue`). One of the two always
  comes later, and its search finds the other. If a crash prevents a search, the store has a note of it, and the search
  is done here.
- The stored hits are those that `vigil match` of the holding finds: arriving fingerprints only propose candidates
  (`SearchIndex.concerned`), and each candidate holding is then searched for among the arrivals. Beyond the radius,
  where videos are near only in the wide radius, a sample of the arriving frames proposes.
- The cost follows the smaller side: few holdings are searched for among many records, and few records propose among
  many holdings.
- The local watches of officers are matched against the same records (`local_watches`).
- The progress of each log is stored together with its hits. Interrupted work is done again.
- A log with damaged data stays at its position, and the others continue.
- Memory is bounded: one run of a log at a time, in pieces. Between pieces the caller may rest or stop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import numpy as np

from node.domain.envelope import decode
from node.domain.fingerprint_kinds import PDQ_QUALITY_FLOOR
from node.domain.matchable import matchable_columns
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.stored_hits import MAX_OF_RECORD
from node.errors import Damaged
from node.usecases.arriving_columns import of_rows, pieces
from node.usecases.casework import holding_subject
from node.usecases.hit_list import behind
from node.usecases.index_sync import READ_BYTES
from node.usecases.stored_hits import Done

if TYPE_CHECKING:
    from node.domain.batch import FingerprintColumns
    from node.domain.holdings import Holding
    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import LogState
    from node.domain.ports import Codec
    from node.domain.search_ports import SearchIndex
    from node.domain.stored_hits import FoundHit
    from node.domain.stores import NodeStore
    from node.usecases.local_watches import LocalWatches
    from node.usecases.matching import Matcher
    from node.usecases.stored_hits import StoredHits

ROWS_AT_ONCE: Final = 256
"""How many arriving records are matched in one piece: against a million holdings, this takes a tenth of a second."""
PAIRS_AT_ONCE: Final = 1 << 18
"""How many pairs of a holding and a record are searched together; each may become a hit."""
KEPT_AT_ONCE: Final = 2_000
"""How many hits one transaction writes: a tenth of a second."""
HOLDINGS_AT_ONCE: Final = 256
"""How many holdings, or waiting rows, are read together."""
_RULES: Final = "arrivals-rules"
"""The setting that stores the rules by which records were matched."""

Pace = Callable[[], bool]
"""Called between two pieces of work. Rests if needed; returns False to stop."""


class Ended(Exception):
    """The work was stopped between two pieces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Records of one log: `number` and `origin` of the log, `rows` their positions, one kind and one body each."""

    number: int
    origin: Origin
    rows: Sequence[int]
    kinds: bytes
    bodies: Sequence[bytes]


class Arrivals:
    """For one thread at a time, blocking. `radius` gives the policy's radius in bits. `watches`: matched against the
    same records; None if nobody watches.
    """

    def __init__(
        self,
        *,
        store: NodeStore,
        index: SearchIndex,
        codec: Codec,
        matcher: Matcher,
        hits: StoredHits,
        own: MemberId,
        radius: Callable[[], int],
        watches: LocalWatches | None = None,
    ) -> None:
        self._store = store
        self._index = index
        self._codec = codec
        self._matcher = matcher
        self._hits = hits
        self._own = own
        self._radius = radius
        self._watches = watches
        self._stuck: dict[int, str] = {}

    @property
    def trouble(self) -> str:
        """Which logs are stopped, and why; "" if none is. They are tried again at the next start. So are local watches
        that cannot be read.
        """
        watches = self._watches.trouble if self._watches is not None else ""
        return "; ".join([*self._stuck.values(), *([watches] if watches else [])])

    def behind(self) -> int:
        """How many records of others, and waiting rows, are not matched yet."""
        with self._store.read() as tx:
            return behind(tx, self._own)

    def step(self, pace: Pace) -> bool:
        """Matches one run of records, or some waiting rows; False if nothing is left to do, or `pace` stopped it."""
        self._mind_rules()
        try:
            return self._step(pace)
        except Ended:
            return False

    def _step(self, pace: Pace) -> bool:
        with self._store.read() as tx:
            waiting = self._hits.left_over(tx.waiting(HOLDINGS_AT_ONCE))
            matched, held = tx.matched(), sum(tx.holding_levels().values())
            logs = [log for log in tx.logs() if log.origin.stream == "log" and log.origin.member != self._own]
        if waiting:
            self._apart(waiting, held, pace)
            return True
        left = [(log.size - matched.get(log.number, 0), log) for log in logs]
        left = [each for each in left if each[0] > 0 and each[1].number not in self._stuck]
        if not left:
            return False
        if not held and not (self._watches is not None and self._watches.is_live()):
            # A holding or a watch that comes after this line finds these records in the index.
            self._hits.keep((), Done(sizes={log.number: log.size for _, log in left}))
            return False
        # The smallest first: today's records do not wait for a log that is read from its beginning.
        _, log = min(left, key=lambda each: (each[0], each[1].number))
        try:
            self._in_order(log, matched.get(log.number, 0), held, pace)
        except Damaged as error:
            self._stuck[log.number] = f"{log.origin}: {error}"
        return True

    def _mind_rules(self) -> None:
        """If the radius, the quality floor or an algorithm has changed, everything is matched again."""
        versions = ",".join(f"{name}:{version}" for name, version in sorted(self._index.versions().items()))
        rules = f"{self._radius()};{versions}".encode()
        rules += b"" if self._matcher.floor == PDQ_QUALITY_FLOOR else f";floor:{self._matcher.floor}".encode()
        with self._store.read() as tx:
            before = tx.setting(_RULES)
        if before != rules:
            with self._store.write() as tx:
                if before:
                    tx.forget_matched()
                tx.set_setting(_RULES, rules)

    # --- what is to be matched ----------------------------------------------------------------------------------------

    def _in_order(self, log: LogState, start: int, held: int, pace: Pace) -> None:
        """The next run of a log."""
        with self._store.read() as tx:
            run = tx.run(log.origin, start, log.size, READ_BYTES)
        rows = range(start, start + len(run.entries))
        kinds = bytes(map(itemgetter(1), run.entries))
        one = _Run(number=log.number, origin=log.origin, rows=rows, kinds=kinds, bodies=run.bodies)
        self._match(one, held, pace, Done(sizes={log.number: rows.stop}))

    def _apart(self, waiting: Sequence[tuple[int, int]], held: int, pace: Pace) -> None:
        """Holdings that were not searched for, and records whose body came after their log was matched."""
        by_source: defaultdict[int, list[int]] = defaultdict(list)
        for source, row in waiting:
            by_source[source].append(row)
        with self._store.read() as tx:
            logs = {log.number: log for log in tx.logs() if log.origin.member != self._own}
        for source, rows in by_source.items():
            done = Done(rows=[(source, row) for row in rows])
            if source == HOLDINGS_SOURCE:
                self._sought(rows, self._index, pace)
                self._hits.keep((), done)
            elif source in logs:
                self._match(self._late(logs[source], rows), held, pace, done)
            else:
                self._hits.keep((), done)

    def _late(self, log: LogState, rows: Sequence[int]) -> _Run:
        with self._store.read() as tx:
            there = tx.held_at(log.origin, rows)
        read = {row: decode(entry) for row, (entry, _) in there.items()}
        return _Run(
            number=log.number,
            origin=log.origin,
            rows=sorted(there),
            kinds=bytes(envelope.kind if (envelope := read[row]) else 0 for row in sorted(there)),
            bodies=[there[row][1] for row in sorted(there)],
        )

    # --- matching -----------------------------------------------------------------------------------------------------

    def _match(self, run: _Run, held: int, pace: Pace, done: Done) -> None:
        """Matches a run against all holdings, and last stores that it did."""
        decoded = self._codec.decode_bodies(run.rows, run.kinds, run.bodies)
        columns = matchable_columns(decoded.fingerprints, self._index.floor)
        left_out: dict[tuple[int, int], int] = {}
        if not any(len(each.rows) for each in columns.columns):
            pass  # retractions, remarks, bodies that are not here
        elif held <= len(run.rows):
            among = self._beside(run.number, columns)
            per_page = max(1, PAIRS_AT_ONCE // max(len(run.rows), 1))
            for page in self._holdings(per_page):
                self._seek(page, among, pace)
        else:
            for piece in pieces(columns, run.rows, ROWS_AT_ONCE):
                found = self._index.concerned(piece, self._radius(), HOLDINGS_SOURCE, MAX_OF_RECORD)
                left_out |= {(run.number, row): number for row, number in found.left_out.items()}
                if len(found.pairs):
                    some = of_rows(piece, found.pairs[:, 0])
                    self._sought(np.unique(found.pairs[:, 1]).tolist(), self._beside(run.number, some), pace)
                _rest(pace)
        if self._watches is not None:
            self._watches.match(run.number, columns)
        self._hits.keep((), Done(rows=done.rows, sizes=done.sizes, left_out=left_out))

    def _beside(self, number: int, columns: FingerprintColumns) -> SearchIndex:
        """An index of these records alone."""
        beside = self._index.beside()
        beside.add(number, columns)
        return beside

    def _holdings(self, per_page: int) -> Iterator[list[Holding]]:
        after = 0
        while True:
            with self._store.read() as tx:
                page = tx.holdings(after=after, limit=min(per_page, HOLDINGS_AT_ONCE))
            if not page:
                return
            after = page[-1].id
            yield page

    def _sought(self, holdings: Sequence[int], among: SearchIndex, pace: Pace) -> None:
        """Searches for these holdings in an index; stores the hits."""
        for start in range(0, len(holdings), HOLDINGS_AT_ONCE):
            with self._store.read() as tx:
                there = tx.holdings_by_id(holdings[start : start + HOLDINGS_AT_ONCE])
            self._seek(list(there.values()), among, pace)

    def _seek(self, holdings: Sequence[Holding], among: SearchIndex, pace: Pace) -> None:
        found: list[FoundHit] = []
        crowds: dict[tuple[int, MemberId], int] = {}
        if holdings:
            subjects = [holding_subject(holding) for holding in holdings]
            ids = [holding.id for holding in holdings]
            search = self._matcher.against(among).local(subjects, self._radius(), own_rows=ids, show_all=True)
            found, crowds = self._hits.found(ids, search.hits), self._hits.crowds(ids, search)
        # One transaction at a time, so that a retraction waits for at most one. The first also stores the number of
        # hits left out: a crash right after it counts them twice, and that number is only approximate.
        for start in range(0, len(found), KEPT_AT_ONCE):
            done = Done(crowds={} if start else crowds, arrived=among is not self._index)
            self._hits.keep(found[start : start + KEPT_AT_ONCE], done)
        _rest(pace)


def _rest(pace: Pace) -> None:
    if not pace():
        raise Ended
