"""Random histories of appends, purges, repairs and pending entries, against a model that is a list."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure
from node.domain.ids import Origin
from node.domain.stores import NodeStore
from node.store.store import open_node_store
from node.tlog import merkle, tiles
from tests.simulator.batches import FR, JP, StoreTiles, batch, disclosure, entry
from tests.simulator.memory_store import MemoryStore
from tests.stores import EVERYTHING, fresh_store

NOTHING = Disclosure(nonce=b"", body=b"", handling_nonce=b"", handling=b"")
STATES = st.sampled_from([BodyState.HELD, BodyState.HELD, BodyState.NOT_FOR_US, BodyState.MISSING])
ORIGINS = st.sampled_from([FR, JP])


@dataclass
class Line:
    entry: bytes
    state: BodyState
    disclosure: Disclosure
    expiry_day: int


@dataclass
class Model:
    logs: dict[Origin, list[Line]] = field(default_factory=lambda: {FR: [], JP: []})
    pending: dict[int, tuple[Origin, str]] = field(default_factory=dict)


class Rollback(Exception):
    """Ends a transaction on purpose."""


def end(*, undo: bool) -> None:
    if undo:
        raise Rollback


class Histories(RuleBasedStateMachine):
    """One store and its model. Words make everything distinct."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.store = self.open()
        self.model = Model()
        self.words = 0
        with self.store.write() as writer:
            writer.open_log(FR)
            writer.open_log(JP)

    def open(self) -> NodeStore:
        raise NotImplementedError

    def reopen(self) -> None:
        """Closes and opens again, where that means anything."""

    def word(self) -> str:
        self.words += 1
        return f"word {self.words}"

    def teardown(self) -> None:
        self.store.close()

    @rule(origin=ORIGINS, states=st.lists(STATES, min_size=1, max_size=9), day=st.integers(0, 5), undo=st.booleans())
    def append(self, origin: Origin, states: list[BodyState], day: int, undo: bool) -> None:
        words = [self.word() for _ in states]
        days = [day] * len(words)
        made = batch(self.store, origin, words, states=states, expiry_days=days, size=32 * (self.words % 7))
        try:
            with self.store.write() as writer:
                writer.append(made)
                end(undo=undo)
        except Rollback:
            return
        for at, (word, state) in enumerate(zip(words, states, strict=True)):
            shown = disclosure(word, size=32 * (self.words % 7)) if state is BodyState.HELD else NOTHING
            self.model.logs[origin].append(Line(made.entries[at], state, shown, day))

    @rule(origin=ORIGINS, picks=st.lists(st.integers(0, 1 << 16), max_size=5), undo=st.booleans())
    def purge(self, origin: Origin, picks: list[int], undo: bool) -> None:
        log = self.model.logs[origin]
        indices = {pick % len(log) for pick in picks} if log else set()
        had = sum(log[index].state is BodyState.HELD for index in indices)
        try:
            with self.store.write() as writer:
                assert writer.purge(origin, list(indices)) == had
                end(undo=undo)
        except Rollback:
            return
        for index in indices:
            log[index].state, log[index].disclosure = BodyState.PURGED, NOTHING

    @rule(origin=ORIGINS, pick=st.integers(0, 1 << 16))
    def fill(self, origin: Origin, pick: int) -> None:
        log = self.model.logs[origin]
        absent = [index for index, line in enumerate(log) if line.state is BodyState.MISSING]
        if absent:
            index, shown = absent[pick % len(absent)], disclosure(self.word(), size=pick % 700)
            with self.store.write() as writer:
                writer.fill(origin, {index: shown})
            log[index].state, log[index].disclosure = BodyState.HELD, shown

    @rule(origin=ORIGINS, pick=st.integers(0, 1 << 16))
    def expect(self, origin: Origin, pick: int) -> None:
        log = self.model.logs[origin]
        closed = [index for index, line in enumerate(log) if line.state is BodyState.NOT_FOR_US]
        if closed:
            index = closed[pick % len(closed)]
            with self.store.write() as writer:
                writer.expect(origin, {index: log[index].expiry_day})
            log[index].state = BodyState.MISSING

    @rule(origin=ORIGINS, pick=st.integers(0, 1 << 16))
    def set_aside(self, origin: Origin, pick: int) -> None:
        log = self.model.logs[origin]
        if log:
            index = pick % len(log)
            with self.store.write() as writer:
                writer.set_aside(origin, index, "set aside")
            log[index].state, log[index].disclosure = BodyState.QUARANTINED, NOTHING

    @rule(origin=ORIGINS, count=st.integers(1, 6))
    def acknowledge(self, origin: Origin, count: int) -> None:
        words = [self.word() for _ in range(count)]
        rows = [(origin, entry(word), merkle.leaf_hash(entry(word)), disclosure(word)) for word in words]
        with self.store.write() as writer:
            ids = writer.acknowledge(rows)
        self.model.pending |= {number: (origin, word) for number, word in zip(ids, words, strict=True)}

    @rule(origin=ORIGINS, limit=st.integers(1, 5), undo=st.booleans())
    def place(self, origin: Origin, limit: int, undo: bool) -> None:
        chosen = [(number, word) for number, (log, word) in self.model.pending.items() if log == origin][:limit]
        made = batch(self.store, origin, [word for _, word in chosen])
        try:
            with self.store.write() as writer:
                writer.append(made)
                writer.placed([number for number, _ in chosen])
                end(undo=undo)
        except Rollback:
            return
        for at, (number, word) in enumerate(chosen):
            del self.model.pending[number]
            self.model.logs[origin].append(Line(made.entries[at], BodyState.HELD, disclosure(word), 0))

    @precondition(lambda self: self.model.pending)
    @rule(pick=st.integers(0, 1 << 16))
    def forget(self, pick: int) -> None:
        number = sorted(self.model.pending)[pick % len(self.model.pending)]
        _, word = self.model.pending.pop(number)
        with self.store.write() as writer:
            assert writer.forget_pending(merkle.leaf_hash(entry(word)))

    @rule()
    def restart(self) -> None:
        self.store.scrub()
        self.reopen()

    @invariant()
    def logs_are_those_of_the_model(self) -> None:
        with self.store.read() as reader:
            for number, (origin, lines) in enumerate(self.model.logs.items(), 1):
                run = reader.run(origin, 0, len(lines) + 1, EVERYTHING)
                assert list(run.entries) == [line.entry for line in lines]
                assert list(run.states) == [line.state for line in lines]
                assert list(run.nonces) == [line.disclosure.nonce for line in lines]
                assert list(run.bodies) == [line.disclosure.body for line in lines]
                assert list(run.handling_nonces) == [line.disclosure.handling_nonce for line in lines]
                assert list(run.handlings) == [line.disclosure.handling for line in lines]
                states = [line.state for line in lines]
                assert reader.body_counts(number) == {state: states.count(state) for state in BodyState}
                assert reader.missing(origin, 999) == [i for i, each in enumerate(states) if each is BodyState.MISSING]
                aside = [i for i, each in enumerate(states) if each is BodyState.QUARANTINED]
                assert [index for index, _ in reader.quarantined(origin)] == aside
                leaves = merkle.leaf_hashes(run.entries)
                assert reader.find(origin, leaves) == {leaf: index for index, leaf in enumerate(leaves)}
                log = reader.log(origin)
                assert log is not None
                assert log.root == tiles.root(StoreTiles(reader, number), len(lines))

    @invariant()
    def what_waits_is_that_of_the_model(self) -> None:
        with self.store.read() as reader:
            for origin in self.model.logs:
                expected = [(number, word) for number, (log, word) in self.model.pending.items() if log == origin]
                assert [each.id for each in reader.pending(origin, 999)] == [number for number, _ in expected]
                shown = [each.disclosure for each in reader.pending(origin, 999)]
                assert shown == [disclosure(word) for _, word in expected]

    @invariant()
    def what_expires_is_that_of_the_model(self) -> None:
        due = [
            (line.expiry_day, number, index, origin)
            for number, (origin, lines) in enumerate(self.model.logs.items())
            for index, line in enumerate(lines)
            if line.state in {BodyState.HELD, BodyState.MISSING} and 0 < line.expiry_day < 4
        ]
        with self.store.read() as reader:
            assert reader.expiring(4, 999) == [(origin, index) for _, _, index, origin in sorted(due)]


class MemoryHistories(Histories):
    def open(self) -> NodeStore:
        return MemoryStore()


class SqliteHistories(Histories):
    def open(self) -> NodeStore:
        self.folder = Path(tempfile.mkdtemp())
        return fresh_store(self.folder / "node.db")

    def reopen(self) -> None:
        self.store.close()
        self.store = open_node_store(self.folder / "node.db", create=False)

    def teardown(self) -> None:
        assert self.store.check() == []
        super().teardown()
        shutil.rmtree(self.folder)


_SETTINGS: dict[str, Any] = {"stateful_step_count": 30, "suppress_health_check": list(HealthCheck)}
TestMemoryHistories = MemoryHistories.TestCase
TestMemoryHistories.settings = settings(max_examples=25, **_SETTINGS)
TestSqliteHistories = SqliteHistories.TestCase
TestSqliteHistories.settings = settings(max_examples=15, **_SETTINGS)
