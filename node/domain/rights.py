"""What each role may do: one table for the command line, and for every other way to call a node or a hub.

Rules this module upholds:

- A role may do what its row says, and nothing else. A command without a kind of work is refused to everybody.
- The account that owns the home may do everything: it can read the keys and the database anyway.
- Each home has roles of its own: no operator of a hub is an officer of a node.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from node.domain.caller import Role
from node.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.domain.caller import Caller


class Work(Enum):
    """A kind of work. Each command is of one kind (`control.commands`)."""

    OVERVIEW = auto()
    """Reads the state of the node or hub, and nothing of a case."""
    INVESTIGATION = auto()
    MEDIA = auto()
    """Looks at previews of holdings."""
    RELEASE = auto()
    """Gives something to other members or programs, or takes it back."""
    AUDIT = auto()
    """Reads the audit log."""
    ADMINISTRATION = auto()
    OPERATION = auto()
    """Decides about members, at the hub."""


RIGHTS: Final[Mapping[Role, frozenset[Work]]] = {
    Role.INVESTIGATOR: frozenset({Work.OVERVIEW, Work.INVESTIGATION, Work.MEDIA, Work.RELEASE}),
    Role.MEDIA_REVIEWER: frozenset({Work.OVERVIEW, Work.INVESTIGATION, Work.MEDIA}),
    Role.RELEASER: frozenset({Work.OVERVIEW, Work.INVESTIGATION, Work.RELEASE}),
    Role.ADMINISTRATOR: frozenset({Work.OVERVIEW, Work.ADMINISTRATION, Work.AUDIT}),
    Role.AUDITOR: frozenset({Work.OVERVIEW, Work.AUDIT}),
    Role.OPERATOR: frozenset({Work.OVERVIEW, Work.OPERATION, Work.ADMINISTRATION, Work.AUDIT}),
}
NODE_ROLES: Final = (Role.ADMINISTRATOR, Role.INVESTIGATOR, Role.MEDIA_REVIEWER, Role.RELEASER, Role.AUDITOR)
"""The roles of a node's officers. The first one is that of the account that owns the home."""
HUB_ROLES: Final = (Role.OPERATOR, Role.AUDITOR)
"""The same for a hub."""


def require(who: Caller, work: Work | None, what: str) -> None:
    """Raises `Refused` if `who` may not do `what`, which is work of this kind. `None`: of no known kind."""
    if work is None or not (who.owner or (who.role is not None and work in RIGHTS[who.role])):
        raise Refused(
            f"{what} is not for the role {who.role}" if who.role else f"{what} is for registered officers",
            remedy="ask an officer whose role may do it; the administrator of the node or hub knows the roles",
        )
