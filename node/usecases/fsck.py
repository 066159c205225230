"""Checking a store against itself: every root, every commitment, every signature, from the bytes up.

Rules this module upholds:

- Nothing stored is believed: leaves are hashed from entries, roots from leaves, commitments opened with the nonces.
- It reads and never mends: what is damaged is named, by log and index, with what helps.
- One fault hides no other: the check goes on to the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure, check_disclosure, decode
from node.errors import BadProof, Malformed, PeerFault
from node.tlog import merkle
from node.tlog.tiles import TILE_WIDTH
from node.usecases.vouching import verify_note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.ports import LogState, Store, StoredRun, StoreReader
    from node.domain.roster import Roster

RUN_BYTES: Final = 4 << 20
MAX_FAULTS: Final = 20
"""Faults named of one log; the rest are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found of one log: how many entries and held bodies were checked, and what is wrong."""

    log: str
    entries: int
    bodies: int
    faults: tuple[str, ...]


def check_store(store: Store, roster: Roster | None) -> Iterator[Report]:
    """A report a log, then one of the database itself (`log` is "database").

    Without a roster signatures are left out, and the report says so.
    """
    with store.read() as reader:
        for log in reader.logs():
            yield check_log(reader, log, roster)
    yield Report(log="database", entries=0, bodies=0, faults=tuple(store.check()))


def check_log(reader: StoreReader, log: LogState, roster: Roster | None) -> Report:
    """Recomputes one log.

    1. Every entry hashes to the leaf that its tile holds. 2. The leaves make the stored root. 3. Every held body opens
    its commitment, and what is not held left no bytes. 4. The signed checkpoints are signed, and of a size and root
    that this log has.
    """
    faults: list[str] = []
    tree = merkle.CompactRange()
    bodies = at = 0
    roots = {log.size: log.root}
    while at < log.size:
        run = reader.run(log.origin, at, log.size, RUN_BYTES)
        if not run.entries:
            faults.append(f"entries are missing from index {at} on: restore a backup, or follow the log anew")
            break
        leaves = [merkle.leaf_hash(entry) for entry in run.entries]
        faults += _tile_faults(reader, log, at, leaves)
        wanted = [size for size in (log.checkpoint_size, log.cosigned_size) if at < size <= at + len(leaves)]
        for size in sorted(set(wanted)):
            roots[size] = tree.append_many(leaves[: size - at]).root()
        tree = tree.append_many(leaves)
        held, wrong = _body_faults(log, run)
        bodies += held
        faults += wrong
        at += len(run.entries)
    if at == log.size and tree.root() != log.root:
        faults.append("the entries do not make the stored root: restore a backup, or follow the log anew")
    if roster is not None and log.origin.stream == "log":
        faults += _signature_faults(log, roots, roster)
    extra = len(faults) - MAX_FAULTS
    shown = faults[:MAX_FAULTS] + ([f"and {extra} more"] if extra > 0 else [])
    return Report(log=str(log.origin), entries=at, bodies=bodies, faults=tuple(shown))


def _tile_faults(reader: StoreReader, log: LogState, start: int, leaves: list[bytes]) -> list[str]:
    faults = []
    tile, number = b"", -1
    for offset, leaf in enumerate(leaves):
        index, place = divmod(start + offset, TILE_WIDTH)
        if index != number:
            tile, number = reader.tile(log.number, 0, index), index
        if tile[place * merkle.HASH_SIZE :][: merkle.HASH_SIZE] != leaf:
            faults.append(f"entry {start + offset} is not what its leaf hash says: restore a backup")
    return faults


def _body_faults(log: LogState, run: StoredRun) -> tuple[int, list[str]]:
    held, faults = 0, []
    for offset, state in enumerate(run.states):
        index = run.start + offset
        nonce, body = run.nonces[offset], run.bodies[offset]
        if state != BodyState.HELD:
            if nonce or body:
                faults.append(f"entry {index} still has bytes of a body that is {BodyState(state).name.lower()}")
            continue
        held += 1
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
            faults.append(f"entry {index}: {error}: restore a backup, or follow the log anew")
    return held, faults


def _signature_faults(log: LogState, roots: dict[int, bytes], roster: Roster) -> list[str]:
    faults = []
    for what, note, size, cosigned in (
        ("checkpoint", log.checkpoint, log.checkpoint_size, False),
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
            faults.append(f"the {what} speaks of another tree than the one that is stored")
    return faults
