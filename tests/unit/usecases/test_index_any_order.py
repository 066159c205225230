"""Records, holdings, purges, crashes and starts in any order: the kept index and the store stay in step."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.domain.batch import BodyState
from node.domain.search_ports import HOLDINGS_SOURCE
from tests.simulator.federation import Log, picture
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.index_lives import FR, Life, dying, film, in_step


class LivesOfANode(RuleBasedStateMachine):
    """Any order of records, holdings, purges, keeping, crashes and starts leaves index and store in step."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store, self.log, self.size, self.held = MemoryStore(), Log(FR), 0, 200
        self.purged: set[int] = set()
        self.life = Life(self.store, self.folder / "index")

    @rule(count=st.integers(1, 3), films=st.booleans())
    def records(self, count: int, *, films: bool) -> None:
        for number in range(self.size, self.size + count):
            self.log.say(film(number) if films else picture(number))
        self.size += count
        self.life.take(self.log)

    @rule(films=st.booleans())
    def holding(self, *, films: bool) -> None:
        self.held += 1
        self.life.hold(self.held, film=films)

    @rule(data=st.data(), dies=st.booleans())
    def purge(self, data: st.DataObject, *, dies: bool) -> None:
        if not self.size:
            return
        rows = data.draw(st.lists(st.integers(0, self.size - 1), min_size=1, max_size=3, unique=True))
        if dies:
            with pytest.MonkeyPatch.context() as patch, dying(self.life, patch):
                self.life.purge(rows)
            self.start()
        else:
            self.life.purge(rows)

    @rule()
    def keep(self) -> None:
        self.life.catalogue.keep()

    @rule()
    def start(self) -> None:
        self.life = Life(self.store, self.folder / "index")

    @invariant()
    def every_count_agrees(self) -> None:
        if hasattr(self, "life"):
            with self.store.read() as reader:
                held = {log.number: reader.body_counts(log.number)[BodyState.HELD] for log in reader.logs()}
            expected = {source: count for source, count in held.items() if count}
            expected |= {HOLDINGS_SOURCE: self.held - 200} if self.held > 200 else {}
            assert self.life.index.sizes() == expected

    def teardown(self) -> None:
        if hasattr(self, "life"):
            in_step(self.life)
            self.start()
            in_step(self.life)
            shutil.rmtree(self.folder)


TestLivesOfANode = LivesOfANode.TestCase
TestLivesOfANode.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)
