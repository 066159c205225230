"""Following one log: every decision on a run of its leaves, without fetching and storing.

Rules this module upholds:

- A state is a value. `advance` returns the next one or raises; after an error the caller's state is still valid. The
  caller makes the next state durable before it acts on it.
- A leaf counts only if it is proven to lie under a checkpoint that the log signed (and the hub cosigned, if required).
- A checkpoint may be ahead of the leaves. Then it is an anchor: when the leaves reach it, they must give its root. The
  oldest one stays the anchor, so a log cannot replace a checkpoint by signing further ones.
- A fork is always raised: `Fork` carries both notes. A shorter checkpoint does not prove one; it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from node.errors import BadProof, BadSignature, Conflict, Damaged, Fork, Malformed, Misuse
from node.tlog import note as notes
from node.tlog.checkpoint import Checkpoint, parse_text, verify_checkpoint
from node.tlog.cosignature import verify_cosignature
from node.tlog.merkle import CompactRange, verify_consistency
from node.tlog.note import VerifierKey

_FSCK: Final = "run fsck; a copy of a log can be fetched again from the hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A verified checkpoint, and its note as received."""

    checkpoint: Checkpoint
    note: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A follower's knowledge of one log.

    `tree` is the tree over its leaves. `latest` is the highest checkpoint ever verified, None before the first.
    `anchor` is the oldest one that its leaves have not reached, None if they have reached all.
    """

    origin: str
    tree: CompactRange = field(default_factory=CompactRange)
    latest: SignedCheckpoint | None = None
    anchor: SignedCheckpoint | None = None

    @property
    def size(self) -> int:
        """Number of its leaves: verified progress, and the cursor for the next request."""
        return self.tree.size

    @property
    def root(self) -> bytes:
        """The root over those leaves."""
        return self.tree.root()


def resume(origin: str, tree: CompactRange, latest: bytes = b"", anchor: bytes = b"") -> Followed:
    """The state from a store: the tree, and the verified notes (b"" if there is none).

    Signatures were checked before the notes were stored. If no anchor was stored, the latest checkpoint is the anchor.
    Raises Damaged if a note is not a checkpoint of this log, or the tree does not match a checkpoint of its own size:
    then the store is damaged, or partly restored from old copies.
    """
    if not latest:
        return Followed(origin=origin, tree=tree)
    highest = _read(origin, latest)
    oldest = _read(origin, anchor) if anchor not in (b"", latest) else highest
    for each in (highest, oldest):
        if each.checkpoint.size == tree.size and each.checkpoint.root != tree.root():
            raise Damaged("the stored leaves of a log do not match its stored checkpoint", remedy=_FSCK)
    ahead = oldest.checkpoint.size > tree.size
    return Followed(origin=origin, tree=tree, latest=highest, anchor=oldest if ahead else None)


def advance(
    state: Followed,
    start: int,
    leaf_hashes: Sequence[bytes],
    *,
    checkpoint_note: bytes,
    consistency_proof: Sequence[bytes],
    log_vkeys: Iterable[VerifierKey],
    hub_vkey: VerifierKey | None = None,
    grown: CompactRange | None = None,
) -> Followed:
    """Accepts leaves [start, start + n) under a checkpoint at or after their end; n may be 0, for a checkpoint alone.

    `consistency_proof` leads from the tree that ends with these leaves to the checkpoint's tree. `hub_vkey` requires
    the hub's cosignature. `grown` is the tree with these leaves, if the caller has already computed it from them.

    Raises Conflict (`have` says from where to continue), Malformed, BadSignature, BadProof, Fork. The caller hashed the
    leaves from the entries themselves, chose `log_vkeys` by the roster for this origin and size, and must check what
    the entries commit to.
    """
    offered = _verify(state.origin, checkpoint_note, log_vkeys, hub_vkey)
    return extend(state, start, leaf_hashes, offered=offered, consistency_proof=consistency_proof, grown=grown)


def extend(
    state: Followed,
    start: int,
    leaf_hashes: Sequence[bytes],
    *,
    offered: SignedCheckpoint,
    consistency_proof: Sequence[bytes],
    grown: CompactRange | None = None,
) -> Followed:
    """`advance` under a checkpoint whose signatures the caller has verified: this log's, and any others that it
    requires.

    Raises Conflict, BadProof, Fork; Misuse if the checkpoint is of another log.
    """
    # 1. The run begins where ours ends.
    if start != state.size:
        raise Conflict(f"a run from {start} on, where this log is followed up to {state.size}", have=state.size)
    # 2. The checkpoint is of this log.
    if offered.checkpoint.origin != state.origin:
        raise Misuse("the checkpoint is of another log")
    # 3. It neither contradicts a known checkpoint nor is older than one.
    for known in (state.anchor, state.latest):
        if known is not None:
            _compare(known, offered)
    if state.latest is not None and offered.checkpoint.size < state.latest.checkpoint.size:
        raise BadProof("a rollback: the checkpoint is older than one that was verified before")
    # 4. It covers the whole run.
    end = start + len(leaf_hashes)
    if offered.checkpoint.size < end:
        raise BadProof("a run of leaves that extends past its checkpoint")
    # 5. The tree that ends with the run is the beginning of the checkpoint's tree.
    tree = _grow(state.tree, leaf_hashes, grown)
    verify_consistency(end, offered.checkpoint.size, tree.root(), offered.checkpoint.root, consistency_proof)
    # 6. Where the leaves reached an earlier checkpoint, they gave its root.
    for known in (state.anchor, state.latest):
        if known is not None and state.size < known.checkpoint.size <= end:
            reached = known.checkpoint.size
            passed = tree if reached == end else state.tree.append_many(leaf_hashes[: reached - start])
            if passed.root() != known.checkpoint.root:
                raise Fork(
                    "the log signed a checkpoint that its own leaves contradict", evidence=(known.note, offered.note)
                )
    # 7. Checkpoints still ahead of the leaves are remembered, the oldest as the anchor.
    ahead = [each for each in (state.anchor, state.latest, offered) if each is not None and each.checkpoint.size > end]
    return Followed(origin=state.origin, tree=tree, latest=offered, anchor=ahead[0] if ahead else None)


# --- comparing two checkpoints ----------------------------------------------------------------------------------------


class Relation(Enum):
    """The relation of a second checkpoint of a log to a first."""

    SAME = "same"
    FORK = "fork"
    """One size, two roots: both cannot be true, for any leaves."""
    ROLLBACK = "rollback"
    """The second is shorter. Old news, or a log that was reset: no contradiction by itself."""
    LONGER = "longer"
    """The second is longer: a consistency proof must decide."""


def relate(first: Checkpoint, second: Checkpoint) -> Relation:
    """The relation of `second` to `first`. Raises Misuse if they are of different logs."""
    if first.origin != second.origin:
        raise Misuse("two checkpoints of different logs say nothing about each other")
    if second.size != first.size:
        return Relation.LONGER if second.size > first.size else Relation.ROLLBACK
    return Relation.SAME if second.root == first.root else Relation.FORK


def detect_fork(note_a: bytes, note_b: bytes) -> Relation:
    """The relation of the checkpoint in `note_b` to that in `note_a`. Raises Malformed if they are not of one log.

    The caller verified the log's signature on both: on unsigned text this says nothing about the log.
    """
    first, second = (parse_text(notes.parse(each).text) for each in (note_a, note_b))
    if first.origin != second.origin:
        raise Malformed("two checkpoints of different logs")
    return relate(first, second)


def _compare(known: SignedCheckpoint, offered: SignedCheckpoint) -> None:
    if relate(known.checkpoint, offered.checkpoint) is Relation.FORK:
        raise Fork("the log signed two roots for one size", evidence=(known.note, offered.note))


# --- steps ------------------------------------------------------------------------------------------------------------


def _verify(
    origin: str, data: bytes, log_vkeys: Iterable[VerifierKey], hub_vkey: VerifierKey | None
) -> SignedCheckpoint:
    note = notes.parse(data)
    checkpoint = verify_checkpoint(note, log_vkeys)
    if checkpoint.origin != origin:
        raise BadSignature("the checkpoint is of another log")
    if hub_vkey is not None:
        verify_cosignature(note, hub_vkey)
    return SignedCheckpoint(checkpoint=checkpoint, note=data)


def _read(origin: str, data: bytes) -> SignedCheckpoint:
    try:
        checkpoint = parse_text(notes.parse(data).text)
    except Malformed as fault:
        raise Damaged("the stored checkpoint of a log is not a checkpoint", remedy=_FSCK) from fault
    if checkpoint.origin != origin:
        raise Damaged("the checkpoint stored with a log is another log's", remedy=_FSCK)
    return SignedCheckpoint(checkpoint=checkpoint, note=data)


def _grow(tree: CompactRange, leaf_hashes: Sequence[bytes], grown: CompactRange | None) -> CompactRange:
    if grown is None:
        return tree.append_many(leaf_hashes)
    if grown.size != tree.size + len(leaf_hashes):
        raise Misuse("the given tree does not end with the run of leaves")
    return grown
