"""A copy of another member's log: the checks that a package must pass, independent of transport and storage.

Rules this module upholds:

- No I/O: `verify_package` takes the known state of a log and a package, and returns the log's state after it.
- The source of the bytes is never trusted. The origin's key vouches for the tree, the tree for every entry, and every
  entry's commitments for its disclosures. A hub can withhold; it cannot forge.
- A bad signature or proof refuses the package and leaves the log unchanged. A malformed entry is set aside with a
  reason, and the rest continues. A fork is raised with its evidence; it stops only that log.
- A body that does not open its commitment counts as missing, and can be requested again.
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
    """What a package is compared with. `cosigned`: the hub's cosignature is required (when following)."""

    roster: Roster
    copy: Copy
    cosigned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The verified state of a log. `edge`: `tiles.read_edge` of `state.size`; `tree`: the tree that it gives."""

    state: LogState
    edge: tuple[bytes, ...]
    tree: CompactRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A package that may be stored, and the log's state after it. `cosigned_at`: the hub's time on it (Unix seconds),
    or 0.

    `alarms`: (index, reason) of refused disclosures, which should be raised with the origin or the hub. `before`: the
    log's state before it.
    """

    batch: VerifiedBatch
    before: Position
    after: Position
    cosigned_at: int = 0
    alarms: Sequence[tuple[int, str]] = ()


def position(reader: LogReader, state: LogState) -> Position:
    """The state of a stored log. Raises `Damaged` if its tiles are incomplete, or do not give its root: entries
    appended to them would contradict everything signed before.
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
    roster lets vouch for this log at this size; 4. cosigned by the hub, if required; 5. and it neither contradicts an
    earlier one nor is smaller than one. 6. Its entries extend the tree to the checkpoint's root, or to a tree that the
    checkpoint's tree begins with; if they pass an earlier checkpoint's size, they have its root there. 7. Each entry is
    an envelope. 8. Disclosures open their commitments. 9. Handling and envelope agree, and admit us.

    Raises `Refused` (frozen), `Conflict`, `Malformed`, `BadSignature`, `BadProof`, `Fork`; the log is then unchanged.
    Raises `Damaged` if the stored log contradicts itself. 5. and 6. are `tlog.follower.extend`. The caller must store
    the batch with `applying_runs.apply` before it reports progress, and freeze the log on a fork.
    """
    state = at.state
    # 1. This log, from its present size.
    if package.origin != state.origin:
        raise Malformed("the package is of another log")
    if package.fault:
        raise Malformed(package.fault)
    if state.frozen:
        raise Refused(
            f"{state.origin} is frozen: {state.frozen}", remedy="the federation's authority opens a new epoch"
        )
    if package.start != state.size:
        raise Conflict(f"{state.origin} has {state.size} entries, not {package.start}", have=state.size)
    # 2. Limits.
    _check_limits(package)
    # 3. and 4. Signatures.
    checkpoint, cosigned_at = verify_note(rules.roster, state.origin, package.checkpoint, cosigned=rules.cosigned)
    # 5. and 6. The tree.
    leaves = merkle.leaf_hashes(package.entries)
    grown = tiles.append(state.size, at.edge, leaves)
    offered = SignedCheckpoint(checkpoint=checkpoint, note=package.checkpoint)
    known = _extend(at, package, offered, leaves, grown.tree)
    # 7. to 9. Entries and their disclosures.
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
        raise Malformed("a package with a proof that is too long, or that has no start")
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
    """The known log with these entries, once the checkpoint is known to vouch for them."""
    state = at.state
    known = follower.resume(str(state.origin), at.tree, state.checkpoint, state.anchor)
    try:
        return follower.extend(
            known, package.start, leaves, offered=offered, consistency_proof=package.proof, grown=grown
        )
    except Fork as found:
        raise fork(state.origin, *found.evidence) from found


def _after(state: LogState, known: Followed, offered: SignedCheckpoint, *, cosigned: bool) -> LogState:
    """The log's state once the run is stored: the newest checkpoint, and the earliest one not reached yet."""
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
