"""A copy of another's log: what it takes to believe a package, and nothing of how it came or where it is kept.

Rules this module upholds:

- Deciding does no I/O: `verify_package` takes what is known of a log and a package, and gives what the log is after it.
- Nobody is believed for where bytes came from. The origin's key vouches for the tree, the tree for every entry, and
  every entry's commitments for what was disclosed of it. A hub can withhold; it cannot forge.
- A bad signature or proof refuses the package and leaves the log as it was. A malformed entry is set aside with a
  reason and the rest goes on. A fork is raised with its evidence; it stops that log, and no other.
- A body that does not open its commitment was never given: it is missing, and can be asked for again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from node.domain.batch import (
    FRAMING,
    MAX_BODY,
    MAX_HANDLING,
    MAX_PACKAGE,
    MAX_PROOF,
    MAX_RUN,
    Package,
    VerifiedBatch,
)
from node.domain.envelope import MAX_ENTRY, MIN_ENTRY
from node.domain.log_ports import LogReader, LogState
from node.domain.roster import Roster
from node.errors import Conflict, Damaged, Fork, Malformed, Refused
from node.tlog import follower, merkle, tiles
from node.tlog.follower import Followed, SignedCheckpoint
from node.tlog.merkle import CompactRange
from node.usecases.checkpoint_trust import LogTiles, fork, verify_note
from node.usecases.disclosure import Copy, judge
from node.usecases.entry_columns import Handlings, lengths, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a package is held against. `cosigned`: the hub's cosignature is demanded (when following)."""

    roster: Roster
    copy: Copy
    cosigned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A log as far as it was verified. `edge`: `tiles.read_edge` of `state.size`; `tree`: what it makes."""

    state: LogState
    edge: tuple[bytes, ...]
    tree: CompactRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A package that may be stored, and the log after it. `cosigned_at`: the hub's time on it (Unix seconds), or 0.

    `alarms`: (index, reason) of disclosures that were not taken, which the origin or the hub should be asked about.
    `before`: the log as it was.
    """

    batch: VerifiedBatch
    before: Position
    after: Position
    cosigned_at: int = 0
    alarms: Sequence[tuple[int, str]] = ()


def position(reader: LogReader, state: LogState) -> Position:
    """Where a stored log stands. Raises `Damaged` where its tiles are short, or do not make its root: what is appended
    to them would contradict all that was signed before.
    """
    edge = tiles.read_edge(LogTiles(reader, state.number), state.size)
    tree = tiles.compact_range(state.size, edge)
    if tree.root() != state.root:
        raise Damaged(
            f"the stored tiles of {state.origin} do not make its stored root",
            remedy="run fsck, and restore the newest backup",
        )
    return Position(state=state, edge=edge, tree=tree)


def verify_package(at: Position, package: Package, rules: Rules, handlings: Handlings) -> Verified:
    """Checks a package against the log as it stands.

    1. It continues this log, which is not frozen. 2. It keeps the limits. 3. Its checkpoint is signed by a key that the
    roster lets vouch for this log at this size; 4. cosigned by the hub, where demanded; 5. and neither contradicts one
    seen before nor falls back behind it. 6. Its entries extend the tree to the checkpoint's root, or to a tree that the
    checkpoint's begins with, and where they pass one seen before, they pass it at its root. 7. Each entry is an
    envelope. 8. Disclosures open their commitments. 9. Handling and envelope agree, and admit us.

    Raises `Refused` (frozen), `Conflict`, `Malformed`, `BadSignature`, `BadProof`, `Fork`; the log is then as it was.
    `Damaged` where what is stored of it contradicts itself. 5. and 6. are `tlog.follower.extend`.
    Left to the caller: to store the batch with `applying_runs.apply` before speaking of it, and to freeze the log on a
    fork.
    """
    state = at.state
    # 1. This log, from where it stands.
    if package.origin != state.origin:
        raise Malformed("a package of another log than the one it came for")
    if package.fault:
        raise Malformed(package.fault)
    if state.frozen:
        raise Refused(
            f"{state.origin} is frozen: {state.frozen}", remedy="the federation's authority opens a new epoch"
        )
    if package.start != state.size:
        raise Conflict(f"{state.origin} stands at {state.size} entries, not at {package.start}", have=state.size)
    # 2. Limits.
    _check_limits(package)
    # 3. and 4. Signatures.
    checkpoint, cosigned_at = verify_note(rules.roster, state.origin, package.checkpoint, cosigned=rules.cosigned)
    # 5. and 6. The tree.
    leaves = merkle.leaf_hashes(package.entries)
    grown = tiles.append(state.size, at.edge, leaves)
    offered = SignedCheckpoint(checkpoint=checkpoint, note=package.checkpoint)
    known = _extend(at, package, offered, leaves, grown.tree)
    # 7. to 9. What the entries say and hide.
    envelopes = parse(state.origin, package.entries)
    judged = judge(package, envelopes, rules.copy, handlings)
    batch = VerifiedBatch(
        origin=state.origin,
        start=package.start,
        entries=package.entries,
        leaves=leaves,
        kinds=envelopes.kinds.tobytes(),
        expiry_days=envelopes.expiry.tolist(),
        nonces=judged.keep(package.nonces),
        bodies=judged.keep(package.bodies),
        handling_nonces=judged.keep(package.handling_nonces),
        handlings=judged.keep(package.handlings),
        states=judged.states.tobytes(),
        tiles=dict(grown.tiles),
        size=grown.size,
        root=known.root,
        targets=envelopes.targets,
        quarantine=sorted(judged.quarantine.items()),
    )
    alarms = [(package.start + place, reason) for place, reason in sorted(judged.alarms.items())]
    after = Position(
        state=_after(state, known, offered, cosigned=rules.cosigned),
        edge=tiles.edge_after(at.edge, grown),
        tree=grown.tree,
    )
    return Verified(batch=batch, before=at, after=after, cosigned_at=cosigned_at, alarms=alarms)


def _check_limits(package: Package) -> None:
    count = len(package.entries)
    columns = (package.nonces, package.bodies, package.handling_nonces, package.handlings)
    if not 0 < count <= MAX_RUN or any(len(column) != count for column in columns):
        raise Malformed("a package without entries, with too many, or with columns of unequal length")
    if len(package.proof) > MAX_PROOF or package.start < 0:
        raise Malformed("a package with a proof that is too long, or that starts nowhere")
    sizes = [lengths(column) for column in (package.entries, *columns)]
    if sum(int(each.sum()) for each in sizes) + FRAMING * count > MAX_PACKAGE:
        raise Malformed(f"a package of more than {MAX_PACKAGE} bytes")
    if sizes[0].min() < MIN_ENTRY or sizes[0].max() > MAX_ENTRY:
        raise Malformed(f"an entry has between {MIN_ENTRY} and {MAX_ENTRY} bytes")
    if sizes[2].max() > MAX_BODY or sizes[4].max() > MAX_HANDLING:
        raise Malformed("a body or a handling that is too long")


def _extend(
    at: Position, package: Package, offered: SignedCheckpoint, leaves: Sequence[bytes], grown: CompactRange
) -> Followed:
    """What is known of the log with these entries, once the checkpoint is known to vouch for them."""
    state = at.state
    known = follower.resume(str(state.origin), at.tree, state.checkpoint, state.anchor)
    try:
        return follower.extend(
            known, package.start, leaves, offered=offered, consistency_proof=package.proof, grown=grown
        )
    except Fork as found:
        raise fork(state.origin, *found.evidence) from found


def _after(state: LogState, known: Followed, offered: SignedCheckpoint, *, cosigned: bool) -> LogState:
    """The log's state once the run is stored: the newest checkpoint, and the earliest that it still has to reach."""
    size, note, anchor = offered.checkpoint.size, offered.note, known.anchor
    after = replace(
        state,
        size=known.size,
        root=known.root,
        checkpoint=note,
        checkpoint_size=size,
        anchor=anchor.note if anchor else b"",
        anchor_size=anchor.checkpoint.size if anchor else 0,
    )
    return replace(after, cosigned=note, cosigned_size=size) if cosigned and size == known.size else after
