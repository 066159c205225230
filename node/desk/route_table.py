"""The routes of the desk as values: each says who may use it.

Rules this module upholds:

- Fail closed: a route without a kind of work cannot be made, and a kind that nobody has opens it to nobody.
- The desk refuses by this table before a handler runs. The daemon refuses again, command by command.
- A GET changes nothing but who has read what: the audit log, and the mark that an officer has seen a hit or a message.
  All other changes are POSTs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from node.domain.rights import Work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

    from node.desk.asked import Asked, Page
    from node.desk.people import Person

    Handler = Callable[[Asked], Awaitable[Response | Page]]

METHODS: Final = frozenset({"GET", "POST"})
NODE: Final = "node"
HUB: Final = "hub"
BOTH: Final = frozenset({NODE, HUB})


class Access(Enum):
    """Access that no role decides."""

    PUBLIC = auto()
    """Before a sign-in: the sign-in itself, and the files of the pages."""
    SIGNED_IN = auto()
    """Each officer who is signed in: one's own sessions, factors and language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route. `path`: as Starlette writes it. `name`: by which templates link it. `work`: what it is for.

    `fresh`: the officer must have shown a factor in the last minutes. `homes`: the desks that have it. `quiet`: the
    request is not an act of the officer, and does not keep the session alive.
    """

    method: str
    path: str
    name: str
    handler: Handler
    work: Work | Access
    fresh: bool = False
    homes: frozenset[str] = frozenset({NODE})
    quiet: bool = False

    def __post_init__(self) -> None:
        """Raises `ValueError` for a route that nobody could check."""
        if self.method not in METHODS or not self.path.startswith("/"):
            raise ValueError(f"the route {self.name} is not complete")
        if not self.homes or not self.homes <= BOTH:
            raise ValueError(f"the route {self.name} is of no desk")

    def admits(self, who: Person | None) -> bool:
        """Whether this person may use the route; None: nobody is signed in. Freshness is asked for apart."""
        if self.work is Access.PUBLIC:
            return True
        if who is None or who.place.role not in self.homes:
            return False
        return who.may(self.work) if isinstance(self.work, Work) else self.work is Access.SIGNED_IN
