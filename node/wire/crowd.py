"""Limits for unauthenticated clients in a queue: connections of an address, calls of an address.

Rules this module upholds:

- A key holds a limited number of places, and so do all keys together. If the places are taken, a newcomer gets the
  place of a holder that has not yet shown what it wants: one of its own key, else one of the key with the most places.
  So clients that take places and stay silent make room for others.
- A silent holder gives way before one that has sent something; among equals, the first. A settled place is kept until
  it is left. If every place is settled, a newcomer is refused.
- Nothing is read or timed here: the holder must act at once when it has to give way.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import IntEnum

from node.errors import Overloaded


class Shown(IntEnum):
    """What the holder of a place has shown of itself."""

    NOTHING = 0
    SOMETHING = 1
    ENOUGH = 2


@dataclass(eq=False, slots=True)
class Place:
    """One place. `key`: its holder. `give_way`: called when another holder gets it; the place is left by then."""

    key: Hashable
    give_way: Callable[[], None]
    shown: Shown = Shown.NOTHING


@dataclass(slots=True)
class _Held:
    """The places of one key, oldest first, by what their holders have shown."""

    places: tuple[dict[Place, None], dict[Place, None], dict[Place, None]] = field(default_factory=lambda: ({}, {}, {}))

    def __len__(self) -> int:
        return sum(map(len, self.places))

    def first_to_give_way(self) -> Place | None:
        """None if every place is settled."""
        return next(iter(self.places[Shown.NOTHING] or self.places[Shown.SOMETHING]), None)


class Crowd:
    """Places that are counted by key. Not thread-safe. `each`: of one key; `everybody`: of all keys."""

    def __init__(self, *, each: int, everybody: int) -> None:
        self._each = each
        self._everybody = everybody
        self._held: dict[Hashable, _Held] = {}
        self._places = 0

    def __len__(self) -> int:
        return self._places

    def of(self, key: Hashable) -> int:
        """How many places a key holds."""
        return len(self._held.get(key, ()))

    def enter(self, key: Hashable, give_way: Callable[[], None]) -> Place:
        """A place for `key`. Raises `Overloaded` if every place that could be given is settled."""
        if self.of(key) >= self._each:
            self._make_room(self._held[key].first_to_give_way())
        elif self._places >= self._everybody:
            most = max((held for held in self._held.values() if held.first_to_give_way()), key=len, default=None)
            self._make_room(most.first_to_give_way() if most else None)
        place = Place(key, give_way)
        self._held.setdefault(key, _Held()).places[place.shown][place] = None
        self._places += 1
        return place

    def _make_room(self, place: Place | None) -> None:
        if place is None:
            raise Overloaded("too many are served at this moment")
        self.leave(place)
        place.give_way()

    def show(self, place: Place, shown: Shown) -> None:
        """Its holder has shown more of itself. No effect if it has already shown as much, or has left."""
        held = self._held.get(place.key)
        if held is None or shown <= place.shown or place not in held.places[place.shown]:
            return
        del held.places[place.shown][place]
        held.places[shown][place] = None
        place.shown = shown

    def leave(self, place: Place) -> None:
        """It is free again. Idempotent."""
        held = self._held.get(place.key)
        if held is None or place not in held.places[place.shown]:
            return
        del held.places[place.shown][place]
        self._places -= 1
        if not held:
            del self._held[place.key]
