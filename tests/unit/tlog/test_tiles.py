"""Tiles: which exist at which size, what an append writes, and what a damaged store is told."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import Damaged, Misuse
from node.tlog import merkle, tiles


class Shelf:
    """Tiles in memory."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}

    def read_tile(self, level: int, index: int) -> bytes:
        return self.tiles.get((level, index), b"")

    def grow(self, size: int, leaf_hashes: list[bytes]) -> tiles.Appended:
        appended = tiles.append(size, tiles.read_edge(self, size), leaf_hashes)
        self.tiles |= appended.tiles
        return appended


def leaves(count: int) -> list[bytes]:
    """That many different leaf hashes."""
    return [hashlib.sha256(each.to_bytes(4, "big")).digest() for each in range(count)]


def test_the_tiles_of_the_specifications_example() -> None:
    """c2sp.org/tlog-tiles, "Partial Tiles": the tree of 70,000 leaves, and the tree of 256."""
    shelf = Shelf()
    shelf.grow(0, leaves(70_000))
    widths = {place: len(tile) // 32 for place, tile in shelf.tiles.items()}
    assert sum(level == 0 and width == 256 for (level, _), width in widths.items()) == 273
    assert {place: width for place, width in widths.items() if width < 256} == {(0, 273): 112, (1, 1): 17, (2, 0): 1}
    assert widths[1, 0] == 256
    assert tiles.append(0, (), leaves(256)).tiles.keys() == {(0, 0), (1, 0)}


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537])
def test_one_leaf_at_a_time_and_all_at_once_write_the_same_tiles(size: int) -> None:
    hashes = leaves(size + 3)
    at_once, grown = Shelf(), Shelf()
    at_once.grow(0, hashes)
    grown.grow(0, hashes[:size])
    for more in range(size, size + 3):
        appended = grown.grow(more, [hashes[more]])
        assert appended.size == more + 1
        assert appended.root == merkle.CompactRange().append_many(hashes[: more + 1]).root()
    assert grown.tiles == at_once.tiles


def test_an_append_writes_only_the_tiles_it_changed() -> None:
    shelf = Shelf()
    shelf.grow(0, leaves(600))
    assert shelf.grow(600, leaves(1)).tiles.keys() == {(0, 2)}


def test_appending_nothing_writes_nothing_and_gives_the_root() -> None:
    shelf = Shelf()
    assert tiles.append(0, (), ()) == ({}, merkle.CompactRange())
    before = shelf.grow(0, leaves(300))
    assert tiles.append(300, tiles.read_edge(shelf, 300), ()) == ({}, before.tree)
    assert (before.size, before.root) == (300, merkle.CompactRange().append_many(leaves(300)).root())


def test_an_upper_entry_is_the_root_of_the_full_tile_below() -> None:
    shelf = Shelf()
    shelf.grow(0, leaves(600))
    assert shelf.tiles[1, 0] == tiles.tile_root(shelf.tiles[0, 0]) + tiles.tile_root(shelf.tiles[0, 1])
    with pytest.raises(Damaged):
        tiles.tile_root(shelf.tiles[0, 2])


def test_a_smaller_tree_is_read_from_the_tiles_of_a_larger() -> None:
    shelf, hashes = Shelf(), leaves(1000)
    shelf.grow(0, hashes)
    for size in (0, 1, 255, 256, 257, 999):
        assert tiles.root(shelf, size) == merkle.CompactRange().append_many(hashes[:size]).root()
        assert tiles.append(size, tiles.read_edge(shelf, size), hashes[size:]).root == tiles.root(shelf, 1000)


@given(sizes=st.lists(st.integers(0, 700), min_size=2, max_size=8))
def test_a_tree_that_is_kept_while_it_grows_gives_what_reading_gives(sizes: list[int]) -> None:
    shelf, hashes, size = Shelf(), leaves(sum(sizes)), 0
    edge: tuple[bytes, ...] = ()
    tree = merkle.CompactRange()
    for more in sizes:
        new = hashes[size : size + more]
        kept = tiles.append(size, edge, new, tree)
        assert kept == shelf.grow(size, new)
        size, edge, tree = kept.size, tiles.edge_after(edge, kept), kept.tree
        assert edge == tiles.read_edge(shelf, size)


def test_a_tree_of_another_size_is_refused() -> None:
    with pytest.raises(Misuse):
        tiles.append(0, (), leaves(1), merkle.CompactRange().append_many(leaves(2)))


@pytest.mark.parametrize("edge", [(), (b"\0" * 32,), (b"\0" * 64, b"\0" * 32), (b"\0" * 95, b"\0" * 32)])
def test_an_edge_that_does_not_fit_the_size_is_refused(edge: tuple[bytes, ...]) -> None:
    with pytest.raises(Misuse):
        tiles.append(259, edge, leaves(1))


def test_a_leaf_hash_of_another_width_is_refused() -> None:
    with pytest.raises(Misuse):
        tiles.append(0, (), [b"\0" * 31])


@pytest.mark.parametrize("content", [b"", b"\0" * 8191, b"\0" * 8224, b"\0" * 8160])
def test_a_tile_that_is_short_or_ragged_is_damage_of_ours(content: bytes) -> None:
    shelf = Shelf()
    shelf.grow(0, leaves(300))
    shelf.tiles[0, 0] = content
    with pytest.raises(Damaged):
        tiles.inclusion_proof(shelf, 0, 300)


def test_a_partial_tile_that_ends_within_a_hash_is_damage_of_ours() -> None:
    shelf = Shelf()
    shelf.grow(0, leaves(300))
    shelf.tiles[0, 1] += b"\0"
    for read in (tiles.read_edge, tiles.root):
        with pytest.raises(Damaged):
            read(shelf, 300)


def test_the_edge_after_an_append_is_the_edge_that_is_read_back() -> None:
    shelf, size = Shelf(), 0
    for count in (1, 0, 254, 1, 1, 700, 65_000, 3):
        edge = tiles.read_edge(shelf, size)
        appended = shelf.grow(size, leaves(count))
        size += count
        assert tiles.edge_after(edge, appended) == tiles.read_edge(shelf, size)
        assert tiles.compact_range(size, tiles.read_edge(shelf, size)).root() == appended.root


def test_proofs_of_what_cannot_be_are_our_own_mistake() -> None:
    shelf = Shelf()
    shelf.grow(0, leaves(3))
    for index, size in ((3, 3), (-1, 3), (0, 0)):
        with pytest.raises(Misuse):
            tiles.inclusion_proof(shelf, index, size)
    for old, new in ((3, 2), (-1, 2)):
        with pytest.raises(Misuse):
            tiles.consistency_proof(shelf, old, new)


def test_a_proof_reads_each_tile_once() -> None:
    class Counting(Shelf):
        def __init__(self) -> None:
            super().__init__()
            self.reads: list[tuple[int, int]] = []

        def read_tile(self, level: int, index: int) -> bytes:
            self.reads.append((level, index))
            return super().read_tile(level, index)

    shelf = Counting()
    shelf.grow(0, leaves(70_000))
    shelf.reads.clear()
    tiles.inclusion_proof(shelf, 12_345, 70_000)
    assert len(shelf.reads) == len(set(shelf.reads)) <= 5
