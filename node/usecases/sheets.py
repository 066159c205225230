"""Sheets of holdings: a choice that an officer made, page by page, with what is known and decided about each holding.

Rules this module upholds:

- The audit log records who looks at which sheet, before anything is read.
- A choice is kept in memory as ids, for some time. It is no secret and no state of the node: a page that finds it gone
  makes it again.
- What is decided is read with each sheet; which holdings are on it was decided when the choice was made.
"""

from __future__ import annotations

import secrets
import threading
from array import array
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.reviews import ReviewState
from node.domain.sheets import TILES, Choice
from node.errors import Misuse, NotFound
from node.usecases.access import record_access

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.categorising import Categorisation
    from node.domain.holdings import Holding
    from node.domain.stores import NodeStore
    from node.usecases.audit import AuditLog

KEPT: Final = 64
"""Choices that are remembered, for all officers."""
LOOKED_AT_ONCE: Final = 1_000
"""Holdings in one step of the search for the next undecided one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One holding on a sheet. `place`: in the whole choice, from 0. `hits`: on records, by state."""

    place: int
    holding: Holding
    said: Categorisation | None
    hits: Mapping[ReviewState, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet, from 0. `deleted`: places whose holdings were deleted since the choice was made."""

    choice: str
    number: int
    sheets: int
    total: int
    tiles: Sequence[Tile]
    deleted: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A choice that was made. `choice`: its name; `total`: its holdings."""

    choice: str
    total: int

    @property
    def sheets(self) -> int:
        """How many sheets it fills."""
        return -(-self.total // TILES)


class Sheets:
    """Of one node. Blocking: never on the event loop."""

    def __init__(self, *, store: NodeStore, audit: AuditLog) -> None:
        self._store = store
        self._audit = audit
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, array[int]] = OrderedDict()

    def choose(self, choice: Choice) -> Chosen:
        """Makes a choice."""
        record_access(self._audit, "sheets", case=choice.case)
        with self._store.read() as tx:
            ids = array("q", tx.chosen(choice))
        name = secrets.token_hex(8)
        with self._lock:
            self._kept[name] = ids
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return Chosen(choice=name, total=len(ids))

    def sheet(self, choice: str, number: int) -> Sheet:
        """One sheet of a choice. Raises `NotFound` if the choice is not remembered any more, `Misuse` for a number
        that it does not have.
        """
        ids = self._ids(choice)
        sheets = Chosen(choice=choice, total=len(ids)).sheets
        if not 0 <= number < max(sheets, 1):
            raise Misuse(f"there is no sheet {number + 1}", remedy=f"this choice has {sheets:,} sheets")
        first = number * TILES
        here = ids[first : first + TILES].tolist()
        record_access(self._audit, "sheet", holdings=here)
        with self._store.read() as tx:
            found = tx.holdings_by_id(here, bare=True)
            said = tx.categorisations(here)
            hits = tx.hit_states(here)
        tiles = [
            Tile(place=first + at, holding=found[each], said=said.get(each), hits=hits.get(each, {}))
            for at, each in enumerate(here)
            if each in found
        ]
        deleted = [first + at for at, each in enumerate(here) if each not in found]
        return Sheet(choice=choice, number=number, sheets=sheets, total=len(ids), tiles=tiles, deleted=deleted)

    def next_undecided(self, choice: str, after: int) -> int | None:
        """The place of the first holding after this place without a category, from the start again if there is none;
        None if all are decided. `after` -1: from the start. Raises `NotFound`.
        """
        ids = self._ids(choice)
        start = min(after + 1, len(ids))
        for first, stop in ((start, len(ids)), (0, start)):
            with self._store.read() as tx:
                for at in range(first, stop, LOOKED_AT_ONCE):
                    some = ids[at : min(at + LOOKED_AT_ONCE, stop)].tolist()
                    open_ones = tx.undecided(some)
                    place = next((at + n for n, each in enumerate(some) if each in open_ones), None)
                    if place is not None:
                        return place
        return None

    def _ids(self, choice: str) -> array[int]:
        with self._lock:
            ids = self._kept.get(choice)
            if ids is None:
                raise NotFound("this choice of holdings is not remembered any more", remedy="choose the holdings again")
            self._kept.move_to_end(choice)
            return ids
