"""What this node says about watches of other members, in its own log, to their authors alone.

Rules this module upholds:

- A reply and the note of it are one transaction: after a crash either both are there, or neither, and the work is done
  again. So nothing is said twice.
- The audit log has each reply before it is made: the watch, its author and the number of hits, never a hit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.handling import Handling
from node.domain.roster import MemberStatus
from node.domain.watches import WatchReply, WatchState
from node.usecases.acts import perform

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.ids import RecordId
    from node.domain.kept_watches import KeptWatch
    from node.domain.ports import Clock
    from node.domain.queries import Hit, SearchedKind
    from node.domain.roster import Roster
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.audit import AuditLog
    from node.usecases.ledger import Ledger

KEPT_DAYS: Final = 30
"""Days for which a reply is kept after the last day of its watch, and at least from today."""


class WatchReplies:
    """Blocking: never on the event loop."""

    def __init__(
        self, *, store: NodeStore, ledger: Ledger, audit: AuditLog, roster: Callable[[], Roster], clock: Clock
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._audit = audit
        self._roster = roster
        self._clock = clock

    def say(
        self,
        watch: KeptWatch,
        version: RecordId,
        state: WatchState,
        note: Callable[[NodeStoreWriter], object],
        *,
        hits: Sequence[Hit] = (),
        kinds: Sequence[SearchedKind] = (),
        reason: str = "",
    ) -> None:
        """Replies about this version of a watch; `note` keeps that in the same transaction. A member that has
        left is told nothing, and `note` is all that is done. Raises what the ledger raises.
        """
        member = self._roster().members.get(watch.asker)
        if member is None or member.status is MemberStatus.LEFT:
            with self._store.write() as tx:
                note(tx)
            return
        now = int(self._clock())
        reply = WatchReply(watch=version, state=state, at=now, hits=tuple(hits), kinds=tuple(kinds), reason=reason)
        until = max(watch.until_day, now // SECONDS_A_DAY) + KEPT_DAYS
        handling = Handling(
            audience=(watch.asker,), purposes=self._roster().policy.purposes[:1], retain_until_day=until
        )

        def said(tx: NodeStoreWriter, _record: RecordId) -> None:
            note(tx)

        perform(
            self._audit,
            f"watch {state.name.lower()}",
            # A crash inside leaves neither the reply nor its note.
            lambda: self._ledger.state(reply, handling, said=said),
            watch=str(watch.root),
            asker=watch.asker,
            hits=len(hits),
        )
