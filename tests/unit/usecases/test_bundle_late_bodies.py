"""Bodies that a bundle left out come later, with another bundle or over the line."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure
from node.domain.ids import Origin
from node.domain.statements import Comment
from node.usecases.export_sources import Selection
from node.usecases.from_files import read_ranges
from tests.simulator.federation import TODAY
from tests.simulator.world import Node, Wire
from tests.unit.usecases.bundles import ASK_FIRST, FOR_JP, FOR_LAB, FR, JP, LAB, Sea, bundle, read, written

HELD, MISSING, NOT_FOR_US, PURGED = BodyState.HELD, BodyState.MISSING, BodyState.NOT_FOR_US, BodyState.PURGED


@pytest.fixture
def sea() -> Sea:
    return Sea()


def test_bodies_that_were_not_chosen_come_with_another_bundle(sea: Sea) -> None:
    records = sea.share(sea.fr, [1, 2, 3])
    chosen, counts, _ = written(sea.fr, Selection(series="series 2"))
    assert counts.written == 1
    result = read(sea.lab, chosen)[FR.id]
    assert (result.records, result.missing, result.after) == (1, 2, 3)
    assert sea.lab.states(FR.origin) == [MISSING, HELD, MISSING]
    sea.fr.ledger.retract(records[0])
    sea.publish(sea.fr)
    result = read(sea.lab, bundle(sea.fr))[FR.id]
    assert result.late == 1
    assert sea.lab.states(FR.origin) == [PURGED, HELD, HELD, HELD]
    assert [sea.lab.finds(number) for number in (1, 2, 3)] == [False, True, True]


def test_the_line_brings_the_bodies_that_a_bundle_left_out(sea: Sea) -> None:
    sea.share(sea.fr, [1], ASK_FIRST)
    assert read(sea.lab, bundle(sea.fr))[FR.id].missing == 1
    assert asyncio.run(sea.lab.repairer.round()) == 1
    assert sea.lab.finds(1)


def test_a_record_for_this_member_comes_with_a_later_bundle_or_over_the_line(sea: Sea) -> None:
    sea.share(sea.fr, [1], replace(FOR_LAB, retain_until_day=TODAY + 9))
    sea.share(sea.fr, [2], FOR_JP)
    (third,) = sea.share(sea.jp, [3], FOR_LAB)
    sea.jp.ledger.comment(third, Comment(text="here"))
    sea.publish(sea.jp)
    read(sea.lab, bundle(sea.fr))
    assert (sea.lab.states(FR.origin), sea.lab.states(JP.origin)) == ([NOT_FOR_US] * 2, [NOT_FOR_US] * 2)
    asyncio.run(sea.lab.catch_up())
    again = Node(sea.world, LAB, Wire(sea.hub, LAB.id))
    read(again, bundle(sea.fr))

    # With a bundle of a member that may read it.
    assert read(sea.lab, bundle(sea.fr, to=LAB.id))[FR.id].late == 1
    assert sea.lab.states(FR.origin) == [HELD, NOT_FOR_US]
    assert sea.lab.finds(1)
    with sea.lab.store.read() as tx:
        assert tx.expiring(TODAY + 10, 9) == [(FR.origin, 0)]

    # Over the line: each entry is asked for once, and only what came from a file.
    assert asyncio.run(again.closed.round()) == 3
    assert (again.states(FR.origin), again.states(JP.origin)) == ([HELD, NOT_FOR_US], [HELD, HELD])
    assert all(again.finds(number) for number in (1, 3))
    assert asyncio.run(again.closed.round()) == 0
    with again.store.read() as tx:
        assert read_ranges(tx) == {}


class Sparing(Wire):
    """A hub whose answers have room for one body, and that counts what it is asked."""

    asked: list[int]

    async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        given = await super().bodies(origin, indices)
        self.asked = [*getattr(self, "asked", []), len(indices)]
        return dict(sorted(given.items())[:1])


def test_an_answer_that_was_too_long_is_continued(sea: Sea) -> None:
    for number in range(6):
        sea.share(sea.fr, [number], FOR_LAB if number % 2 else FOR_JP)
    wire = Sparing(sea.hub, LAB.id)
    node = Node(sea.world, LAB, wire)
    read(node, bundle(sea.jp))
    asyncio.run(node.closed.round())
    assert node.states(FR.origin) == [NOT_FOR_US, HELD] * 3
    assert wire.asked == [6, 4, 2]


def test_nothing_is_asked_for_before_the_log_is_caught_up(sea: Sea) -> None:
    sea.share(sea.fr, [1], FOR_LAB)
    read(sea.lab, bundle(sea.jp))
    sea.share(sea.fr, [2])
    assert asyncio.run(sea.lab.closed.round()) == 0
    asyncio.run(sea.lab.catch_up())
    assert asyncio.run(sea.lab.closed.round()) == 1
    assert sea.lab.states(FR.origin) == [HELD, HELD]


def test_remarks_stay_on_a_record_that_is_for_us_after_all(sea: Sea) -> None:
    (record,) = sea.share(sea.fr, [1], FOR_LAB)
    read(sea.lab, bundle(sea.jp))
    sea.fr.ledger.comment(record, Comment(text="here"))
    sea.publish(sea.fr)
    read(sea.lab, bundle(sea.fr, to=LAB.id))
    sea.lab.custody.sweep()
    assert sea.lab.states(FR.origin) == [HELD, HELD]


def test_a_body_of_a_retracted_record_is_not_taken_from_an_older_bundle(sea: Sea) -> None:
    (record,) = sea.share(sea.fr, [1])
    whole, chosen = bundle(sea.fr), written(sea.fr, Selection(series="none"))[0]
    read(sea.lab, chosen)
    sea.fr.ledger.retract(record)
    sea.publish(sea.fr)
    read(sea.lab, bundle(sea.fr))
    assert read(sea.lab, whole)[FR.id].late == 0
    assert sea.lab.states(FR.origin) == [PURGED, HELD]
    assert not sea.lab.finds(1)
