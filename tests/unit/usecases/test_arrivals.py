"""What arrives later reaches what is held: a record that comes after the holding is matched with it."""

from __future__ import annotations

import pytest

from node.domain.fingerprint_kinds import FRAME, MD5, PDQ
from tests.simulator.arriving import Holder, film, said_of, still, with_md5
from tests.simulator.federation import Log
from tests.unit.usecases.held_hits import FR, holder, kept, log

__all__ = ["holder", "log"]


def test_a_record_that_comes_later_reaches_the_holding(holder: Holder, log: Log) -> None:
    """An exact copy, a near one and a turned one, shared abroad after the file was taken in."""
    holder.take(still("one"), still("two"), still("three"), still("four"))
    log.say(said_of(still("one")))
    log.say(said_of(still("copy", like="two", bits=20)))
    log.say(said_of(still("turned", like="three", bits=9, turn=5)))
    log.say(said_of(still("far", like="four", bits=40)))
    holder.receive(log)
    assert holder.hits() == {}
    assert holder.arrivals.behind() == 4
    holder.match()
    assert kept(holder) == [(1, "sha256", None), (2, "pdq", 20), (3, "pdq", 9)]
    assert holder.arrivals.behind() == 0
    (turned,) = [hit.evidence for hit in holder.hits().values() if hit.holding == 3]
    assert turned is not None
    assert turned.orientation == "flop"


@pytest.mark.parametrize("holdings", [1, 30])
def test_it_is_the_same_whether_holdings_or_records_are_fewer(holder: Holder, log: Log, holdings: int) -> None:
    """Few holdings are looked for among many records, many are proposed by few."""
    holder.take(*(still(f"held {n}") for n in range(holdings)))
    for n in range(10):
        log.say(said_of(still(f"copy {n}", like=f"held {n}", bits=5)))
    holder.receive(log)
    holder.match()
    assert {holding for holding, _ in holder.hits()} == set(range(1, min(holdings, 10) + 1))


def test_a_video_that_comes_later_reaches_videos_and_stills(holder: Holder, log: Log) -> None:
    holder.take(film("cut"), still("a still", like="cut 3"), film("another"))
    log.say(said_of(film("copy", like="cut", bits=12)))
    holder.receive(log)
    holder.match()
    assert kept(holder) == [(1, "vpdq", 12), (2, "vpdq-frame", 12)]
    (hit,) = [each for each in holder.hits().values() if each.holding == 1]
    assert hit.evidence is not None
    assert hit.evidence.shares is not None
    assert hit.evidence.shares.query_percent == 100


def test_a_still_of_a_held_video_that_comes_later_reaches_it(holder: Holder, log: Log) -> None:
    holder.take(film("held", count=8))
    log.say(said_of(still("frame", like="held 5", turn=4)))
    holder.receive(log)
    holder.match()
    ((_, hit),) = holder.hits().items()
    assert hit.evidence is not None
    assert (hit.evidence.algorithm, hit.evidence.at, hit.evidence.subject_at) == ("vpdq-frame", None, 5_000)


def test_a_long_video_proposes_by_every_frame_in_every_orientation(holder: Holder, log: Log) -> None:
    """More frames than a search tries in the other orientations: a turned still of any of them is found."""
    holder.take(*(still(f"turned {n}", like=f"long {n}", turn=6) for n in range(3, 300, 50)), still("filler"))
    log.say(said_of(film("long", count=300), codes=[FRAME.code]))
    holder.receive(log)
    holder.match()
    assert {holding for holding, _ in holder.hits()} == {1, 2, 3, 4, 5, 6}


def test_own_records_and_low_quality_are_no_hits(holder: Holder, log: Log) -> None:
    holder.take(still("one"), still("dim", quality=20))
    own = Log(FR)
    own.say(said_of(still("one")))
    log.say(said_of(still("other", like="dim"), codes=[PDQ.code]))
    holder.receive(log)
    holder.match()
    assert holder.hits() == {}


def test_a_hit_by_a_weak_digest_says_so(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    log.say(said_of(with_md5(still("forged"), still("one")), codes=[MD5.code]))
    holder.receive(log)
    holder.match()
    (hit,) = holder.hits().values()
    assert hit.evidence is not None
    assert (hit.evidence.algorithm, hit.evidence.weak) == ("md5", True)


def test_without_holdings_nothing_is_searched_and_nothing_is_missed(holder: Holder, log: Log) -> None:
    """A node that takes in a million records before its first file."""
    for n in range(50):
        log.say(said_of(still(f"file {n}")))
    holder.receive(log)
    assert holder.arrivals.step(lambda: pytest.fail("it worked")) is False
    assert holder.arrivals.behind() == 0
    (result,) = holder.take(still("file 7"))
    assert len(result.hits) == 1
    assert kept(holder) == [(1, "sha256", None)]
