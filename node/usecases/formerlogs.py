"""Our own logs of former epochs: closed here, and submitted again if a hub has lost them.

Rules this module upholds:

- Nothing is signed: a closed log is sent under a checkpoint that its former key signed and the hub cosigned.
- Only the part that the roster lets its former key vouch for is submitted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.domain.batch import RUN_BYTES, Package
from node.errors import PeerFault
from node.tlog import note as notes
from node.tlog import tiles
from node.usecases.checkpoint_trust import LogTiles, verify_note
from node.usecases.filling import next_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.domain.ids import Origin
    from node.domain.log_ports import LogState
    from node.domain.roster import Roster
    from node.domain.stores import LogStore


class FormerLogs:
    """Safe to use from any thread, blocking. `own`: the log of the present epoch."""

    def __init__(self, *, store: LogStore, own: Origin, roster: Callable[[], Roster]) -> None:
        self._store = store
        self._own = own
        self._roster = roster

    def sizes(self) -> dict[Origin, int]:
        """How many entries of each former log were cosigned and still count."""
        with self._store.read() as reader:
            logs = [log for log in reader.logs() if self._is_former(log)]
        roster = self._roster()
        return {log.origin: log.cosigned_size for log in logs if _counts(roster, log)}

    def _is_former(self, log: LogState) -> bool:
        own, other = self._own, log.origin
        same = (other.federation, other.member, other.stream) == (own.federation, own.member, own.stream)
        return same and other.epoch < own.epoch and not log.frozen and log.cosigned_size > 0

    def run_from(self, origin: Origin, start: int) -> Package | None:
        """The next run to submit, from the hub's size on; None if the hub has all of it."""
        with self._store.read() as reader:
            log = reader.log(origin)
            if log is None or start >= log.cosigned_size:
                return None
            run = next_run(reader, origin, start, log.cosigned_size, RUN_BYTES)
            end = start + len(run.entries)
            proof = tiles.consistency_proof(LogTiles(reader, log.number), end, log.cosigned_size)
        note = notes.parse(log.cosigned)
        # Only its own signature: the hub cosigns it again.
        bare = notes.format(replace(note, signatures=note.signatures[:1]))
        return Package(
            origin=origin,
            start=start,
            entries=run.entries,
            nonces=run.nonces,
            bodies=run.bodies,
            handling_nonces=run.handling_nonces,
            handlings=run.handlings,
            checkpoint=bare,
            proof=proof,
        )


def _counts(roster: Roster, log: LogState) -> bool:
    try:
        verify_note(roster, log.origin, log.cosigned, cosigned=False)
    except PeerFault:
        return False
    return True
