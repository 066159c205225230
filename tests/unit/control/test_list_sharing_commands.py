"""Hits on a list and rows of a list as records, as lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from node.control.list_hit_commands import ListHitCommands
from node.control.list_sharing_commands import ListSharingCommands
from node.errors import Misuse
from node.match.ranking import rank
from node.usecases.cases import Cases
from node.usecases.hit_list import HitList
from node.usecases.hit_reading import HitReading
from node.usecases.list_hits import ListHits
from node.usecases.list_sharing import ListSharing
from node.usecases.matching import Matcher
from node.usecases.publication import Publishing
from tests.simulator.world import CODEC, Hub, Node, Wire, World
from tests.unit.usecases.desk import prints
from tests.unit.usecases.list_desk import FR, Shelf
from tests.unit.usecases.listed import row

Line = dict[str, Any]


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    world = World([FR])
    made = Shelf(Node(world, FR, Wire(Hub(world), FR.id)))
    yield made
    made.close()


async def never() -> AsyncIterator[Line]:
    await asyncio.Event().wait()
    yield {}


def lines(command: Any, arguments: Line) -> list[Line]:
    async def collect() -> list[Line]:
        return [line async for line in command(arguments, never())]

    return asyncio.run(collect())


def hits(shelf: Shelf) -> Any:
    matcher = Matcher(store=shelf.node.store, index=shelf.node.index, codec=CODEC, rank=rank, own=lambda: FR.id)
    found = ListHits(store=shelf.node.store, index=shelf.node.index, matcher=matcher, radius=lambda: 31)
    cases = Cases(shelf.node.store)
    stored = HitList(store=shelf.node.store, codec=CODEC, own=FR.id, clock=shelf.node.world.clock)
    return ListHitCommands(reading=HitReading(hits=stored, list_hits=found, cases=cases, audit=shelf.audit)).list_hits


def sharing(shelf: Shelf) -> Any:
    publishing = Publishing(shelf.publications, lambda: None)
    return ListSharingCommands(sharing=ListSharing(contributing=shelf.sharing, publishing=publishing)).contribute_list


def test_holdings_that_match_are_lines_up_to_a_limit_and_all_are_counted(shelf: Shelf) -> None:
    held = shelf.hold(*range(1, 8))
    shelf.take([row(each, md5=prints(each).md5) for each in range(1, 6)])
    with shelf.node.store.write() as tx:
        tx.allow([prints(2).sha256], 1)
    first, second, summary = lines(hits(shelf), {"list": "L", "limit": 2})
    assert [first["holding"], second["holding"]] == [held[0], held[2]]
    (hit,) = first["hits"]
    assert (hit["algorithm"], hit["list"]["name"], hit["list"]["record"]) == ("md5", "L", 1)
    assert (first["cases"], first["left_out"]) == (["C"], 0)
    counts = {"holdings": 4, "shown": 2, "hidden": 1, "rejected": 0}
    assert summary == {"list": "L", "case": None, **counts, "next": held[2]}
    *rest, summary = lines(hits(shelf), {"list": "L", "after": held[2]})
    assert [line["holding"] for line in rest] == held[3:5]
    assert (summary["holdings"], summary["next"]) == (2, None)
    assert lines(hits(shelf), {"list": "L", "show_all": True})[1]["allowed"] is True


def test_rows_ask_first_then_are_shared_and_the_rest_is_told_by_its_reason(shelf: Shelf) -> None:
    shelf.take([row(each) for each in range(1, 13)] + [row(20, code="5")])
    (asked,) = lines(sharing(shelf), {"list": "L"})
    assert (asked["asks"], asked["would_contribute"], asked["not_shared"]) == (True, 12, {"category": 1})
    assert asked["handling"]["audience"] == "everyone"
    *rows, summary = lines(sharing(shelf), {"list": "L", "plan": asked["plan"]})
    assert len({line["record"] for line in rows}) == 12
    assert (summary["contributed"], summary["queued"], summary["interrupted"]) == (12, 12, False)
    assert summary["not_shared"] == {"category": 1}
    (again,) = lines(sharing(shelf), {"list": "L", "dry_run": True})
    assert (again["would_contribute"], again["not_shared"]) == (0, {"before": 12, "category": 1})
    with pytest.raises(Misuse):
        lines(sharing(shelf), {"list": "L", "rows": ["x"]})
