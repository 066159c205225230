"""The Merkle tree of RFC 9162, section 2.1, over SHA-256: hashes, the two proofs, and the right edge of a growing tree.

Rules this module upholds:

- A hash is exactly 32 bytes, and a proof has exactly the length that its sizes require: anything shorter, longer or of
  another width is `BadProof`, never ignored.
- The empty tree has one root, `EMPTY_ROOT`. Every tree extends it, with an empty proof.
- `CompactRange` is all that a follower must remember to continue: the size, and one hash per set bit of it.
- No leaves are stored here. `node.tlog.tiles` makes proofs; this module only checks them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from node.errors import BadProof, Malformed, Misuse

HASH_SIZE: Final = 32
"""Bytes of a SHA-256 hash."""
MAX_TREE_SIZE: Final = 2**63 - 1
"""Most leaves of a tree: the limit of a signed 64-bit column and of a C2SP timestamp."""
EMPTY_ROOT: Final = hashlib.sha256().digest()
"""The root of the tree of no leaves (RFC 9162, section 2.1.1)."""

# A prepared state is copied rather than created again: that saves OpenSSL's look-up of the algorithm for each hash, and
# the concatenation of the prefix. It is about a third faster on 65-byte inputs, which are the whole bulk path.
_LEAF_STATE: Final = hashlib.sha256(b"\x00")
_NODE_STATE: Final = hashlib.sha256(b"\x01")

_SIZE_BYTES: Final = 8


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one leaf: SHA-256(0x00 || entry)."""
    state = _LEAF_STATE.copy()
    state.update(entry)
    return state.digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The hashes of many leaves, in order: `leaf_hash` for the bulk path."""
    prepared = _LEAF_STATE.copy
    hashes: list[bytes] = []
    for entry in entries:
        state = prepared()
        state.update(entry)
        hashes.append(state.digest())
    return hashes


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    state = _NODE_STATE.copy()
    state.update(left + right)
    return state.digest()


def parents(nodes: Sequence[bytes]) -> list[bytes]:
    """The level above an even number of adjacent nodes; the first of them is a left child."""
    prepared = _NODE_STATE.copy
    above: list[bytes] = []
    keep = above.append
    each = iter(nodes)
    for left, right in zip(each, each, strict=True):
        state = prepared()
        state.update(left + right)
        keep(state.digest())
    return above


def fold_right(subtrees: Sequence[bytes]) -> bytes:
    """The root over the complete subtrees that one tree splits into, the largest (leftmost) first."""
    if not subtrees:
        return EMPTY_ROOT
    root = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        root = node_hash(left, root)
    return root


# --- checking proofs --------------------------------------------------------------------------------------------------


def verify_inclusion(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Checks that `leaf_hash` is leaf `index` (from 0) of the tree of `size` leaves with this `root`.

    RFC 9162, section 2.1.3.2. `proof` runs from the leaf's sibling up. Raises BadProof. The caller must know that
    `root` was signed, and that `leaf_hash` is the hash of the expected entry.
    """
    # 1. The sizes are plausible, and every input of a hash has the width of a hash.
    if not 0 <= index < size <= MAX_TREE_SIZE:
        raise BadProof("an inclusion proof for a leaf that the tree does not have")
    _check_widths(leaf_hash, root, *proof)
    # 2. Climb: `place` is the node on the way up, `last` the rightmost node of its level.
    place, last = index, size - 1
    reached = leaf_hash
    for sibling in proof:
        if last == 0:
            raise BadProof("an inclusion proof longer than the tree is high")
        if place & 1 or place == last:
            reached = node_hash(sibling, reached)
            # A rightmost left child has no sibling: it rises unhashed until it is a right child.
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        place, last = place >> 1, last >> 1
    # 3. The climb ended at the root, and the root is the given one.
    if last != 0:
        raise BadProof("an inclusion proof shorter than the tree is high")
    if reached != root:
        raise BadProof("an inclusion proof that leads to another root")


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Checks that the tree of `new_size` leaves begins with the tree of `old_size` leaves.

    RFC 9162, section 2.1.4.2, and the two cases that it leaves open: equal sizes require equal roots and no proof; the
    empty tree must have `EMPTY_ROOT`, and every tree extends it with no proof (as in c2sp.org/tlog-witness). Raises
    BadProof. The caller must know where the roots come from.
    """
    # 1. The sizes are plausible.
    if not 0 <= old_size <= new_size <= MAX_TREE_SIZE:
        raise BadProof("a consistency proof between sizes that cannot follow each other")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise BadProof("a root that is not the empty tree's, for a tree without leaves")
    # 2. The special cases: nothing is hashed, so the proof must be empty. (Equal roots are equal at any width.)
    if old_size == new_size:
        if proof or old_root != new_root:
            raise BadProof("two trees of one size with different roots, or a proof where none is needed")
        return
    _check_widths(old_root, new_root, *proof)
    if old_size == 0:
        if proof:
            raise BadProof("a consistency proof from the empty tree has no hashes")
        return
    # 3. The tree that both share, climbed twice at once: towards the old root, and towards the new.
    reached_old, reached_new, last = _climb_consistency(old_size, new_size, old_root, proof)
    if last != 0:
        raise BadProof("a consistency proof shorter than the tree is high")
    if reached_old != old_root:
        raise BadProof("a consistency proof that does not lead to the old root")
    if reached_new != new_root:
        raise BadProof("a consistency proof that does not lead to the new root")


def _climb_consistency(
    old_size: int, new_size: int, old_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes, int]:
    """The old root and the new root that a proof leads to, and how much of the tree's height it did not climb."""
    # A complete old tree is a node of the new one: its root is the proof's first hash, and left out.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        raise BadProof("an empty consistency proof between different sizes")
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    reached_old = reached_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise BadProof("a consistency proof longer than the tree is high")
        if place & 1 or place == last:
            reached_old = node_hash(sibling, reached_old)
            reached_new = node_hash(sibling, reached_new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            reached_new = node_hash(reached_new, sibling)
        place, last = place >> 1, last >> 1
    return reached_old, reached_new, last


def _check_widths(*hashes: bytes) -> None:
    if any(len(each) != HASH_SIZE for each in hashes):
        raise BadProof("a hash in a proof is not 32 bytes long")


# --- the right edge ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactRange:
    """A tree from its first leaf, in the smallest form that can grow.

    `size` counts leaves. `edge` holds the roots of the complete subtrees that the tree splits into, the largest first:
    one for each set bit of `size`.
    """

    size: int = 0
    edge: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuses a size and an edge that do not match."""
        if not 0 <= self.size <= MAX_TREE_SIZE or len(self.edge) != self.size.bit_count():
            raise Misuse("a compact range holds one hash for each set bit of its size")
        if any(len(each) != HASH_SIZE for each in self.edge):
            raise Misuse("a compact range holds hashes of 32 bytes")

    def append_many(self, leaf_hashes: Sequence[bytes]) -> CompactRange:
        """The tree with these leaves after its own. One hash per leaf; about two million leaves per second and core."""
        if not set(map(len, leaf_hashes)) <= {HASH_SIZE}:
            raise Misuse("a leaf hash is 32 bytes long")
        nodes, kept, size = list(leaf_hashes), list(self.edge), self.size
        loose: list[bytes] = []
        # Level by level: the old edge's subtree of this level, if there is one, is left of the new nodes. Pairs rise,
        # and a last node without a partner stays on the new edge.
        while nodes:
            if size & 1:
                nodes.insert(0, kept.pop())
            if len(nodes) & 1:
                loose.append(nodes.pop())
            nodes, size = parents(nodes), size >> 1
        return CompactRange(size=self.size + len(leaf_hashes), edge=(*kept, *reversed(loose)))

    def append(self, leaf_hash: bytes) -> CompactRange:
        """The tree with one more leaf."""
        return self.append_many((leaf_hash,))

    def root(self) -> bytes:
        """The tree's root (RFC 9162, section 2.1.1)."""
        return fold_right(self.edge)

    def to_bytes(self) -> bytes:
        """The size as eight big-endian bytes, then the edge's hashes: at most 2,024 bytes."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.edge)

    @classmethod
    def from_bytes(cls, data: bytes) -> CompactRange:
        """Reads the output of `to_bytes`. Raises Malformed for anything else."""
        size, hashes = int.from_bytes(data[:_SIZE_BYTES], "big"), data[_SIZE_BYTES:]
        if len(data) < _SIZE_BYTES or size > MAX_TREE_SIZE or len(hashes) != HASH_SIZE * size.bit_count():
            raise Malformed("a compact range whose length does not fit its size")
        return cls(size=size, edge=tuple(hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)))
