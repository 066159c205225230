"""When a node tries its work with the hub again before its pause is over.

Rules this module upholds:

- If the hub answers one call or accepts one stream, it will accept the others: waiting work is tried at once.
- The same happens if the roster says that we are active again. If the hub treats us differently than our roster says,
  the roster is fetched at once.
- If one kind of work fails, idle work is tried too, so that all show their present state.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from node.errors import Suspended

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.app.link import Link
    from node.domain.ids import MemberId
    from node.domain.roster import Roster
    from node.sync.attendant import Attendant
    from node.sync.follower import Follower
    from node.sync.publisher import Publisher
    from node.usecases.roster import Members


class Reconnecting:
    """Used on the event loop only. `refresh`: makes the next fetch of the roster due now."""

    def __init__(
        self,
        *,
        me: MemberId,
        attendant: Attendant,
        follower: Follower,
        publisher: Publisher,
        members: Members,
        refresh: Callable[[], None],
    ) -> None:
        self._me = me
        self._attendant = attendant
        self._follower = follower
        self._publisher = publisher
        self._work = (attendant.attempts, follower.attempts, publisher.attempts)
        self._members = members
        self._refresh = refresh
        self._loop = asyncio.get_running_loop()
        attendant.attempts.on_fault = self._failed
        members.subscribe(self._new_roster)

    def watch(self, link: Link) -> None:
        """Starts acting on the link's reports about the hub."""
        link.on_attending, link.on_following = self._attending, self._follower.opened
        link.on_answer = self.hurry

    def hurry(self) -> None:
        """Tries all failed work now that waits for its next attempt."""
        for each in self._work:
            if not each.works:
                each.hurry()

    def _attending(self) -> None:
        self._attendant.opened()
        if not self._active(self._members.latest()):
            self._refresh()

    def _failed(self, error: Exception) -> None:
        # It may have been idle for a minute, and would still show its state from then.
        if self._publisher.attempts.works:
            self._publisher.wake()
        if isinstance(error, Suspended) and self._active(self._members.latest()):
            self._refresh()

    def _new_roster(self, roster: Roster) -> None:
        """From any thread."""
        if self._active(roster) and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.hurry)

    def _active(self, roster: Roster | None) -> bool:
        return roster is not None and self._me in roster.active()
