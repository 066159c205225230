"""What the hub sees of a member whose records say one thing over and over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from node.usecases import outliers
from node.usecases.outliers import Outliers, Sameness
from tests.simulator import poison
from tests.simulator.arriving import Holder, said_of, still
from tests.simulator.federation import Log, Speaker
from tests.simulator.world import CODEC, World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.domain.statements import Contribution

HUB, JP = Speaker.named("FR"), Speaker.named("JP")


def seen(*runs: Iterable[Contribution]) -> Sameness:
    holder, log = Holder(World([HUB, JP]), HUB), Log(JP)
    for run in runs:
        for said in run:
            log.say(said)
    holder.receive(log)
    with holder.store.read() as tx:
        (state,) = [each for each in tx.logs() if each.origin == JP.origin]
        found, looker = Outliers(CODEC).of(tx, state), Outliers(CODEC)
        assert looker.of(tx, state) == looker.of(tx, state) == found
    return found


def honest(count: int) -> Iterable[Contribution]:
    return (said_of(still(f"picture {number}")) for number in range(count))


def test_a_flood_of_one_picture_is_seen_however_it_is_spread() -> None:
    for flood in (poison.identical, poison.around):
        found = seen(honest(100), flood(still("ordinary").pdq, 100))
        assert found == Sameness(recent=200, alike=100)
        assert found.striking


def test_honest_records_and_a_short_series_are_nothing_striking() -> None:
    found = seen(honest(100), (said_of(still(f"frame {n}", like="one scene", bits=n % 9)) for n in range(20)))
    assert (found.recent, found.alike) == (120, 20)
    assert not found.striking
    assert not seen(poison.identical(still("ordinary").pdq, 10)).striking, "too few to say anything"


def test_only_the_newest_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outliers, "RECENT", 50)
    found = seen(poison.identical(still("ordinary").pdq, 100), honest(70))
    assert (found.recent, found.striking) == (50, False)


def test_a_log_without_pictures_has_nothing_alike() -> None:
    assert seen(said_of(still("digests"), codes=[1, 2, 3]) for _ in range(3)) == Sameness()
