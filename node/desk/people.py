"""Who is signed in, as the daemon says it.

Rules this module upholds:

- What a person may do is the daemon's answer, not the desk's: it is read with each request and is not kept.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.rights import Work

if TYPE_CHECKING:
    from node.desk.ports import Line

_WORKS: Final = {work.name.lower().replace("_", "-"): work for work in Work}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The home that the desk belongs to. `role`: node or hub; `member`: the member's id, "" at a hub. `previews`: the
    node makes previews.
    """

    role: str
    federation: str
    member: str
    name: str
    exercise: bool
    previews: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An officer who is signed in. `works`: what the officer may do now. Times are Unix seconds."""

    officer: str
    role: str
    works: frozenset[Work]
    fresh_until: int
    idle_until: int
    ends_at: int
    place: Place

    def may(self, work: Work) -> bool:
        """Whether this kind of work is the officer's."""
        return work in self.works

    @property
    def sees_media(self) -> bool:
        """Whether the officer may look at previews, and the node makes some."""
        return self.may(Work.MEDIA) and self.place.previews

    @property
    def is_fresh(self) -> bool:
        """Whether a factor was shown a moment ago."""
        return self.fresh_until > time.time()


def person_of(line: Line) -> Person:
    """The person in the daemon's answer to `desk-session`. A kind of work that this program does not know counts for
    nothing.
    """
    home = line["home"]
    return Person(
        officer=line["officer"],
        role=line["role"],
        works=frozenset(_WORKS[name] for name in line["works"] if name in _WORKS),
        fresh_until=int(line["fresh_until"]),
        idle_until=int(line["idle_until"]),
        ends_at=int(line["ends_at"]),
        place=Place(
            role=home["role"],
            federation=home["federation"],
            member=home.get("member") or "",
            name=home.get("name") or "",
            exercise=bool(line["exercise"]),
            previews=bool(line["previews"]),
        ),
    )
