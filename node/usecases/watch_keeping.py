"""Keeping the watches of other members: each one that comes is kept, refused or put before an officer, and ends.

Rules this module upholds:

- What is kept is a function of the statements here, whatever the order in which they came. Each asked watch ends in one
  state, and its author is told each state once.
- A watch near what its author has asked about too often waits for an officer, as a query does (`neighbourhood`).
- A watch ends when its author withdraws it, when it no longer names this member, and after its last day. From then on
  nothing is matched against it.
- A watch of a suspended member waits: it is not kept, and nothing is told.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.kept_watches import LIVE, KeptWatch, Told, WatchStanding
from node.domain.roster import MemberStatus
from node.domain.watches import WatchState
from node.usecases.admitting import cost_of
from node.usecases.finding import TOO_MANY_HELD
from node.usecases.neighbourhood import FREE
from node.usecases.present_watches import Awaited, PresentWatch, present_watch
from node.usecases.purging import leaf_at, root_of
from node.usecases.watch_breadth import many_match
from node.usecases.watch_terms import MOST_NEAR, TOO_BROAD, crowded, objection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.domain.ids import MemberId, Origin
    from node.domain.roster import Member
    from node.domain.stores import NodeStoreReader, NodeStoreWriter
    from node.domain.watches import Watch
    from node.usecases.neighbourhood import Verdict
    from node.usecases.watch_deps import WatchDeps

NOT_UNDERSTOOD: Final = "this member cannot read the watch: it is of a later version of the protocol"
NOTHING_SEARCHED: Final = "the watch has no fingerprint of a kind that members search for each other"
PAGE: Final = 500
RESCAN_SECONDS: Final = 600
"""How often all watches are looked at again: the body of one that was not for us may have come later."""
_KINDS: Final = (Kind.WATCH, Kind.REVISION)


class WatchKeeping:
    """For one thread at a time, blocking."""

    def __init__(self, deps: WatchDeps) -> None:
        self._deps = deps
        self._read: dict[Origin, int] = {}
        self._open: dict[RecordId, tuple[Origin, int]] = {}
        self._loaded = False
        self._since = deps.clock()

    def load(self) -> None:
        """Fills the index from the watches that are kept. Once, at the start."""
        for kept in () if self._loaded else self._live():
            self._index(kept)
        self._loaded = True

    def round(self) -> None:
        """Brings what is kept in line with the statements here."""
        with self._deps.lock:
            self.load()
        self._find()
        # First those that end: they make room for others.
        for kept in list(self._changed()):
            with self._deps.lock:
                self._look(kept.root, kept.head)
        for root, place in list(self._open.items()):
            with self._deps.lock:
                self._look(root, place)

    # --- what there is ------------------------------------------------------------------------------------------------

    def _find(self) -> None:
        """Watches, and new versions of them, in what came since the last round."""
        deps = self._deps
        now = deps.clock()
        if not 0 <= now - self._since < RESCAN_SECONDS:
            self._since = now
            self._read.clear()
        with deps.store.read() as tx:
            logs = [log for log in tx.logs() if log.origin.stream == "log" and log.origin.member != deps.me]
            for log in logs:
                after = self._read.get(log.origin, -1)
                while after < log.size:
                    page = tx.stated(_KINDS, limit=PAGE, after=(log.origin, after))
                    mine = [each for each in page if each.origin == log.origin]
                    for each in mine:
                        root, _ = root_of(tx, each.origin, each.index, leaf_at(tx, each.origin, each.index))
                        if each.kind == Kind.WATCH or tx.kept_watch_of(root) is not None or root in self._open:
                            self._open.setdefault(root, (each.origin, each.index))
                        elif self._is_watch(tx, root):
                            self._open[root] = (each.origin, each.index)
                    if len(mine) < PAGE:
                        break
                    after = mine[-1].index
                self._read[log.origin] = log.size - 1

    @staticmethod
    def _is_watch(tx: NodeStoreReader, root: RecordId) -> bool:
        """Whether the first version of a revision is here, and is a watch."""
        index = tx.find(root.origin, [root.leaf]).get(root.leaf)
        return index is not None and tx.entry_at(root.origin, index)[0][1] == Kind.WATCH

    def _live(self) -> Iterable[KeptWatch]:
        after = 0
        while True:
            with self._deps.store.read() as tx:
                page = tx.kept_watches(LIVE, after=after, limit=PAGE)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].id

    def _changed(self) -> Iterable[KeptWatch]:
        """The live watches whose statement is not as it was. All of them are looked at, so a look is short."""
        deps, after = self._deps, 0
        members, today = deps.roster().members, deps.today
        while True:
            with deps.store.read() as tx:
                page = tx.kept_watches(LIVE, after=after, limit=PAGE)
                yield from [each for each in page if _is_changed(tx, each, members.get(each.asker), today)]
            if len(page) < PAGE:
                return
            after = page[-1].id

    def _index(self, kept: KeptWatch) -> None:
        try:
            with self._deps.store.read() as tx:
                present = self._deps.present(tx, kept)
        except Awaited:
            return
        if present is not None and present.watch is not None and present.head == kept.head:
            self._deps.index.put(kept.id, present.watch.subjects, present.watch.rule)

    # --- what becomes of it -------------------------------------------------------------------------------------------

    def _look(self, root: RecordId, place: tuple[Origin, int]) -> None:
        deps = self._deps
        member = deps.roster().members.get(root.origin.member)
        status = member.status if member else MemberStatus.LEFT
        if status is MemberStatus.SUSPENDED:
            return
        try:
            with deps.store.read() as tx:
                kept = tx.kept_watch_of(root)
                present = present_watch(tx, deps.codec, root, place, deps.me)
        except Awaited:
            return
        self._open.pop(root, None)
        is_over = present is None or status is MemberStatus.LEFT or 0 < present.handling.retain_until_day < deps.today
        if is_over or present is None:
            if kept is not None and kept.standing is not WatchStanding.ENDED:
                self.end(kept, place)
        elif kept is None or kept.head != present.head:
            self._judge(present, kept)

    def end(self, kept: KeptWatch, place: tuple[Origin, int], reason: str = "") -> None:
        """This node has the watch no longer. Its author is told so, unless it was told that it is refused."""
        deps = self._deps
        ended = replace(kept, standing=WatchStanding.ENDED, at=int(deps.clock()))
        deps.index.drop(kept.id)
        if kept.standing not in LIVE:
            with deps.store.write() as tx:
                tx.put_watch(ended)
            return
        with deps.store.read() as reader:
            version = RecordId(place[0], leaf_at(reader, *place))
        deps.replies.say(kept, version, WatchState.ENDED, lambda tx: tx.put_watch(ended), reason=reason)

    def _judge(self, present: PresentWatch, before: KeptWatch | None) -> None:
        deps, watch = self._deps, present.watch
        cost = cost_of(watch.subjects) if watch else 0
        made = KeptWatch(
            id=before.id if before else 0,
            root=present.root,
            head=present.head,
            standing=WatchStanding.KEPT,
            cost=cost,
            until_day=present.handling.retain_until_day,
            at=int(deps.clock()),
            # What was told stays told: a new version of a watch asks about the same holdings again.
            told=before.told if before else Told.NOTHING,
            algorithm=before.algorithm if before else "",
            records=before.records if before else 0,
        )
        reason = NOT_UNDERSTOOD if watch is None else self._refusal(watch, present, before, cost)
        verdict: Verdict = FREE
        if watch is not None and not reason and deps.neighbourhoods.concerns(made.asker):
            limits, now = deps.roster().policy.limits, int(deps.clock())
            verdict = deps.neighbourhoods.judge(made.asker, deps.values(watch), (), limits, now)
        if verdict.why and self._waits_too_much(made.asker):
            reason = TOO_MANY_HELD
        if watch is None or reason:
            refused = replace(made, standing=WatchStanding.REFUSED, why=reason)
            deps.index.drop(made.id)
            self._say(refused, present, WatchState.REFUSED, verdict, reason)
        elif verdict.why:
            held = replace(made, standing=WatchStanding.WAITING, why=verdict.why)
            self._say(held, present, WatchState.HELD, verdict)
        else:
            self._say(made, present, WatchState.KEPT, verdict)

    def _say(
        self, made: KeptWatch, present: PresentWatch, state: WatchState, verdict: Verdict, reason: str = ""
    ) -> None:
        deps, stored = self._deps, [made]

        def note(tx: NodeStoreWriter) -> None:
            verdict.note(tx)
            stored[:] = [tx.put_watch(made)]

        kinds = deps.kinds(present.watch) if present.watch and state is WatchState.KEPT else ()
        deps.replies.say(made, present.version, state, note, kinds=kinds, reason=reason)
        # A crash right here: the next start fills the index from what is stored.
        if present.watch is not None and made.standing in LIVE:
            deps.index.put(stored[0].id, present.watch.subjects, present.watch.rule)

    def _refusal(self, watch: Watch, present: PresentWatch, before: KeptWatch | None, cost: int) -> str:
        deps = self._deps
        policy = deps.roster().policy
        refused = objection(policy, watch, present.handling, cost, deps.today)
        if refused:
            return refused
        if not any(kind.searched for kind in deps.kinds(watch)):
            return NOTHING_SEARCHED
        with deps.store.read() as tx:
            loads = dict(tx.watch_loads())
        if before is not None and before.standing in LIVE:
            mine = loads[before.asker]
            loads[before.asker] = replace(mine, watches=mine.watches - 1, fingerprints=mine.fingerprints - before.cost)
        asker: MemberId = present.root.origin.member
        return crowded(asker, cost, loads) or (TOO_BROAD if self._is_too_broad(watch) else "")

    def _is_too_broad(self, watch: Watch) -> bool:
        deps = self._deps
        return many_match(deps.store, deps.holdings, watch, deps.roster().policy.radius, MOST_NEAR)

    def _waits_too_much(self, asker: MemberId) -> bool:
        with self._deps.store.read() as reader:
            waiting = sum(each.asker == asker for each in reader.watches_for_officers(PAGE))
        return waiting >= self._deps.roster().policy.limits.held_waiting


def _is_changed(tx: NodeStoreReader, kept: KeptWatch, asker: Member | None, today: int) -> bool:
    """Whether a live watch has to be looked at again."""
    chain = tx.chain(kept.root)
    if chain is not None and (chain.ended or chain.head != kept.head):
        return True
    if asker is None or asker.status is MemberStatus.LEFT:
        return True
    return kept.until_day < today or tx.entry_at(*kept.head)[1] != BodyState.HELD
