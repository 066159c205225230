"""Matches what this node takes in against the watches that it keeps, and tells their authors, once.

Rules this module upholds:

- What arrives proposes watches (`watched_index`), and each of them is searched for among the arrivals as a query is:
  levels, handling and disclosure are those of an answer (`disclosing`). National holdings never answer.
- All holdings at hit/no-hit level are one hit, told once per watch. A shared record is told once per watch.
- A hit that would tell the author more about one holding than the policy allows waits for an officer here. The author
  is told nothing then, because it does not know that anything arrived.
- A row waits until all that it caused is durable. After a crash it is matched again, and what was told is not told
  again.
- Work is in pieces; between them the caller may rest or stop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.batch import FingerprintColumns, column
from node.domain.fingerprint_kinds import KIND_BY_CODE
from node.domain.kept_watches import KeptWatch, Told, WatchStanding
from node.domain.lists import LIST_SOURCES, ListState
from node.domain.matchable import matchable_columns
from node.domain.queries import Level
from node.domain.roster import MemberStatus
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.watches import MOST_HITS, WatchState
from node.usecases.arriving_columns import of_rows
from node.usecases.present_watches import Awaited
from node.usecases.search_terms import matchable
from node.usecases.watch_terms import TOO_BROAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from node.domain.holdings import Holding
    from node.domain.lists import ReferenceList
    from node.domain.queries import Hit
    from node.domain.search_ports import SearchIndex
    from node.domain.stores import NodeStoreReader, NodeStoreWriter
    from node.domain.watches import Watch
    from node.usecases.matching import Found
    from node.usecases.neighbourhood import Verdict
    from node.usecases.present_watches import PresentWatch
    from node.usecases.watch_deps import WatchDeps
    from node.usecases.watch_keeping import WatchKeeping

ROWS_AT_ONCE: Final = 128
"""Holdings that are matched in one piece."""
LIST_ROWS_AT_ONCE: Final = 2_048
"""Rows of a list that are matched in one piece."""
MOST_WAITING: Final = 10_000
"""Waiting rows that are read together. A record without a place in our log waits longer than others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrived:
    """Rows of one source, and their fingerprints that may match."""

    source: int
    columns: FingerprintColumns


class WatchMatching:
    """For one thread at a time, blocking. `beside` makes an empty index."""

    def __init__(self, deps: WatchDeps, keeping: WatchKeeping, beside: Callable[[], SearchIndex]) -> None:
        self._deps = deps
        self._keeping = keeping
        self._beside = beside

    trouble = ""
    """There is no trouble that lasts beyond a round: a failure raises."""

    def step(self, pace: Callable[[], bool]) -> bool:
        """One piece of work; False if nothing is left to do, or `pace` stopped it."""
        self._keeping.round()
        while pace():
            if not self._piece():
                return False
        return False

    def _piece(self) -> bool:
        """Matches some waiting rows; False if none can be matched now."""
        with self._deps.lock:
            with self._deps.store.read() as tx:
                waiting = tx.watched_rows(MOST_WAITING)
                held = [row for source, row in waiting if source == HOLDINGS_SOURCE]
                ready = self._placed(tx, held)
                lists = {each.source: each for each in tx.lists()} if len(waiting) > len(held) else {}
            if ready:
                self._holdings(ready)
                return True
            for source, row in waiting:
                if source >= LIST_SOURCES and self._list(lists.get(source), source, row):
                    return True
        return False

    # --- what arrived -------------------------------------------------------------------------------------------------

    @staticmethod
    def _placed(tx: NodeStoreReader, rows: Sequence[int]) -> list[int]:
        """The first of these holdings, without those whose record waits for its place: until then no member has it, and
        its hit would not name it.
        """
        ready: list[int] = []
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            there = tx.holdings_by_id(some)
            for row in some:
                record = there[row].record if row in there else None
                if record is None or tx.find_pending(record.leaf) is None:
                    ready.append(row)
            if ready:
                break
        return ready

    def _holdings(self, rows: Sequence[int]) -> None:
        store = self._deps.store
        with store.read() as tx:
            there = tx.holdings_by_id(rows)
        answering = [each for each in there.values() if each.level is not Level.NATIONAL]
        columns = matchable_columns(holding_columns(answering), self._deps.index.floor)
        self._match(_Arrived(source=HOLDINGS_SOURCE, columns=columns))
        with store.write() as tx:
            # A holding that was raised meanwhile is matched again.
            now = tx.holdings_by_id(rows)
            done = [row for row in rows if row not in now or now[row].level is there[row].level]
            tx.end_watched_rows([(HOLDINGS_SOURCE, row) for row in done])

    def _list(self, of: ReferenceList | None, source: int, after: int) -> bool:
        """Whether anything of a list was matched, or ended."""
        store = self._deps.store
        if of is not None and of.state is ListState.TAKING:
            return False  # its rows are in no answer yet
        page = None
        if of is not None and of.is_searched and of.level is not Level.NATIONAL:
            with store.read() as tx:
                page = tx.list_columns(of.number, after, LIST_ROWS_AT_ONCE)
        if page is None:
            with store.write() as tx:
                # A list that begins to answer while this ends waits again, from its first row on.
                now = next((each for each in tx.lists() if each.source == source), None)
                if now == of:
                    tx.end_watched_rows([(source, after)])
            return now == of
        columns, last, _ = page
        self._match(_Arrived(source=source, columns=matchable_columns(columns, self._deps.index.floor)))
        with store.write() as tx:
            tx.advance_watched_list(source, after, last)
        return True

    # --- whom it concerns ---------------------------------------------------------------------------------------------

    def _match(self, arrived: _Arrived) -> None:
        radius = self._deps.roster().policy.radius
        for number, rows in sorted(self._deps.index.near(arrived.columns, radius).items()):
            self._tell(number, arrived, rows)

    def _tell(self, number: int, arrived: _Arrived, rows: Sequence[int]) -> None:
        """Tells the author of one watch what of these rows it may learn, as far as it was not told before."""
        deps = self._deps
        try:
            with deps.store.read() as tx:
                kept = tx.kept_watch(number)
                present = None if kept is None else deps.present(tx, kept)
        except Awaited:
            return
        if kept is None or present is None or present.watch is None or not self._is_due(kept, present):
            return
        found = self._search(present, present.watch, arrived, rows)
        hidden = [hit for hit in found.hits if hit.record is None]
        shared = [hit for hit in found.hits if hit.record is not None]
        if kept.standing is WatchStanding.WAITING:
            if hidden and kept.told is Told.NOTHING:
                with deps.store.write() as tx:
                    tx.put_watch(replace(kept, told=Told.WAITING, algorithm=hidden[0].algorithm))
            return
        if hidden and kept.told is Told.NOTHING:
            kept = self._tell_hidden(kept, present, hidden[0], found.near)
        self._tell_records(kept, present, shared)

    def _is_due(self, kept: KeptWatch, present: PresentWatch) -> bool:
        """Whether the watch is in force: as it was kept, before its end, of a member that may ask."""
        member = self._deps.roster().members.get(kept.asker)
        return (
            kept.standing in (WatchStanding.KEPT, WatchStanding.WAITING)
            and present.head == kept.head
            and kept.until_day >= self._deps.today
            and member is not None
            and member.status is MemberStatus.ACTIVE
        )

    def _search(self, present: PresentWatch, watch: Watch, arrived: _Arrived, rows: Sequence[int]) -> Found:
        deps = self._deps
        policy = deps.roster().policy
        among = self._beside()
        among.add(arrived.source, of_rows(arrived.columns, rows))
        return deps.matcher.against(among).for_member(
            watch.subjects,
            policy.radius,
            watch.rule,
            present.root.origin.member,
            present.handling.purposes[0],
            matching=matchable(watch.subjects, deps.matcher.floor),
        )

    # --- what is told -------------------------------------------------------------------------------------------------

    def _tell_hidden(self, kept: KeptWatch, present: PresentWatch, hit: Hit, near: Sequence[bytes]) -> KeptWatch:
        """The one hit on holdings at hit/no-hit level; or it waits for an officer."""
        deps = self._deps
        values = deps.values(present.watch) if present.watch else []
        verdict: Verdict = deps.neighbourhoods.judge(
            kept.asker, values, near, deps.roster().policy.limits, int(deps.clock())
        )
        if verdict.why:
            waits = replace(kept, told=Told.WAITING, algorithm=hit.algorithm, why=verdict.why)
            with deps.store.write() as tx:
                verdict.note(tx)
                tx.put_watch(waits)
            return waits
        told = replace(kept, told=Told.HIT, algorithm=hit.algorithm)

        def keep(tx: NodeStoreWriter) -> None:
            verdict.note(tx)
            tx.put_watch(told)

        kinds = deps.kinds(present.watch) if present.watch else ()
        deps.replies.say(kept, present.version, WatchState.HIT, keep, hits=[hit], kinds=kinds)
        return told

    def _tell_records(self, kept: KeptWatch, present: PresentWatch, shared: Sequence[Hit]) -> None:
        deps = self._deps
        by_leaf: dict[bytes, list[Hit]] = {}
        for hit in shared:
            if hit.record is not None:
                by_leaf.setdefault(hit.record.leaf, []).append(hit)
        with deps.store.read() as tx:
            known = tx.told_records(kept.id, list(by_leaf))
        fresh = [leaf for leaf in by_leaf if leaf not in known]
        some = fresh[: MOST_HITS - kept.records]
        if some:
            told = replace(kept, records=kept.records + len(some))

            def keep(tx: NodeStoreWriter) -> None:
                tx.put_told_records(told.id, some)
                tx.put_watch(told)

            hits = [hit for leaf in some for hit in by_leaf[leaf]][:MOST_HITS]
            kinds = deps.kinds(present.watch) if present.watch else ()
            deps.replies.say(kept, present.version, WatchState.HIT, keep, hits=hits, kinds=kinds)
            kept = told
        if len(fresh) > len(some):
            self._keeping.end(kept, present.head, TOO_BROAD)


def holding_columns(holdings: Iterable[Holding]) -> FingerprintColumns:
    """The fingerprints of these holdings and of their looks, by kind; rows are their ids."""
    found: dict[int, tuple[list[int], list[bytes], list[int]]] = {}
    for holding in holdings:
        for each in holding.kept:
            rows, values, qualities = found.setdefault(each.code, ([], [], []))
            rows.append(holding.id)
            values.append(each.value)
            qualities.append(-1 if each.quality is None else each.quality)
    return FingerprintColumns(
        columns=[
            column(code, rows, values, qualities, KIND_BY_CODE[code].size)
            for code, (rows, values, qualities) in found.items()
            if code in KIND_BY_CODE
        ]
    )
