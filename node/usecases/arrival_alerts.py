"""Alerts about what other members say, raised as it is stored.

Rules this module upholds:

- What another member sends raises an alert only if we asked for it, if it is about a record of ours or about a hit that
  one of our officers decided about, or if it is a message to us.
- An alert is raised in the transaction that stores the statement. So a statement raises one once, however often its log
  is followed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.alerts import AlertKind, Raised
from node.domain.mentions import Role
from node.domain.watches import WatchReply, WatchState
from node.errors import Malformed
from node.usecases.alerting import raise_alerts
from node.usecases.hit_alerts import raise_disputes, raise_ended
from node.usecases.own_watches import own_watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import MemberId, Origin
    from node.domain.mentions import Mention
    from node.domain.ports import Clock, Codec
    from node.domain.stores import NodeStoreWriter

_TOLD: Final = frozenset({Role.OPENS, Role.THREAD})
"""A message is for us whatever it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalAlerts:
    """Alerts about statements of others, as they are stored. `own`: this member."""

    own: MemberId
    codec: Codec
    clock: Clock

    def note(self, tx: NodeStoreWriter, mentions: Sequence[Mention]) -> None:
        """`mentions`: what the stored statements mention, with the records as they name them."""
        own = self.own
        told = [each for each in mentions if each.role in _TOLD or each.record.origin.member == own]
        raised = [alert for each in told if (alert := self._alert(tx, each)) is not None]
        raise_alerts(tx, raised, int(self.clock()))

    def opined(self, tx: NodeStoreWriter, origin: Origin, opinions: Sequence[int]) -> None:
        """`opinions`: the positions of stored opinions in the log of a member."""
        if opinions and origin.member != self.own:
            raise_disputes(tx, self.codec, origin, opinions, int(self.clock()))

    def deleted(self, tx: NodeStoreWriter, number: int, rows: Sequence[int]) -> None:
        """The bodies at these positions of log `number` are deleted in this transaction, and their hits are about to
        end.
        """
        raise_ended(tx, number, rows, int(self.clock()))

    def _alert(self, tx: NodeStoreWriter, mention: Mention) -> Raised | None:
        """The alert about a mention of a record of ours, or of any message."""
        member, record = mention.origin.member, mention.record
        if member == self.own:
            return None
        if mention.role in _TOLD:
            return Raised(AlertKind.CONSULTATION, str(record), member=member)
        if mention.role is Role.LINKED:
            return Raised(AlertKind.RECORD_LINKED, str(record), member=member)
        return self._answered(tx, mention) if mention.role is Role.WATCH else None

    def _answered(self, tx: NodeStoreWriter, mention: Mention) -> Raised | None:
        watch = own_watch(tx, mention.record)
        shown = tx.held_at(mention.origin, [mention.index]).get(mention.index)
        member = mention.origin.member
        if watch is None or shown is None or member not in watch.members:
            return None
        try:
            said = self.codec.decode_body(mention.kind, shown[1])
        except Malformed:
            return None
        if not isinstance(said, WatchReply) or said.state is not WatchState.HIT:
            return None
        return Raised(kind=AlertKind.WATCH_ANSWERED, about=str(mention.record), case=watch.case, member=member)
