"""Whatever is taken in, arrives, is corrected, taken back, cut off or restarted, in whatever order: once all is
matched, the hits that are kept are those that a match of every holding finds.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure, Kind
from node.domain.ids import RecordId
from node.domain.material import MaterialFingerprints
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.statements import Retraction
from node.errors import StoreError
from node.usecases import arrivals
from tests.simulator.arriving import Holder, film, said_of, still
from tests.simulator.federation import Log, Speaker
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import World

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
NUMBERS = count()


def thing(what: int, like: int, bits: int, turn: int) -> MaterialFingerprints:
    """One of a few dozen files: stills and films, some the same, some near, some turned, some just too far."""
    if what == 0:
        return still(f"{like}")
    if what == 1:
        return still(f"{like} {bits} {turn}", like=f"{like}", bits=bits, turn=turn)
    if what == 2:  # a still of a film
        return still(f"frame {like} {bits} {turn}", like=f"film {like} 2", bits=bits, turn=turn)
    return film(f"film {like} {bits} {turn}", like=f"film {like}", bits=bits, turn=turn)


things = st.builds(thing, st.integers(0, 3), st.integers(0, 2), st.sampled_from([0, 1, 30, 31, 32]), st.integers(0, 7))


class Arriving(RuleBasedStateMachine):
    """France holds; Japan and Germany share."""

    @initialize(rows=st.sampled_from([2, 256]), pairs=st.sampled_from([3, 1 << 18]))
    def start(self, rows: int, pairs: int) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(arrivals, "ROWS_AT_ONCE", rows)
        self.patch.setattr(arrivals, "PAIRS_AT_ONCE", pairs)
        self.holder = Holder(World([FR, JP, DE]), FR)
        self.logs = {name: Log(speaker) for name, speaker in (("JP", JP), ("DE", DE))}
        self.heads: dict[str, list[RecordId]] = {"JP": [], "DE": []}
        self.late: list[tuple[str, int, Disclosure]] = []
        self.files = count()

    @rule(taken=st.lists(things, min_size=1, max_size=4))
    def take(self, taken: list[MaterialFingerprints]) -> None:
        self.holder.take(*{each.sha256: each for each in taken}.values())

    @rule(taken=things)
    def take_and_die(self, taken: MaterialFingerprints) -> None:
        """The holding is durable, and nobody has searched for it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.holder.matcher, "local", self._die)
            with pytest.raises(KeyboardInterrupt):
                self.holder.take(taken)

    @staticmethod
    def _die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    @rule(name=st.sampled_from(["JP", "DE"]), said=st.lists(things, min_size=1, max_size=5))
    def arrive(self, name: str, said: list[MaterialFingerprints]) -> None:
        log = self.logs[name]
        self.heads[name] += [log.say(said_of(each), nonce=next(NUMBERS).to_bytes(32, "big")) for each in said]
        self.holder.receive(log)

    @rule(name=st.sampled_from(["JP", "DE"]), said=things)
    def arrive_without_body(self, name: str, said: MaterialFingerprints) -> None:
        log, copies = self.logs[name], self.holder.node.copies
        log.say(said_of(said), nonce=next(NUMBERS).to_bytes(32, "big"))
        at = log.size - 1
        self.late.append((name, at, log.disclosures[at]))
        copies.open()
        bare = log.package(at, hub=True, nonces=[b""], bodies=[b""], handling_nonces=[b""], handlings=[b""])
        copies.commit(copies.verify([bare]))

    @precondition(lambda self: self.late)
    @rule()
    def a_body_comes_late(self) -> None:
        name, at, shown = self.late.pop(0)
        with self.holder.node.catalogue.change() as change:
            change.fill(self.logs[name].speaker.origin, {at: Kind.CONTRIBUTION}, {at: shown})

    @rule(name=st.sampled_from(["JP", "DE"]), which=st.integers(0, 99), said=st.none() | things)
    def correct_or_retract(self, name: str, which: int, said: MaterialFingerprints | None) -> None:
        heads, log = self.heads[name], self.logs[name]
        if not heads:
            return
        head = heads.pop(which % len(heads))
        if said is None:
            log.say(Retraction(), kind=Kind.RETRACTION, target=head, nonce=next(NUMBERS).to_bytes(32, "big"))
        else:
            nonce = next(NUMBERS).to_bytes(32, "big")
            heads.append(log.say(said_of(said), kind=Kind.CORRECTION, target=head, nonce=nonce))
        self.holder.receive(log)

    @rule(pieces=st.integers(0, 6))
    def match_some(self, pieces: int) -> None:
        left = iter([True] * pieces)
        self.holder.arrivals.step(lambda: next(left, False))

    @rule()
    def match_and_fail(self) -> None:
        assert isinstance(self.holder.store, MemoryStore)
        self.holder.store.fail_next_commit = StoreError("full")
        with suppress(StoreError):
            self.holder.arrivals.step(lambda: True)
        self.holder.store.fail_next_commit = None

    @rule()
    def restart(self) -> None:
        self.holder = self.holder.restarted()

    @rule(which=st.integers(0, 99))
    def a_holding_is_sought_again(self, which: int) -> None:
        with self.holder.store.read() as tx:
            last = tx.last_holding()
        if last:
            with self.holder.store.write() as tx:
                tx.wait_for_match(HOLDINGS_SOURCE, [1 + which % last])

    @invariant()
    def no_hit_outlives_the_body_that_it_is_about(self) -> None:
        for (_, record), hit in self.holder.hits().items():
            with self.holder.store.read() as tx:
                assert tx.run(record.origin, hit.place, hit.place + 1, 0).states[0] == BodyState.HELD
            assert hit.evidence is not None

    def teardown(self) -> None:
        self.holder.match()
        found = {pair: hit.evidence for pair, hit in self.holder.hits().items()}
        expected = self.holder.expected()
        assert found.keys() == expected.keys()
        told = {pair: (e.algorithm, e.distance) for pair, e in found.items() if e}
        assert told == {pair: (e.algorithm, e.distance) for pair, e in expected.items()}
        assert self.holder.arrivals.behind() == 0
        self.patch.undo()


TestArriving = Arriving.TestCase
TestArriving.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
