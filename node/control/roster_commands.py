"""The command that names the members and the words of the policy, for whoever fills in a form.

Rules this module upholds:

- Commands hold no decisions: they read arguments, and print the values of the roster as lines.
- Nothing here is secret: the authority signed it for every member.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from node.control.runner import Line
    from node.domain.roster import Roster


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterCommands:
    """`roster`: the one in force; it raises what `usecases.roster.Members.current` raises."""

    roster: Callable[[], Roster]

    async def roster_show(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> {"version", "members": [{"member", "name", "state"}], "purposes"}, the members by their ids."""
        roster = self.roster()
        yield {
            "version": roster.version,
            "members": [
                {"member": each.id, "name": each.name, "state": each.status.value}
                for each in sorted(roster.members.values(), key=lambda each: each.id)
            ],
            "purposes": list(roster.policy.purposes),
        }
