"""The tree as stored: tiles of 256 hashes in the layout of c2sp.org/tlog-tiles, and the proofs made from them.

Rules this module upholds:

- Tile (level, index) holds the hashes of the complete subtrees of height 8 * level, from number 256 * index on: leaf
  hashes at level 0; above it, the hash of a *full* tile below. Hashes in between are computed, so no hash is stored
  twice.
- A tile only grows at its end. A partial tile is replaced by a longer one, never hashed into the level above, and may
  contain more than a given size of the tree needs: a reader uses only what belongs to that size.
- `append` takes and returns plain bytes, so that its caller can read the right edge and write the new tiles in one
  transaction. A crash before the end of that transaction leaves the tree unchanged.
- A tile without required hashes is `Damaged`: our own disk is at fault, not the peer that asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from node.errors import Damaged, Misuse
from node.tlog.merkle import EMPTY_ROOT, HASH_SIZE, MAX_TREE_SIZE, CompactRange, fold_right, parents

TILE_HEIGHT: Final = 8
"""Levels of the tree in one tile."""
TILE_WIDTH: Final = 2**TILE_HEIGHT
"""Hashes in a full tile: 8,192 bytes."""


class TileReader(Protocol):
    """The source of tiles."""

    def read_tile(self, level: int, index: int, /) -> bytes:
        """The hashes of this tile that exist, concatenated: 0 to 256, each 32 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TilePlace:
    """One tile of a tree, and how many of its hashes belong to that tree."""

    level: int
    index: int
    width: int


class Appended(NamedTuple):
    """The result of an append: the tiles to write (each replaces the old one), and the tree after it."""

    tiles: Mapping[tuple[int, int], bytes]
    tree: CompactRange

    @property
    def size(self) -> int:
        """Leaves of that tree."""
        return self.tree.size

    @property
    def root(self) -> bytes:
        """The root over them."""
        return self.tree.root()


# --- writing ----------------------------------------------------------------------------------------------------------


def edge_places(size: int) -> tuple[TilePlace, ...]:
    """The partial tiles of a tree of this size, one per level from 0 up to its top. A width of 0: the tile is not
    begun.
    """
    places: list[TilePlace] = []
    at_level = size
    while at_level:
        index, width = divmod(at_level, TILE_WIDTH)
        places.append(TilePlace(level=len(places), index=index, width=width))
        at_level = index
    return tuple(places)


def read_edge(reader: TileReader, size: int) -> tuple[bytes, ...]:
    """The right edge that `append` needs: the content of each of `edge_places`, cut to its width."""
    return tuple(
        _read(reader, place.level, place.index, place.width) if place.width else b"" for place in edge_places(size)
    )


def append(
    size: int, edge: Sequence[bytes], leaf_hashes: Sequence[bytes], tree: CompactRange | None = None
) -> Appended:
    """Appends leaves to a tree of `size` leaves.

    `edge` is what `read_edge` returns for that size; `tree` is what `compact_range` makes of it, if the caller has kept
    it. Costs one hash per leaf, and without `tree` at most 255 per level for the root. Raises Misuse if edge or tree do
    not match the size, or a leaf hash is not 32 bytes long.
    """
    if tree is not None and tree.size != size:
        raise Misuse("the compact range is of another tree")
    places = edge_places(size)
    if [len(tile) for tile in edge] != [place.width * HASH_SIZE for place in places]:
        raise Misuse("a right edge that does not fit the size of its tree")
    if not set(map(len, leaf_hashes)) <= {HASH_SIZE} or size + len(leaf_hashes) > MAX_TREE_SIZE:
        raise Misuse("leaf hashes are 32 bytes long, and fewer than 2^63 in a tree")
    tiles: dict[tuple[int, int], bytes] = {}
    partial: list[list[bytes]] = []
    rising, level = list(leaf_hashes), 0
    while rising or level < len(edge):
        row = _split(edge[level]) if level < len(edge) else []
        first = places[level].index if level < len(places) else 0
        if rising:
            row += rising
            for at in range(0, len(row), TILE_WIDTH):
                tiles[level, first + at // TILE_WIDTH] = b"".join(row[at : at + TILE_WIDTH])
        full = len(row) - len(row) % TILE_WIDTH
        partial.append(row[full:])
        rising = _climb(row[:full], TILE_HEIGHT)
        level += 1
    if tree is not None:
        return Appended(tiles, tree.append_many(leaf_hashes))
    return Appended(tiles, CompactRange(size=size + len(leaf_hashes), edge=tuple(_complete(partial))))


def edge_after(edge: Sequence[bytes], appended: Appended) -> tuple[bytes, ...]:
    """The right edge after an append to a tree with this edge: what `read_edge` would return, without reading."""
    return tuple(
        appended.tiles.get((place.level, place.index), edge[place.level] if place.level < len(edge) else b"")
        if place.width
        else b""
        for place in edge_places(appended.size)
    )


def compact_range(size: int, edge: Sequence[bytes]) -> CompactRange:
    """The same tree as a compact range, from what `read_edge` returns. At most 255 hashes per level."""
    return CompactRange(size=size, edge=tuple(_complete([_split(tile) for tile in edge])))


def tile_root(tile: bytes) -> bytes:
    """What a full tile contributes to the level above it; for a check of a whole store. Raises Damaged if not full."""
    if len(tile) != TILE_WIDTH * HASH_SIZE:
        raise Damaged("a tile that should be full holds fewer or more than 256 hashes")
    return _climb(_split(tile), TILE_HEIGHT)[0]


def _complete(partial: Sequence[Sequence[bytes]]) -> list[bytes]:
    """The complete subtrees that a tree splits into, the largest first, from its partial tiles, level 0 first."""
    subtrees: list[bytes] = []
    for row in reversed(partial):
        start = 0
        for height in reversed(range(TILE_HEIGHT)):
            if len(row) & (1 << height):
                subtrees += _climb(row[start : start + (1 << height)], height)
                start += 1 << height
    return subtrees


# --- reading ----------------------------------------------------------------------------------------------------------


def root(reader: TileReader, size: int) -> bytes:
    """The root of the tree's first `size` leaves. Raises Damaged if a tile is short."""
    return _Tree(reader).range_hash(0, size) if size else EMPTY_ROOT


def inclusion_proof(reader: TileReader, index: int, size: int) -> tuple[bytes, ...]:
    """The proof that leaf `index` (from 0) is in the tree's first `size` leaves, from the leaf's sibling up.

    RFC 9162, section 2.1.3.1. Raises Misuse if there is no such leaf, Damaged if a tile is short.
    """
    if not 0 <= index < size:
        raise Misuse("an inclusion proof is asked for a leaf that the tree does not have")
    tree, siblings = _Tree(reader), []
    start, end = 0, size
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return tuple(tree.range_hash(*each) for each in reversed(siblings))


def consistency_proof(reader: TileReader, old_size: int, new_size: int) -> tuple[bytes, ...]:
    """The proof that the tree's first `new_size` leaves begin with its first `old_size`; empty from 0 and from itself.

    RFC 9162, section 2.1.4.1. Raises Misuse if the sizes cannot follow each other, Damaged if a tile is short.
    """
    if not 0 <= old_size <= new_size:
        raise Misuse("a consistency proof is asked between sizes that cannot follow each other")
    if old_size in (0, new_size):
        return ()
    tree, needed = _Tree(reader), []
    start, end = 0, new_size
    while end != old_size:
        middle = start + _largest_power_below(end - start)
        if old_size <= middle:
            needed.append((middle, end))
            end = middle
        else:
            needed.append((start, middle))
            start = middle
    # The old tree's last subtree itself; if that is the whole old tree, the verifier has it already.
    if start:
        needed.append((start, end))
    return tuple(tree.range_hash(*each) for each in reversed(needed))


class _Tree:
    """The nodes of one tree, derived from tiles that are each read once."""

    def __init__(self, reader: TileReader) -> None:
        self._reader = reader
        self._tiles: dict[tuple[int, int], bytes] = {}

    def range_hash(self, start: int, end: int) -> bytes:
        """The hash over leaves [start, end), where `start` is where a subtree of RFC 9162 may begin."""
        subtrees = []
        while start < end:
            height = (end - start).bit_length() - 1
            subtrees.append(self._subtree(height, start >> height))
            start += 1 << height
        return fold_right(subtrees)

    def _subtree(self, height: int, number: int) -> bytes:
        """The root of the complete subtree of this height, counted from the left."""
        level, inner = divmod(height, TILE_HEIGHT)
        index, offset = divmod(number << inner, TILE_WIDTH)
        width = offset + (1 << inner)
        tile = self._tiles.get((level, index), b"")
        if len(tile) < width * HASH_SIZE:
            tile = _read(self._reader, level, index, width, exact=False)
            self._tiles[level, index] = tile
        return _climb(_split(tile[offset * HASH_SIZE : width * HASH_SIZE]), inner)[0]


def _read(reader: TileReader, level: int, index: int, width: int, *, exact: bool = True) -> bytes:
    """A tile with at least `width` hashes; cut to them if `exact`."""
    tile = reader.read_tile(level, index)
    if len(tile) % HASH_SIZE or not width * HASH_SIZE <= len(tile) <= TILE_WIDTH * HASH_SIZE:
        raise Damaged(
            f"tile {index} of level {level} does not hold the {width} hashes it must have",
            remedy="run fsck; the tiles can be rebuilt from the entries",
        )
    return tile[: width * HASH_SIZE] if exact else tile


def _largest_power_below(count: int) -> int:
    """The largest power of two smaller than `count`, which is at least 2: where RFC 9162 splits a tree."""
    return 1 << ((count - 1).bit_length() - 1)


def _climb(nodes: Sequence[bytes], height: int) -> list[bytes]:
    """The nodes `height` levels above these, which fill complete subtrees of that height."""
    row = list(nodes)
    for _ in range(height):
        row = parents(row)
    return row


def _split(tile: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE)]
