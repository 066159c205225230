"""Checks a store against itself: every root, commitment and signature is recomputed from the stored bytes.

Rules this module upholds:

- Stored values are not trusted: leaves are hashed from entries, roots from leaves, commitments opened with nonces.
- It reads and never repairs. Each fault is named by log and index, with its remedy.
- One fault hides no other: the check continues to the end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure, check_disclosure, decode
from node.errors import BadProof, Damaged, Malformed, PeerFault
from node.tlog import merkle
from node.tlog.tiles import TILE_WIDTH, tile_root
from node.usecases.chain_check import Roots, chain_faults
from node.usecases.checkpoint_trust import verify_note
from node.usecases.mention_check import mention_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.log_ports import LogReader, LogState, StoredRun
    from node.domain.ports import Codec
    from node.domain.roster import Roster
    from node.domain.stores import LogStore

_READ_BYTES: Final = 4 << 20
MAX_FAULTS: Final = 20
"""How many faults are named per log; the rest are counted."""
MAX_WAITING: Final = 1 << 31
"""Statements that wait for their place: all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result for one log: how many entries and stored bodies were checked, and what is wrong."""

    log: str
    entries: int
    bodies: int
    faults: tuple[str, ...]


def check_store(store: LogStore, roster: Roster | None, codec: Codec | None = None) -> Iterator[Report]:
    """One report per log, then one for the database itself (`log` is "database").

    Without a roster, signatures are not checked, and the report says so. Without a codec, mentions are not checked.
    """
    with store.read() as reader:
        try:
            logs = reader.logs()
        except Malformed as error:
            logs = []
            yield Report(log="logs", entries=0, bodies=0, faults=(f"{error}: restore a backup",))
        first = Roots(reader)
        for log in logs:
            yield check_log(reader, log, roster, first, codec)
    yield Report(log="database", entries=0, bodies=0, faults=tuple(store.check()))


def check_log(
    reader: LogReader, log: LogState, roster: Roster | None, first: Roots, codec: Codec | None = None
) -> Report:
    """Recomputes one log. `first`: the records of all logs.

    1. Every entry hashes to the leaf in its tile, and each tile above hashes the tiles below it. 2. The leaves give the
    stored root. 3. Every stored body opens its commitment, also of statements that wait for their place; a body that is
    not held has left no bytes. 4. An entry that points at a record is filed under it, and has no body that the record's
    retraction or correction deletes; a statement of cooperation is filed under what its body is about. 5. The
    signatures of the checkpoints are valid, and their size and root are those of this log.
    """
    faults: list[str] = []
    tree = merkle.CompactRange()
    states: Counter[int] = Counter()
    roots = {log.size: log.root}
    for run in _runs(reader, log):
        if isinstance(run, str):
            # Its entry cannot be read: the leaf in its tile replaces it, so that the check can continue.
            faults.append(run)
            states[BodyState.HELD] += 1
            leaves = [_stored_leaf(reader, log, tree.size)]
        else:
            leaves = [merkle.leaf_hash(entry) for entry in run.entries]
            faults += _tile_faults(reader, log, run.start, leaves) + _body_faults(log, run)
            faults += chain_faults(reader, log.origin, run, first)
            if codec is not None and log.origin.stream == "log":
                faults += mention_faults(reader, log.origin, run, codec, first)
            states.update(run.states)
        signed = {log.checkpoint_size, log.anchor_size, log.cosigned_size}
        for size in sorted(each for each in signed if 0 < each - tree.size <= len(leaves)):
            roots[size] = tree.append_many(leaves[: size - tree.size]).root()
        tree = tree.append_many(leaves)
    if tree.size < log.size:
        faults.append(
            f"entries are missing from index {tree.size} on: restore a backup, or fetch the log again from the hub"
        )
    elif tree.root() != log.root:
        faults.append("the entries do not make the stored root: restore a backup, or fetch the log again from the hub")
    faults += _count_faults(reader, log, states) + _upper_tile_faults(reader, log) + _waiting_faults(reader, log)
    if roster is not None and log.origin.stream == "log":
        faults += _signature_faults(log, roots, roster)
    extra = len(faults) - MAX_FAULTS
    shown = faults[:MAX_FAULTS] + ([f"and {extra} more"] if extra > 0 else [])
    return Report(log=str(log.origin), entries=tree.size, bodies=states[BodyState.HELD], faults=tuple(shown))


def _runs(reader: LogReader, log: LogState) -> Iterator[StoredRun | str]:
    """All entries in order, as far as there are any; for an unreadable entry, the fault."""
    at, span = 0, log.size
    while at < log.size:
        try:
            run = reader.run(log.origin, at, min(at + span, log.size), _READ_BYTES)
        except Damaged as error:
            if span == 1:
                yield f"entry {at}: {error}: restore a backup, or fetch the log again from the hub"
                at += 1
            span = max(span // 2, 1)
            continue
        if not run.entries:
            return
        yield run
        at += len(run.entries)
        span = min(span * 2, log.size)


def _stored_leaf(reader: LogReader, log: LogState, index: int) -> bytes:
    number, place = divmod(index, TILE_WIDTH)
    leaf = reader.tile(log.number, 0, number)[place * merkle.HASH_SIZE :][: merkle.HASH_SIZE]
    return leaf.ljust(merkle.HASH_SIZE, b"\0")


def _tile_faults(reader: LogReader, log: LogState, start: int, leaves: list[bytes]) -> list[str]:
    faults = []
    tile, number = b"", -1
    for offset, leaf in enumerate(leaves):
        index, place = divmod(start + offset, TILE_WIDTH)
        if index != number:
            tile, number = reader.tile(log.number, 0, index), index
        if tile[place * merkle.HASH_SIZE :][: merkle.HASH_SIZE] != leaf:
            faults.append(f"entry {start + offset} is not what its leaf hash says: restore a backup")
    return faults


def _upper_tile_faults(reader: LogReader, log: LogState) -> list[str]:
    """Tiles above the leaves that do not match the hash of the full tiles below them."""
    faults = []
    full, level = log.size // TILE_WIDTH, 1
    while full:
        for number in range(full):
            index, place = divmod(number, TILE_WIDTH)
            above = reader.tile(log.number, level, index)[place * merkle.HASH_SIZE :][: merkle.HASH_SIZE]
            below = reader.tile(log.number, level - 1, number)
            if len(below) != TILE_WIDTH * merkle.HASH_SIZE or above != tile_root(below):
                faults.append(f"tile {index} of level {level} does not match the tiles below it: restore a backup")
        full, level = full // TILE_WIDTH, level + 1
    return faults


def _count_faults(reader: LogReader, log: LogState, states: Counter[int]) -> list[str]:
    """Entry states that no program writes, and counts that do not match the entries."""
    kept = {state: count for state, count in reader.body_counts(log.number).items() if count}
    if kept == {state: count for state, count in states.items() if count}:
        return []
    return ["the states of the entries differ from their counts: restore a backup, or fetch the log again from the hub"]


def _waiting_faults(reader: LogReader, log: LogState) -> list[str]:
    """Acknowledged statements without a place yet, whose bytes do not match their name."""
    try:
        waiting = reader.pending(log.origin, MAX_WAITING)
    except (Damaged, Malformed) as error:
        return [f"a statement that waits for its place: {error}: restore a backup"]
    faults = []
    for each in waiting:
        try:
            envelope = decode(each.entry)
            if envelope is not None:
                check_disclosure(str(log.origin), envelope, each.disclosure)
            whole = merkle.leaf_hash(each.entry) == each.leaf
        except (BadProof, Malformed):
            whole = False
        if not whole:
            faults.append(
                "a statement that waits for its place does not match its name: retract it, then make the "
                "statement again"
            )
    return faults


def _body_faults(log: LogState, run: StoredRun) -> list[str]:
    faults = []
    for offset, state in enumerate(run.states):
        index = run.start + offset
        nonce, body = run.nonces[offset], run.bodies[offset]
        if state != BodyState.HELD:
            if nonce or body:
                faults.append(f"entry {index} still has bytes of a body that is {BodyState(state).name.lower()}")
            continue
        try:
            envelope = decode(run.entries[offset])
            if envelope is not None:
                disclosure = Disclosure(
                    nonce=nonce,
                    body=body,
                    handling_nonce=run.handling_nonces[offset],
                    handling=run.handlings[offset],
                )
                check_disclosure(str(log.origin), envelope, disclosure)
        except (BadProof, Malformed) as error:
            faults.append(f"entry {index}: {error}: restore a backup, or fetch the log again from the hub")
    return faults


def _signature_faults(log: LogState, roots: dict[int, bytes], roster: Roster) -> list[str]:
    faults = []
    for what, note, size, cosigned in (
        ("checkpoint", log.checkpoint, log.checkpoint_size, False),
        ("checkpoint to be reached", log.anchor, log.anchor_size, False),
        ("cosigned checkpoint", log.cosigned, log.cosigned_size, True),
    ):
        if not note:
            continue
        try:
            checkpoint, _ = verify_note(roster, log.origin, note, cosigned=cosigned)
        except PeerFault as error:
            faults.append(f"the {what}: {error}")
            continue
        if checkpoint.size != size or (size in roots and checkpoint.root != roots[size]):
            faults.append(f"the {what} is about another tree than the stored one")
    return faults
