"""What an ingest or a match of holdings finds is kept, and nothing falls between it and what arrives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.batch import BodyState
from node.domain.fingerprint_kinds import PDQ
from node.domain.queries import Level
from node.domain.search_ports import HOLDINGS_SOURCE
from node.usecases.casework import holding_subject
from node.usecases.hit_list import Wanted
from node.usecases.purging import leaf_at
from tests.simulator.arriving import Holder, said_of, still
from tests.simulator.federation import Log
from tests.unit.usecases.held_hits import JP, holder, kept, log

__all__ = ["holder", "log"]


def test_what_an_ingest_finds_is_kept_and_found_again_it_stays_one_hit(holder: Holder, log: Log) -> None:
    log.say(said_of(still("one")))
    holder.receive(log)
    holder.take(still("one"))
    (first,) = holder.hits().values()
    assert (first.first_seen, first.last_seen) == (holder.world.clock.now, holder.world.clock.now)
    holder.world.clock.now += 1_000
    holder.take(still("one"), case="C-2")
    holder.match()
    (again,) = holder.hits().values()
    assert again == replace(first, last_seen=first.first_seen + 1_000)
    assert [shown.cases for shown in holder.list.page(Wanted()).hits] == [("C-1", "C-2")]


def test_a_holding_taken_in_while_records_are_not_matched_yet_falls_nowhere_between(holder: Holder, log: Log) -> None:
    holder.take(still("first"))
    log.say(said_of(still("second")))
    holder.receive(log)
    holder.take(still("second"))
    log.say(said_of(still("first")))
    holder.receive(log)
    assert {holding for holding, _ in holder.hits()} == {2}
    holder.match()
    assert {holding for holding, _ in holder.hits()} == {1, 2}


def test_what_an_ingest_has_in_hand_is_left_to_it(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[tuple[int, int]]] = []
    real = holder.matcher.local

    def look(*args: object, **how: object) -> object:
        seen.append(holder.kept.left_over(holder.waiting()))
        return real(*args, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(holder.matcher, "local", look)
    holder.take(still("one"))
    assert seen == [[]]
    assert holder.waiting() == []


def test_the_best_evidence_stays(holder: Holder, log: Log) -> None:
    """An ingest looks for the file, what arrives for what is kept of it. They may differ; the better one is kept."""
    log.say(said_of(still("other", like="one"), codes=[PDQ.code]))
    holder.receive(log)
    file = still("one", bits=25)
    turned = (file.pdq, *still("one", bits=4).pdq_orientations[:1], *file.pdq_orientations[2:])
    holder.take(replace(file, pdq_orientations=turned))
    assert kept(holder) == [(1, "pdq", 4)], "the picture's own orientation, which its bits tell less well"
    with holder.store.write() as tx:
        tx.wait_for_match(HOLDINGS_SOURCE, [1])
    holder.match()
    assert kept(holder) == [(1, "pdq", 4)]
    log.say(said_of(still("third", like="one", bits=25), codes=[PDQ.code]))
    holder.receive(log)
    holder.match()
    assert sorted(kept(holder)) == [(1, "pdq", 0), (1, "pdq", 4)]


def test_levels_and_places_are_those_of_the_record(holder: Holder, log: Log) -> None:
    log.say(said_of(still("filler")))
    record = log.say(said_of(still("one")))
    holder.receive(log)
    holder.take(still("one"))
    ((pair, hit),) = holder.hits().items()
    assert (pair, hit.place) == ((1, record), 1)
    with holder.store.read() as tx:
        assert leaf_at(tx, JP.origin, hit.place) == record.leaf
        assert tx.run(JP.origin, 1, 2, 0).states[0] == BodyState.HELD
        held = tx.holding(1)
    assert held is not None
    assert held.level is Level.NATIONAL


def test_what_a_match_of_holdings_finds_is_kept_too(holder: Holder, log: Log) -> None:
    """`vigil match --case`, while what arrived is not matched yet."""
    holder.take(still("one"))
    log.say(said_of(still("one")))
    holder.receive(log)
    with holder.store.read() as tx:
        held = tx.holdings()
    hits = holder.matcher.local([holding_subject(each) for each in held], 31, own_rows=[1])
    holder.kept.keep_match((), hits)
    assert holder.hits() == {}, "the subjects were no holdings"
    holder.kept.keep_match([1], hits)
    assert kept(holder) == [(1, "sha256", None)]
