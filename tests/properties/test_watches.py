"""Whatever is asked, revised, withdrawn, taken in, raised, cut off or restarted, in whatever order: each asked watch
ends in one state, a hit is told once, and nothing is told after the end.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.domain.batch import BodyState
from node.domain.envelope import REPLACING, Disclosure, Kind
from node.domain.ids import RecordId
from node.domain.kept_watches import LIVE, WatchStanding
from node.domain.queries import Level
from node.domain.statements import Retraction
from node.domain.watches import WatchState
from node.usecases.purging import leaf_at
from node.usecases.watch_keeping import RESCAN_SECONDS
from tests.simulator.arriving import still
from tests.simulator.federation import Log, Speaker
from tests.simulator.watching import Crash, Keeper, ask, asked_of, watch_on, world_of

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
NUMBERS = count(1)
NEAR = 31


@dataclass
class Asked:
    """A watch as its author knows it. `root`: its first version; `about`: the picture; `ours`: Japan is asked."""

    name: str
    root: RecordId
    head: RecordId
    about: int
    ours: bool
    withdrawn: bool = False


class Watching(RuleBasedStateMachine):
    """Japan keeps what France and Germany ask; the clocks of these two are of no importance here."""

    @initialize()
    def start(self) -> None:
        self.keeper = Keeper(world_of(FR, JP, DE), JP)
        self.logs = {"FR": Log(FR), "DE": Log(DE)}
        self.asked: list[Asked] = []
        self.late: list[tuple[str, int, int, Disclosure]] = []
        self.holdings: dict[int, tuple[int, bool]] = {}
        self.due: set[tuple[RecordId, int]] = set()
        self.names = count()

    # --- what members say ---------------------------------------------------------------------------------------------

    @rule(
        name=st.sampled_from(["FR", "DE"]),
        about=st.integers(0, 1),
        ours=st.sampled_from([True, True, True, False]),
        then=st.sampled_from(["work", "work", "arrive", "wait"]),
    )
    def ask(self, name: str, about: int, ours: bool, then: str) -> None:
        members = (JP,) if ours else (FR if name == "DE" else DE,)
        root = ask(self.logs[name], watch_on(still(f"{about}")), asked_of(*members), next(NUMBERS))
        self.asked.append(Asked(name, root, root, about, ours))
        if then != "wait":
            self.keeper.receive(self.logs[name])
        if then == "work":
            self.keeper.work()

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 99), ours=st.booleans())
    def revise(self, which: int, ours: bool) -> None:
        one = self.asked[which % len(self.asked)]
        if one.withdrawn:
            return
        members = (JP,) if ours else (FR if one.name == "DE" else DE,)
        one.head = self.logs[one.name].say(
            watch_on(still(f"{one.about}")),
            kind=Kind.REVISION,
            target=one.head,
            handling=asked_of(*members),
            nonce=next(NUMBERS).to_bytes(32, "big"),
        )
        one.ours = ours

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 99))
    def withdraw(self, which: int) -> None:
        one = self.asked[which % len(self.asked)]
        if not one.withdrawn:
            nonce = next(NUMBERS).to_bytes(32, "big")
            self.logs[one.name].say(Retraction(), kind=Kind.RETRACTION, target=one.head, nonce=nonce)
            one.withdrawn = True

    @rule(name=st.sampled_from(["FR", "DE"]))
    def arrive(self, name: str) -> None:
        self.keeper.receive(self.logs[name])

    @rule(name=st.sampled_from(["FR", "DE"]))
    def arrive_without_bodies(self, name: str) -> None:
        """The hub shows the entries first, and their bodies later."""
        log, copies = self.logs[name], self.keeper.node.copies
        size = self.keeper.node.size(log.speaker.origin)
        if size == log.size:
            return
        empty = [b""] * (log.size - size)
        copies.open()
        bare = log.package(size, hub=True, nonces=empty, bodies=empty, handling_nonces=empty, handlings=empty)
        copies.commit(copies.verify([bare]))
        self.late += [(name, at, log.entries[at][1], log.disclosures[at]) for at in range(size, log.size)]

    # --- what Japan takes in ------------------------------------------------------------------------------------------

    @rule(
        about=st.integers(0, 2),
        bits=st.sampled_from([0, 1, NEAR, NEAR + 2]),
        turn=st.integers(0, 7),
        level=st.sampled_from([Level.HIT_NO_HIT, Level.HIT_NO_HIT, Level.NATIONAL]),
        then=st.sampled_from(["work", "wait", "before", "after"]),
    )
    def take(self, about: int, bits: int, turn: int, level: Level, then: str) -> None:
        made = still(f"file {next(self.names)}", like=f"{about}", bits=bits, turn=turn)
        (number,) = self.keeper.hold(level, made)
        self.holdings[number] = (about, bits <= NEAR)
        if level is Level.HIT_NO_HIT:
            self._note(number)
        if then == "work":
            self.keeper.work()
        elif then != "wait":
            self.die(0, then)

    @precondition(lambda self: self.holdings)
    @rule(which=st.integers(0, 99))
    def raise_a_level(self, which: int) -> None:
        number = sorted(self.holdings)[which % len(self.holdings)]
        with self.keeper.store.read() as tx:
            before = tx.holdings_by_id([number])[number].level
        with self.keeper.node.catalogue.change() as change:
            change.writer.set_level(number, Level.HIT_NO_HIT)
        if before is Level.NATIONAL:
            self._note(number)

    def _note(self, number: int) -> None:
        """What must be told, by what is kept at this moment."""
        about, near = self.holdings[number]
        kept = {each.root for each in self.keeper.watches() if each.standing is WatchStanding.KEPT}
        self.due |= {(one.root, number) for one in self.asked if one.root in kept and near and one.about == about}

    # --- what Japan does ----------------------------------------------------------------------------------------------

    @rule()
    def work(self) -> None:
        self.keeper.work()

    @rule(pieces=st.integers(0, 3))
    def work_some(self, pieces: int) -> None:
        left = iter([True] * pieces)
        self.keeper.work(lambda: next(left, False))

    @rule(after=st.integers(1, 3), when=st.sampled_from(["before", "after"]))
    def die_later(self, after: int, when: str) -> None:
        self.die(after, when)

    def die(self, after: int, when: str) -> None:
        """The process ends before or after one of its replies is durable."""
        left = count()

        def fall(now: str) -> None:
            if now == when and next(left) == after:
                raise Crash

        self.keeper.fall = fall
        with suppress(Crash):
            self.keeper.work()
        self.keeper = self.keeper.restarted()

    @rule()
    def restart(self) -> None:
        self.keeper = self.keeper.restarted()

    # --- what holds always --------------------------------------------------------------------------------------------

    @invariant()
    def each_word_is_said_once_and_the_last_one_is_the_end(self) -> None:
        by_version: dict[RecordId, list[WatchState]] = {}
        for each in self.keeper.replies():
            by_version.setdefault(each.watch, []).append(each.state)
        for states in by_version.values():
            assert max(Counter(states).values()) == 1
            assert states[0] is WatchState.KEPT
            assert WatchState.ENDED not in states[:-1]

    @invariant()
    def only_those_who_asked_here_are_told(self) -> None:
        ever = {each.root for each in self.keeper.watches()}
        known = {one.root for one in self.asked}
        assert ever <= known

    def _settle(self) -> None:
        for log in self.logs.values():
            self.keeper.receive(log)
        for name, at, kind, shown in self.late:
            origin = self.logs[name].speaker.origin
            with self.keeper.store.read() as tx:
                absent = tx.entry_at(origin, at)[1] == BodyState.NOT_FOR_US
            if absent and shown.body:
                with self.keeper.node.catalogue.change() as change:
                    change.writer.expect(origin, {at: 0})
                    change.fill(origin, {at: kind}, {at: shown})
        self.keeper.work()
        self.keeper.world.clock.now += RESCAN_SECONDS
        self.keeper.work()

    def teardown(self) -> None:
        self._settle()
        standing = {each.root: each for each in self.keeper.watches()}
        for one in self.asked:
            kept = standing.get(one.root)
            if one.withdrawn or not one.ours:
                assert kept is None or kept.standing is WatchStanding.ENDED
            else:
                assert kept is not None
                assert kept.standing is WatchStanding.KEPT
        hits = Counter(root for root in standing for _ in range(self._hits(root)))
        assert all(number == 1 for number in hits.values())
        for root, _ in self.due:
            # What came while the watch was kept was told, unless the watch ended before it was matched.
            assert hits[root] or standing[root].standing not in LIVE
        assert self.keeper.waiting_rows() == [] or not any(each.standing in LIVE for each in standing.values())
        self.keeper.close()

    def _hits(self, root: RecordId) -> int:
        """How many hits were told of all versions of a watch."""
        versions = {root}
        with self.keeper.store.read() as tx:
            linked = tx.linked(root, REPLACING)
            versions |= {RecordId(each.origin, leaf_at(tx, each.origin, each.index)) for each in linked}
        return sum(len(each.hits) for each in self.keeper.replies() if each.watch in versions)


TestWatching = Watching.TestCase
TestWatching.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
