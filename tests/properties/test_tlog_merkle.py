"""The Merkle tree against the recursive definitions of RFC 9162, written out here as the RFC states them."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import BadProof, Malformed
from node.tlog import merkle, tiles

MOST = 700


def leaf(number: int) -> bytes:
    """The leaf hash of a numbered entry, computed apart from the code under test."""
    return hashlib.sha256(b"\x00" + number.to_bytes(4, "big")).digest()


LEAVES = [leaf(each) for each in range(MOST)]


def split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """MTH (RFC 9162, 2.1.1)."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH (RFC 9162, 2.1.3.1)."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), tree_hash(leaves[k:])]
    return [*path(index - k, leaves[k:]), tree_hash(leaves[:k])]


def subproof(old: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF (RFC 9162, 2.1.4.1)."""
    if old == len(leaves):
        return [] if whole else [tree_hash(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*subproof(old, leaves[:k], whole=whole), tree_hash(leaves[k:])]
    return [*subproof(old - k, leaves[k:], whole=False), tree_hash(leaves[:k])]


class Shelf:
    """The tiles of the largest tree."""

    def __init__(self) -> None:
        self.tiles = tiles.append(0, (), LEAVES).tiles

    def read_tile(self, level: int, index: int) -> bytes:
        return self.tiles.get((level, index), b"")


SHELF = Shelf()
sizes = st.integers(1, MOST) | st.sampled_from([1, 2, 3, 255, 256, 257, 511, 512, 513])


@given(st.data(), sizes)
def test_inclusion_proofs_are_the_rfcs_and_verify(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = tiles.inclusion_proof(SHELF, index, size)
    assert list(proof) == path(index, LEAVES[:size])
    root = tree_hash(LEAVES[:size])
    merkle.verify_inclusion(index, size, LEAVES[index], proof, root)
    other = data.draw(st.integers(0, size).filter(lambda each: each != index))
    with pytest.raises(BadProof):
        merkle.verify_inclusion(other, size, LEAVES[index], proof, root)


@given(st.data(), sizes)
def test_consistency_proofs_are_the_rfcs_and_verify(data: st.DataObject, size: int) -> None:
    old = data.draw(st.integers(1, size))
    proof = tiles.consistency_proof(SHELF, old, size)
    assert list(proof) == subproof(old, LEAVES[:size], whole=True)
    old_root, root = tree_hash(LEAVES[:old]), tree_hash(LEAVES[:size])
    merkle.verify_consistency(old, size, old_root, root, proof)
    wrong = data.draw(st.integers(1, MOST).filter(lambda each: each != old))
    with pytest.raises(BadProof):
        merkle.verify_consistency(wrong, size, old_root, root, proof)


@given(st.data(), sizes)
def test_a_proof_with_one_bit_changed_fails(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = list(tiles.inclusion_proof(SHELF, index, size))
    if not proof:
        return
    place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    proof[place] = (int.from_bytes(proof[place], "big") ^ (1 << bit)).to_bytes(32, "big")
    with pytest.raises(BadProof):
        merkle.verify_inclusion(index, size, LEAVES[index], proof, tree_hash(LEAVES[:size]))


@given(st.lists(st.integers(0, 300), max_size=6).filter(lambda cuts: sum(cuts) <= MOST))
def test_a_tree_grown_in_any_steps_is_the_same_tree(cuts: list[int]) -> None:
    """The compact range and the tiles agree with the definition after every step, and survive being stored."""
    shelf = Shelf()
    shelf.tiles = {}
    grown, size = merkle.CompactRange(), 0
    for count in cuts:
        more = LEAVES[size : size + count]
        appended = tiles.append(size, tiles.read_edge(shelf, size), more)
        shelf.tiles = {**shelf.tiles, **appended.tiles}
        grown = merkle.CompactRange.from_bytes(grown.append_many(more).to_bytes())
        size += count
        assert grown.root() == appended.root == tiles.root(shelf, size) == tree_hash(LEAVES[:size])
        assert grown.size == appended.size == size


@given(st.binary(max_size=200))
def test_a_compact_range_has_one_encoding(data: bytes) -> None:
    try:
        read = merkle.CompactRange.from_bytes(data)
    except Malformed:
        return
    assert read.to_bytes() == data
