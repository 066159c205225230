"""What a file of a list has in it: counted while its items pass by, and told to a person.

Rules this module upholds:

- Memory is bounded: codes, reasons and names are counted up to a number each, and what is beyond is counted together.
- Nothing of a row is kept but its place and its category. No name, path, comment or hash is in a report.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from node.domain.references import (
    EndsEarly,
    Family,
    Fault,
    Ignored,
    ListCase,
    ListHead,
    Notice,
    Reference,
    Withdrawal,
)
from node.domain.statements import Tri
from node.usecases.placeholders import CONSTANT

if TYPE_CHECKING:
    from node.domain.references import At, Item

MAX_NAMES: Final = 1_000
"""Different codes, reasons and names that are counted one by one, of each sort."""
MAX_PLACES: Final = 1_000
"""Faults and withdrawals whose places are kept."""
OTHERS: Final = "others"
FLAGS: Final = ("victim_identified", "offender_identified", "distributed", "baseline")
DUPLICATE: Final = "duplicate"
CONFLICTING: Final = "conflicting-record"
SHARED: Final = "conflicting-hash"
TEXTS: Final = {
    CONSTANT: "one PhotoDNA stands under many different MD5s: it is a placeholder, and is left out",
    DUPLICATE: "some rows say again what another row says: they count once",
    SHARED: "some rows share one hash with an earlier row and have another MD5, SHA-1 or SHA-256 than it: all are kept",
    CONFLICTING: "some rows say something else of hashes that another row has: the first one holds",
}
"""Notices that need more than one row."""


class Names:
    """Counts by name, up to `most` different names; the others are counted under `OTHERS`."""

    def __init__(self, most: int = MAX_NAMES) -> None:
        self.counts: Counter[str] = Counter()
        self._most = most

    def add(self, name: str) -> bool:
        """Whether the name is new."""
        new = name not in self.counts
        if new and len(self.counts) >= self._most:
            self.counts[OTHERS] += 1
            return False
        self.counts[name] += 1
        return new


@dataclass(slots=True, kw_only=True)
class ListReport:
    """The counts of one file. `seen`: rows of every sort, those that are ignored aside; `references`: rows that can be
    used; `withdrawals`: rows that take others back. `faults`: reason -> how many; `first_faults`: reason -> the first
    place; `fault_places`: the first `MAX_PLACES` of them in order. `notices`: code -> the notice; `warned`: code ->
    how many rows have that warning. `codes`: category as written -> rows, "" for rows without one. `flags`: flag ->
    how many yes and no. `taken_back`: the first places of withdrawals, with the name of the row if the format has one.
    `contradicting`: rows that share a hash with an earlier one and differ in another, and `contradicting_at`: the place
    of the first of them.
    """

    head: ListHead | None = None
    cases: int = 0
    references: int = 0
    withdrawals: int = 0
    faults: Names = field(default_factory=Names)
    first_faults: dict[str, At] = field(default_factory=dict)
    fault_places: list[Fault] = field(default_factory=list)
    notices: dict[str, Notice] = field(default_factory=dict)
    warned: Names = field(default_factory=Names)
    ignored: Names = field(default_factory=Names)
    codes: Names = field(default_factory=Names)
    flags: dict[str, list[int]] = field(default_factory=lambda: {name: [0, 0] for name in FLAGS})
    taken_back: list[Withdrawal] = field(default_factory=list)
    ends_early: At | None = None
    contradicting: int = 0
    contradicting_at: At | None = None

    @property
    def seen(self) -> int:
        """Rows that the file has and that are looked at."""
        return self.references + self.withdrawals + self.faults.counts.total() + self.ignored.counts.total()

    def add(self, item: Item) -> None:
        """Counts an item."""
        if isinstance(item, Reference):
            self._reference(item)
        elif isinstance(item, Withdrawal):
            self.withdrawals += 1
            if len(self.taken_back) < MAX_PLACES:
                self.taken_back.append(Withdrawal(item.at, item.id))
        elif isinstance(item, Fault):
            if self.faults.add(item.reason):
                self.first_faults[item.reason] = item.at
            if len(self.fault_places) < MAX_PLACES:
                self.fault_places.append(item)
        elif isinstance(item, Ignored):
            self.ignored.add(item.what)
        else:
            self._of_file(item)

    def _of_file(self, item: Notice | ListCase | EndsEarly | ListHead | Family) -> None:
        if isinstance(item, Notice):
            self.notices.setdefault(item.code, item)
        elif isinstance(item, ListCase):
            self.cases += 1
        elif isinstance(item, EndsEarly):
            self.ends_early = item.at
        elif isinstance(item, ListHead):
            self.head = item

    def notice(self, code: str, at: At | None = None) -> None:
        """Tells something that needs more than one row (`TEXTS`)."""
        self.notices.setdefault(code, Notice(code=code, text=TEXTS[code], at=at))

    def _reference(self, row: Reference) -> None:
        self.references += 1
        self.codes.add(row.code or "")
        for code in row.warnings:
            self.warned.add(code)
        for name, counts in self.flags.items():
            value = getattr(row, name)
            if value is not Tri.UNKNOWN:
                counts[value is Tri.NO] += 1
