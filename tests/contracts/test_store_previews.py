"""Previews in a store of each kind: their places, their keys, and what officers saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from node.domain.previews import KEY_SIZE, KeptPreview, PreviewUsage, Segment, Views
from tests.contracts.holdings import put

if TYPE_CHECKING:
    from node.domain.stores import NodeStore


def still(holding: int, number: int = 0, *, segment: int = 0, start: int = 0, size: int = 300) -> KeptPreview:
    return KeptPreview(
        holding=holding,
        still=number,
        place=Segment(number=segment, start=start, size=size),
        covered_size=208,
        keys=bytes([holding % 256, number]) * KEY_SIZE,
    )


def without_ids(stills: tuple[KeptPreview, ...]) -> list[tuple[object, ...]]:
    return [(each.holding, each.still, each.place, each.covered_size, each.keys) for each in stills]


def test_stills_come_back_in_order_with_their_keys(store: NodeStore) -> None:
    kept = [still(7, 1, start=300), still(7, 0), still(9, segment=2)]
    with store.write() as writer:
        writer.put_previews(kept)
    with store.read() as reader:
        found = reader.previews([9, 7, 8])
        assert without_ids(found[7]) == without_ids((kept[1], kept[0]))
        assert without_ids(found[9]) == without_ids((kept[2],))
        assert 8 not in found
        assert reader.with_previews([7, 8, 9]) == {7, 9}
        assert reader.preview_usage() == PreviewUsage(holdings=2, stills=3, size=900)
        assert reader.preview_sizes() == {0: 600, 2: 300}
        assert reader.preview_places(0) == [kept[1].place, kept[0].place]
        assert [each.holding for each in reader.preview_page(0, 2)] == [7, 7]


def test_a_moved_still_keeps_its_keys_and_a_deleted_one_stays_deleted(store: NodeStore) -> None:
    with store.write() as writer:
        writer.put_previews([still(7)])
        (kept,) = writer.preview_page(0, 10)
    moved = KeptPreview(
        id=kept.id,
        holding=7,
        still=0,
        place=Segment(number=3, start=40, size=300),
        covered_size=kept.covered_size,
        keys=kept.keys,
    )
    with store.write() as writer:
        writer.move_previews([moved])
        assert writer.previews([7])[7] == (moved,)
        assert writer.forget_previews() == 1
        writer.move_previews([moved])
        assert writer.previews([7]) == {}


def test_the_stills_of_one_segment_are_forgotten_alone(store: NodeStore) -> None:
    with store.write() as writer:
        writer.put_previews([still(7), still(8, segment=2), still(9, segment=2, start=300)])
        assert writer.forget_previews(2) == 2
        assert writer.with_previews([7, 8, 9]) == {7}


def test_a_deleted_holding_has_no_preview(store: NodeStore) -> None:
    with store.write() as writer:
        first = put(writer, "one")
        second = put(writer, "two")
        writer.put_previews([still(first), still(second, start=300)])
    with store.write() as writer:
        writer.delete_holding(first)
    with store.read() as reader:
        assert reader.with_previews([first, second]) == {second}
        assert reader.preview_usage().stills == 1


def test_an_error_stores_nothing(store: NodeStore) -> None:
    def failing() -> None:
        with store.write() as writer:
            writer.put_previews([still(7)])
            raise KeyError("planned")

    with pytest.raises(KeyError):
        failing()
    with store.read() as reader:
        assert reader.preview_usage() == PreviewUsage()


def test_each_officer_has_one_count(store: NodeStore) -> None:
    first = Views(day=3, count=1, first_at=10, last_at=10, since=10)
    second = Views(day=3, count=2, first_at=10, last_at=20, since=10)
    with store.write() as writer:
        assert writer.views("Ada") is None
        writer.put_views("Ada", first)
        writer.put_views("Ada", second)
    with store.read() as reader:
        assert reader.views("Ada") == second
        assert reader.views("Bo") is None
