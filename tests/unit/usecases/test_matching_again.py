"""What is matched later or again: after a crash, when a body comes late, and under another radius."""

from __future__ import annotations

import pytest

from node.domain.envelope import Kind
from node.errors import Damaged, StoreError
from node.usecases.arrivals import Arrivals
from tests.simulator.arriving import Holder, said_of, still
from tests.simulator.federation import Log
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.held_hits import DE, JP, holder, kept, log

__all__ = ["holder", "log"]


def test_an_ingest_that_died_before_it_was_matched_is_matched_at_the_next_start(
    holder: Holder, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.say(said_of(still("one")))
    holder.receive(log)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(holder.matcher, "local", die)
    with pytest.raises(KeyboardInterrupt):
        holder.take(still("one"))
    assert holder.holding_waits(1)
    again = holder.restarted()
    again.match()
    assert kept(again) == [(1, "sha256", None)]
    assert again.waiting() == []


def test_work_that_was_cut_off_is_done_again(holder: Holder, log: Log) -> None:
    holder.take(*(still(f"held {n}") for n in range(30)))
    for n in range(20):
        log.say(said_of(still(f"copy {n}", like=f"held {n}", bits=3)))
    holder.receive(log)
    assert isinstance(holder.store, MemoryStore)
    holder.store.fail_next_commit = StoreError("the disk is gone")
    with pytest.raises(StoreError):
        holder.match()
    assert holder.arrivals.behind() == 20
    steps = iter([True] * 1 + [False] * 9)
    assert holder.arrivals.step(lambda: next(steps)) is False, "the pace ended it"
    assert holder.arrivals.behind() == 20
    again = holder.restarted()
    again.match()
    assert len(again.hits()) == 20


def test_a_body_that_comes_late_is_matched_when_it_comes(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    log.say(said_of(still("one")))
    shown = log.disclosures[0]
    missing = log.package(hub=True, nonces=[b""], bodies=[b""], handling_nonces=[b""], handlings=[b""])
    copies = holder.node.copies
    copies.open()
    copies.commit(copies.verify([missing]))
    holder.match()
    assert holder.arrivals.behind() == 0
    assert holder.hits() == {}
    with holder.node.catalogue.change() as change:
        change.fill(JP.origin, {0: Kind.CONTRIBUTION}, {0: shown})
    assert holder.arrivals.behind() == 1
    holder.match()
    assert kept(holder) == [(1, "sha256", None)]
    assert holder.waiting() == []


def test_a_log_in_which_something_is_damaged_stops_no_other(
    holder: Holder, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.take(still("one"))
    other = Log(DE)
    for each in (log, other):
        each.say(said_of(still("one")))
        holder.receive(each)
    real = Arrivals._in_order

    def damaged(self: Arrivals, log: object, *rest: object) -> None:
        if log.origin == JP.origin:  # type: ignore[attr-defined]
            raise Damaged("a stored body is cut short")
        real(self, log, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Arrivals, "_in_order", damaged)
    holder.match()
    assert {record.origin for _, record in holder.hits()} == {DE.origin}
    assert "cut short" in holder.arrivals.trouble
    assert holder.arrivals.behind() == 1


def test_another_radius_matches_everything_again(holder: Holder, log: Log) -> None:
    holder.radius = 10
    holder.take(still("one"))
    log.say(said_of(still("near", like="one", bits=20)))
    holder.receive(log)
    holder.match()
    assert holder.hits() == {}
    holder.radius = 31
    holder.match()
    assert kept(holder) == [(1, "pdq", 20)]
