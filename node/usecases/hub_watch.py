"""Detects a hub that shows less than it has cosigned: it was rolled back, or shows this node an older state.

Rules this module upholds:

- The hub's own signature is the proof: the note stored here has its cosignature on more entries than it shows now. Both
  signed notes go into the alarm.
- The stored notes are read before the hub is asked: changes in between can only make the hub look better.
- It reports and stops nothing: members submit the missing entries again to a hub that was restored from a backup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.roster import MemberStatus
from node.usecases.alarms import HubRollback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import LogState
    from node.domain.ports import Clock
    from node.domain.roster import Roster
    from node.domain.services import Head
    from node.domain.stores import LogStore
    from node.usecases.alarms import Alarms

MAX_NOTE: Final = 4_096
"""Most bytes of a note that are stored as evidence: more than two signatures need."""


class HubWatch:
    """Blocking: never on the event loop. `own`: the node's owner."""

    def __init__(
        self, *, store: LogStore, alarms: Alarms, clock: Clock, own: MemberId, latest: Callable[[], Roster | None]
    ) -> None:
        self._store = store
        self._alarms = alarms
        self._clock = clock
        self._own = own
        self._latest = latest

    def cosigned(self) -> dict[Origin, LogState]:
        """The logs for which the hub's cosignature is stored here, in their present state."""
        with self._store.read() as tx:
            return {log.origin: log for log in tx.logs() if log.origin.stream == "log" and log.cosigned_size}

    def look(self, before: Mapping[Origin, LogState], heads: Sequence[Head]) -> None:
        """Compares the hub's heads with what was stored here before it was asked. `heads`: of all these logs; a log
        that is not among them is missing at the hub. Raises an alarm, which is durable on return.
        """
        known = self._latest()
        me = known.members.get(self._own) if known else None
        if me is not None and me.status is MemberStatus.LEFT:
            return  # the hub shows a member that has left only its own logs
        shown = {head.origin: head for head in heads}
        behind, caught_up = [], []
        for origin, log in before.items():
            head = shown.get(origin)
            if head is None or head.cosigned_size < log.cosigned_size:
                behind.append(self._rollback(log, head))
            else:
                caught_up.append(str(origin))
        self._alarms.hub_rolled_back(behind, caught_up)

    def _rollback(self, log: LogState, head: Head | None) -> HubRollback:
        notes = (log.cosigned, head.cosigned if head else b"")
        held, shown = (note[:MAX_NOTE].decode("utf-8", "replace") for note in notes)
        return HubRollback(
            log=str(log.origin),
            held=log.cosigned_size,
            shown=head.cosigned_size if head else 0,
            logs=1,
            evidence=(held, shown),
            at=int(self._clock()),
        )
