"""When a running node switches to its new keys: when its own roster and the other nodes' rosters contain them.

Rules this module upholds:

- This module decides when. Then the home is closed and opened again, which puts the new keys in force
  (`app.node_keys`).
- If the former keys are still valid for some time, the new keys wait until the other nodes have refreshed their
  rosters: before that, those nodes would refuse the new signatures. If the former keys are not valid, there is no wait.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from node.app.node_keys import given_up_in_order
from node.usecases.roster import has_come

if TYPE_CHECKING:
    from node.domain.roster import Roster
    from node.pki.keys import KeyRing
    from node.usecases.roster import Members

SWITCH_SECONDS: Final = 120.0
"""Maximum wait of new keys for the other nodes' rosters: far below `roster.FADING_SECONDS`."""
_log = structlog.get_logger(__name__)


class KeySwitch:
    """Made on a running loop. `ring`: the keys in force; `others`: seconds within which the other nodes refresh their
    rosters. `due`: called when the home must be opened again.
    """

    def __init__(self, *, members: Members, ring: KeyRing, others: float) -> None:
        self._members = members
        self._ring = ring
        self._others = others
        self._loop = asyncio.get_running_loop()
        self.under_way = False
        self.due = asyncio.Event()
        members.subscribe(self._look)

    async def until_due(self) -> None:
        """Returns when the home must be opened again."""
        await self.due.wait()

    def _look(self, roster: Roster) -> None:
        """Runs in the thread that replaces the roster."""
        own = self._members.own
        if self.under_way or own is None or not has_come(roster, own):
            return
        self.under_way = True
        wait = min(self._others, SWITCH_SECONDS) if given_up_in_order(roster, self._ring) else 0.0
        _log.info("the authority has signed this node's new keys", switch_in_seconds=wait)
        self._loop.call_soon_threadsafe(self._loop.call_later, wait, self.due.set)
