"""What becomes of a hit: what ends it, what hides it, and what goes on with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.statements import Category, Retraction, Tri
from node.domain.stored_hits import FoundHit, StoredHit
from node.usecases import stored_hits
from node.usecases.hit_list import Wanted
from tests.simulator.arriving import Holder, said_of, still
from tests.simulator.federation import TODAY, Log, cosigned
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.held_hits import JP, holder, log

__all__ = ["holder", "log"]


def stored(holder: Holder, holding: int, record: RecordId) -> StoredHit:
    with holder.store.read() as tx:
        return tx.hits_of_pairs([(holding, record)])[holding, record]


def test_a_retraction_ends_the_hit_and_leaves_nothing_of_the_body(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    record = log.say(said_of(still("copy", like="one", bits=7)))
    holder.receive(log)
    holder.match()
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    assert isinstance(holder.store, MemoryStore)
    scrubs = holder.store.scrubs
    holder.receive(log)
    assert holder.hits() == {}
    assert holder.list.stand().counts.hits == 0
    gone = stored(holder, 1, record)
    assert (gone.ended, gone.evidence) == (True, None)
    assert holder.store.scrubs > scrubs
    holder.match()
    assert holder.hits() == {}


def test_a_record_purged_while_its_hit_was_on_the_way_leaves_none(
    holder: Holder, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.take(still("one"))
    record = log.say(said_of(still("one")))
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    holder.receive(log, 1)
    real = holder.kept.keep

    def late(found: Sequence[FoundHit], done: stored_hits.Done = stored_hits.NOTHING_DONE) -> int:
        if found:
            holder.receive(log)
        return real(found, done)

    monkeypatch.setattr(holder.kept, "keep", late)
    holder.match()
    assert holder.hits() == {}
    with holder.store.read() as tx:
        assert tx.hits_of_pairs([(1, record)]) == {}


def test_a_correction_goes_on_with_the_hit_of_the_record_that_it_replaces(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    record = log.say(said_of(still("copy", like="one", bits=7)))
    holder.receive(log)
    holder.match()
    (first,) = holder.hits().values()
    holder.list.shown([first])
    holder.world.clock.now += 500
    category = Category(scheme="s", version="1", code="B", baseline=Tri.YES)
    head = log.say(
        replace(said_of(still("copy", like="one", bits=3)), category=category), kind=Kind.CORRECTION, target=record
    )
    holder.receive(log)
    assert holder.hits() == {}, "the body that it was about is gone"
    holder.match()
    ((pair, hit),) = holder.hits().items()
    assert pair == (1, head)
    assert (hit.id, hit.first_seen, hit.last_seen) == (first.id, first.first_seen, first.first_seen + 500)
    assert hit.shown_at, "it was shown before"
    assert hit.evidence is not None
    assert hit.evidence.distance == 3
    assert [shown.statement.category for shown in holder.list.page(Wanted()).hits if shown.statement] == [category]


def test_a_chain_of_corrections_between_two_matchings_goes_on_with_the_hit(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    head = log.say(said_of(still("one")))
    holder.receive(log)
    holder.match()
    (first,) = holder.hits().values()
    for _ in range(4):
        head = log.say(said_of(still("one")), kind=Kind.CORRECTION, target=head)
    holder.receive(log)
    holder.match()
    ((pair, hit),) = holder.hits().items()
    assert pair == (1, head)
    assert hit.id == first.id


def test_a_correction_that_is_like_nothing_here_leaves_no_hit(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    record = log.say(said_of(still("one")))
    holder.receive(log)
    holder.match()
    log.say(said_of(still("another")), kind=Kind.CORRECTION, target=record)
    holder.receive(log)
    holder.match()
    assert holder.hits() == {}


def test_an_expired_record_takes_its_hits_along(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    log.say(said_of(still("one")), handling=Handling(retain_until_day=TODAY + 1))
    holder.receive(log)
    holder.match()
    assert len(holder.hits()) == 1
    holder.world.clock.now = later = (TODAY + 2) * SECONDS_A_DAY
    with holder.store.write() as tx:
        tx.set_cosigned(JP.origin, cosigned(log.note(), later), log.size)
    assert holder.node.custody.sweep().expired == 1
    assert holder.hits() == {}


def test_a_holding_that_leaves_takes_its_hits_along(holder: Holder, log: Log) -> None:
    holder.take(still("one"), still("two", like="one", bits=2))
    record = log.say(said_of(still("one")))
    holder.receive(log)
    holder.match()
    assert {holding for holding, _ in holder.hits()} == {1, 2}
    with holder.node.catalogue.change() as change:
        change.removed.append({HOLDINGS_SOURCE: [1]})
    assert {holding for holding, _ in holder.hits()} == {2}
    with holder.store.read() as tx:
        assert tx.hits_of_pairs([(1, record)]) == {}


def test_hits_that_ended_long_ago_are_forgotten(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    record = log.say(said_of(still("one")))
    holder.receive(log)
    holder.match()
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    holder.receive(log)
    holder.world.clock.now = later = (TODAY + 40) * SECONDS_A_DAY
    with holder.store.write() as tx:
        tx.set_cosigned(JP.origin, cosigned(log.note(), later), log.size)
    assert holder.node.custody.forget_hits(41) == 0
    assert holder.node.custody.forget_hits(30) == 1


def test_what_the_allow_list_hides_is_counted_and_comes_back_with_it(holder: Holder, log: Log) -> None:
    holder.take(still("one"), still("two"))
    for word in ("one", "two"):
        log.say(said_of(still(word)))
    holder.receive(log)
    with holder.store.write() as tx:
        tx.allow([still("one").sha256], 1)
    holder.match()
    assert {holding for holding, _ in holder.hits()} == {2}
    counts = holder.list.stand("C-1").counts
    assert (counts.hits, counts.hidden) == (1, 1)
    assert holder.list.stand("C-1").holdings == {2}
    with holder.store.write() as tx:
        tx.clear_allowed()
    assert {holding for holding, _ in holder.hits()} == {1, 2}
