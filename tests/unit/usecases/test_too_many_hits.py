"""Too many hits: of one record, and of one member for one holding. What is left out is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import PDQ
from node.domain.statements import Retraction
from node.usecases import arrivals as arriving
from node.usecases import stored_hits
from tests.simulator.arriving import Holder, said_of, still
from tests.simulator.federation import Log
from tests.unit.usecases.held_hits import DE, holder, kept, log

__all__ = ["holder", "log"]


def by_pdq(holder: Holder) -> list[int]:
    """The distances of the hits by PDQ, ascending."""
    found = [hit.evidence for hit in holder.hits().values() if hit.evidence and hit.evidence.algorithm == PDQ.name]
    return sorted(each.distance or 0 for each in found)


def test_a_record_that_is_like_everything_fills_no_table_and_that_is_said(
    holder: Holder, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_hits, "MAX_OF_RECORD", 5)
    monkeypatch.setattr(arriving, "MAX_OF_RECORD", 5)
    same = still("the same file", like="plain", bits=30)
    holder.take(*(still(f"file {n}", like="plain", bits=n) for n in range(20)), same)
    poison = log.say(said_of(replace(still("plain"), sha256=same.sha256)))
    holder.receive(log)
    holder.match()
    found = kept(holder)
    assert (21, "sha256", None) in found, "an equal SHA-256 is never left out"
    assert by_pdq(holder) == list(range(len(found) - 1))
    assert len(found) in (5, 6)
    assert set(holder.list.stand().left_out) == {poison}
    assert holder.list.stand().left_out[poison] >= 14
    holder.take(still("one more", like="plain", bits=1))
    assert len(kept(holder)) == len(found)
    log.say(Retraction(), kind=Kind.RETRACTION, target=poison)
    holder.receive(log)
    assert holder.list.stand().left_out == {}


def test_a_member_that_floods_a_holding_crowds_out_no_other(
    holder: Holder, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_hits, "MAX_OF_HOLDING", 5)
    holder.take(still("one"))
    for n in range(12):
        log.say(said_of(still(f"copy {n}", like="one", bits=n)))
    other = Log(DE)
    other.say(said_of(still("one")))
    for each in (log, other):
        holder.receive(each)
        holder.match()
    assert [record.origin for _, record in holder.hits()].count(DE.origin) == 1
    assert by_pdq(holder) == [0, 1, 2, 3, 4]
    assert holder.list.stand().left_out == {(1, "JP"): 7}
