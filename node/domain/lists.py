"""Lists: what other agencies and tools know, as this node keeps it; and what a store does with them.

Rules this module upholds:

- A list is a source of its own. Each hit on it says which list and which row. Nothing of it is a holding or a record.
- A list is local unless somebody lets it answer questions. What a question learns of it is hit or no hit.
- A list that is being taken in, or taken out, is in no answer (`ReferenceList.is_searched`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Protocol

from node.domain.ids import MemberId
from node.domain.queries import Level

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.batch import FingerprintColumns
    from node.domain.references import ListCase, ListHead, Reference, Withdrawal

LIST_SOURCES: Final = 1 << 30
"""The `source` of list number n in the search index is this and n. Logs have the numbers below."""
MAX_LIST_NAME: Final = 100
"""Characters."""
_OWNER: Final = "list "
"""Begins what stands in the place of a member id for a list. No member id has a space."""


def list_owner(name: str) -> MemberId:
    """What stands for a list where hits are counted by the member that owns them."""
    return MemberId(_OWNER + name)


def is_list(owner: MemberId) -> bool:
    """Whether this is a list (`list_owner`) and no member."""
    return owner.startswith(_OWNER)


def shared_row(row: int) -> str:
    """The name of the setting that keeps the record that a row was shared as. Row ids are never used twice."""
    return f"listed/{row}"


NAMELESS: Final = b"1"
"""The value of such a setting that an interrupted command of an earlier version left: it does not name the record."""
UNLISTED: Final = "unlisted/"
"""Begins the names of settings that keep records whose rows are gone."""


def unlisted(name: str) -> str:
    """Begins the names of the settings that keep the records of rows that left the list `name`. The number of the row
    follows. A list may be removed, and come again: its name stays.
    """
    return f"{UNLISTED}{name.encode().hex()}/"


def list_of_unlisted(setting: str) -> tuple[str, int]:
    """(The name of the list, the row) of such a setting."""
    _, name, row = setting.split("/")
    return bytes.fromhex(name).decode(), int(row)


class ListState(IntEnum):
    """Where a list stands. `INCOMPLETE`: its file ended early, and what was whole is searched."""

    TAKING = 0
    WHOLE = 1
    INCOMPLETE = 2
    GOING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceList:
    """One list. `number` is local; `head` what its last file says of itself; `provider` who made it, as a person said.

    `level`: `NATIONAL` for a local list, `HIT_NO_HIT` for one that answers questions. `code`: INTERPOL handling code;
    `retain_until_day`: days since 1970, 0 for none. `imported_at` Unix seconds; `imported_by` an officer's name.
    `generation`: how many files were taken into it; `digest`: the SHA-256 of the last of them. `rows`: that stand now.
    """

    number: int
    name: str
    head: ListHead
    provider: str = ""
    level: Level = Level.NATIONAL
    code: str = "1"
    retain_until_day: int = 0
    imported_at: int = 0
    imported_by: str = ""
    state: ListState = ListState.TAKING
    generation: int = 1
    digest: bytes = b""
    rows: int = 0

    @property
    def source(self) -> int:
        """Its source in the search index."""
        return LIST_SOURCES + self.number

    @property
    def is_searched(self) -> bool:
        """Whether its rows may be in an answer."""
        return self.state in (ListState.WHOLE, ListState.INCOMPLETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRow:
    """A row of a list as it is kept. `id` is local, and never used twice; `case`: the number of the case that the file
    puts it in, "" for none. `reference` has no `said` unless the words of the row were asked for.
    """

    id: int
    list: int
    reference: Reference
    case: str = ""


@dataclass(slots=True, kw_only=True)
class RowsTaken:
    """What became of some rows. `added` and `removed`: ids, in ascending order; a row that changed is in both.

    Counts: `changed` and `unchanged` rows of earlier files, `withdrawn` rows, `repeated` rows that say again what
    another row of the same file says, `conflicting` rows that say something else of the same hashes or identity (the
    first stands), `unknown` withdrawals of rows that are not here, `stale` withdrawals of rows that their list changed
    after it (the row stands).
    """

    added: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    columns: FingerprintColumns | None = None
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    repeated: int = 0
    conflicting: int = 0
    unknown: int = 0
    stale: int = 0


class ListReader(Protocol):
    """Reads lists."""

    def lists(self) -> list[ReferenceList]:
        """All, in the order of their names, those that are coming or going too."""
        ...

    def list_named(self, name: str) -> ReferenceList | None: ...

    def list_rows(self, ids: Sequence[int]) -> Mapping[int, ListedRow]:
        """Rows by their ids, those that are there."""
        ...

    def rows_of_list(
        self, number: int, after: int, limit: int, *, words: bool = False, case: str = ""
    ) -> list[ListedRow]:
        """Rows with ids above `after`, in their order. `words`: with what the file said (`Reference.said`); `case`:
        those of this case alone.
        """
        ...

    def rows_named(self, number: int, names: Sequence[str]) -> Mapping[str, Reference]:
        """Rows of a list by their `Reference.id`, those that are there."""
        ...

    def list_columns(
        self, number: int, after: int, limit: int, case: str = ""
    ) -> tuple[FingerprintColumns, int, int] | None:
        """(Fingerprints, the last id, how many rows) of at most `limit` rows of a list, or of a case of it, with ids
        above `after`; None at the end.
        """
        ...

    def last_list_row(self) -> int:
        """The highest id that a row of any list ever had; 0 before the first."""
        ...

    def list_cases(self, number: int) -> Mapping[str, str]:
        """Number of a case -> what the file says of it (JSON text), of a list that has cases."""
        ...

    def case_sizes(self, numbers: Collection[int]) -> Mapping[tuple[int, str], int]:
        """(List, number of a case) -> how many rows are in it, for these lists. The cost grows with all lists."""
        ...

    def imported_cases(self, after: str, limit: int) -> list[tuple[str, int]]:
        """(Number of a case, number of its list), in order, for at most `limit` different cases after `after`."""
        ...

    def lists_with_case(self, references: Sequence[str]) -> Mapping[str, list[int]]:
        """For each of these numbers of cases, those that a list has: the numbers of the lists, ascending."""
        ...


class ListWriter(ListReader, Protocol):
    """Writes lists."""

    def put_list(self, new: ReferenceList) -> int:
        """A new list; its number (`new.number` is not looked at). Raises `Misuse` where the name is taken."""
        ...

    def set_list(self, changed: ReferenceList) -> None:
        """Puts these values in the place of those of its number; `rows` is not looked at."""
        ...

    def put_list_case(self, number: int, case: ListCase) -> None:
        """A case of a list. The last word on a number stands."""
        ...

    def rename_list_case(self, number: int, before: str, after: str) -> None:
        """Gives a case of a list another number. If the list has a case of that number, both become one."""
        ...

    def put_rows(self, number: int, generation: int, rows: Sequence[Reference], case: str = "") -> RowsTaken:
        """Takes rows of one file into a list. Rows are compared by their identity: `Reference.id`, or else their
        hashes. Of two rows of one file (`generation`, from 1 on) with one identity the first stands.
        """
        ...

    def withdraw_rows(self, number: int, withdrawals: Sequence[Withdrawal]) -> RowsTaken:
        """Deletes the rows that these take back; what the file said of them is overwritten. The caller scrubs. A row
        that was changed after its withdrawal (`is_later`) stays.
        """
        ...

    def delete_rows(self, number: int, limit: int, *, before: int = 0) -> list[int]:
        """Deletes at most `limit` rows of a list: any, or any that were seen last before generation `before`. Their
        ids, ascending; empty at the end. The caller scrubs.
        """
        ...

    def delete_list(self, number: int) -> None:
        """Deletes a list that has no rows any more, with its cases. The caller scrubs."""
        ...
