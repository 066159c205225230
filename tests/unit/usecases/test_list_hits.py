"""Holdings that were here before a list: all that match it are found, whichever side is the smaller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.lists import ListState
from node.domain.queries import Level
from node.errors import NotFound, Refused
from node.usecases import list_hits
from node.usecases.intake import columns_of
from node.usecases.list_hits import HoldingHits, ListHits
from tests.unit.usecases.listed import RADIUS, Shelf, opened, prints, row, value


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with opened(tmp_path / "vigil.db") as made:
        yield made


def found(shelf: Shelf, name: str, after: int = 0) -> list[HoldingHits]:
    hits = ListHits(store=shelf.store, index=shelf.index, matcher=shelf.matcher, radius=lambda: RADIUS)
    return [each for page in hits.of(name, after=after) for each in page]


def near(given: bytes, bits: int) -> bytes:
    return (int.from_bytes(given, "big") ^ ((1 << bits) - 1)).to_bytes(len(given), "big")


@pytest.mark.parametrize("held", [6, 40], ids=["more rows than holdings", "more holdings than rows"])
def test_every_holding_that_matches_is_found_by_each_kind_and_in_each_orientation(shelf: Shelf, held: int) -> None:
    """Holdings 1 to 5 match; 6 is one bit too far; the rest are of other pictures."""
    numbers = shelf.hold(*range(1, held + 1))
    mirrored = prints(4).pdq_orientations[4]
    rows = [
        row(1),
        row(2, md5=b"", sha1=value(2, 20)),
        row(3, md5=b"", sha256=prints(3).sha256),
        row(4, md5=b"", pdq=near(mirrored, 31), pdq_quality=70),
        row(5, id="a"),
        row(5, id="b", code="2"),
        row(6, md5=b"", pdq=near(prints(6).pdq, 32), pdq_quality=70),
        *(row(each) for each in range(200, 203)),
    ]
    shelf.take("L", rows)
    shelf.take("other", [row(6)])
    hits = found(shelf, "L")
    assert [each.holding for each in hits] == numbers[:5]
    assert [each.hits[0].algorithm for each in hits] == ["md5", "sha1", "sha256", "pdq", "md5"]
    assert hits[3].hits[0].distance == 31
    assert [hit.row.record for hit in hits[4].hits if hit.row] == [5, 5]
    assert all(hit.row is not None and hit.row.name == "L" for each in hits for hit in each.hits)
    assert {each.cases for each in hits} == {("C",)}
    assert [each.holding for each in found(shelf, "L", after=numbers[2])] == numbers[3:5]


def test_a_row_that_is_near_too_many_holdings_hides_none(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_hits, "MOST_OF_ROW", 3)
    numbers = shelf.hold(*range(1, 9))
    with shelf.catalogue.change() as change:  # more holdings that have one and the same PDQ
        same = [replace(prints(each), pdq=prints(1).pdq) for each in range(20, 30)]
        more = [change.writer.put_holding(each, level=Level.NATIONAL, case="D", tag=b"", now=1)[0] for each in same]
        change.hold(columns_of(more, same))
    shelf.take("L", [row(1, md5=b"", pdq=prints(1).pdq, pdq_quality=90)])
    assert [each.holding for each in found(shelf, "L")] == [numbers[0], *more]


def test_a_list_with_one_hash_many_times_counts_the_rows_that_are_not_shown(shelf: Shelf) -> None:
    (holding,) = shelf.hold(1)
    shelf.take("L", [row(1, id=str(each)) for each in range(50)])
    (only,) = found(shelf, "L")
    assert (only.holding, len(only.hits), only.left_out) == (holding, 10, 40)


def test_an_allowed_holding_is_marked(shelf: Shelf) -> None:
    shelf.hold(1, 2)
    shelf.take("L", [row(1), row(2)])
    with shelf.store.write() as tx:
        tx.allow([prints(1).sha256], 1)
    assert [each.allowed for each in found(shelf, "L")] == [True, False]


def test_a_list_that_is_not_here_or_not_searched_is_refused(shelf: Shelf) -> None:
    with pytest.raises(NotFound):
        found(shelf, "L")
    shelf.begin("L", [row(1)])
    assert shelf.lists.named("L").state is ListState.TAKING
    with pytest.raises(Refused):
        found(shelf, "L")
