"""Case files: what officers write about a case of this node. Local only.

Rules this module upholds:

- A case is known by its reference, with exactly the same spelling everywhere. A case that was never opened has no file,
  and version 0: it exists by its holdings alone, and counts as open.
- Each change of a case file makes the next version. A change names the version that its officer saw.
- A note is never replaced: an edit adds a version, and the former ones stay.
- Titles, outcomes, purposes, legal bases and notes are secret words. They are deleted with the case file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from node.domain.case_events import CaseEventReader, CaseEventWriter
from node.errors import Misuse, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_TITLE: Final = 200
"""Most characters of a title or of an outcome."""
MAX_OFFICERS: Final = 100
"""Most officers of one case."""


class CaseStatus(StrEnum):
    """Whether a case is worked on. `DORMANT`: it rests, and may go on at any time. `CLOSED`: it has an outcome."""

    OPEN = "open"
    DORMANT = "dormant"
    CLOSED = "closed"


_NEXT: Final = {
    CaseStatus.OPEN: frozenset({CaseStatus.DORMANT, CaseStatus.CLOSED}),
    CaseStatus.DORMANT: frozenset({CaseStatus.OPEN, CaseStatus.CLOSED}),
    CaseStatus.CLOSED: frozenset({CaseStatus.OPEN}),
}
"""The statuses that can follow each status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWords:
    """The secret words of a case. `purpose` and `legal_basis`: the defaults of its queries and contributions.

    `outcome`: how a closed case ended. `damaged`: the words cannot be read, so all of them are "".
    """

    title: str = ""
    purpose: str = ""
    legal_basis: str = ""
    outcome: str = ""
    damaged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """One case file. `lead` is one of the `officers`, or "" for none; `officers` sorted by name.

    `version` from 1. `opened_at` and `changed_at` in Unix seconds.
    """

    reference: str
    opened_at: int
    changed_at: int
    version: int = 1
    status: CaseStatus = CaseStatus.OPEN
    lead: str = ""
    officers: tuple[str, ...] = ()
    words: CaseWords = field(default_factory=CaseWords)

    def moved(self, to: CaseStatus, outcome: str = "") -> CaseFile:
        """The same case with another status. A closed case has an outcome, and no other case has one. Raises `Refused`
        if this status cannot follow.
        """
        if to not in _NEXT[self.status]:
            followers = ", ".join(sorted(_NEXT[self.status]))
            same = f"this case is {self.status} already" if to is self.status else f"a {self.status} case cannot rest"
            raise Refused(same, remedy=f"it can become: {followers}")
        if (to is CaseStatus.CLOSED) != bool(outcome):
            raise Misuse("a case is closed with an outcome", remedy="give --outcome")
        return replace(self, status=to, words=replace(self.words, outcome=outcome))

    def assigned(self, lead: str | None, add: Sequence[str], remove: Sequence[str]) -> CaseFile:
        """The same case with other officers. `lead` None: the lead stays; a new lead becomes one of the officers.
        Raises `Misuse` for a name that is both added and removed, for a removed name that is not there, for a lead that
        is removed, and for too many officers.
        """
        both = sorted({*add, *([lead] if lead else [])} & {*remove})
        absent = sorted({*remove} - {*self.officers})
        if both:
            raise Misuse(f"{both[0]} is named to be added and to be removed", remedy="leave one of the two out")
        if absent:
            raise Misuse(f"{absent[0]} is not an officer of this case", remedy="`vigil case show` names its officers")
        lead = self.lead if lead is None else lead
        officers = ({*self.officers, *add} - {*remove}) | ({lead} if lead and lead not in remove else set())
        if lead and lead not in officers:
            raise Misuse(f"{lead} leads this case", remedy="name another lead in the same command: --lead NAME")
        if len(officers) > MAX_OFFICERS:
            raise Misuse(f"a case has at most {MAX_OFFICERS} officers")
        return replace(self, lead=lead, officers=tuple(sorted(officers)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNote:
    """One version of a note. `number` of the note in its case, from 1; `version` from 1; `at` Unix seconds.

    `damaged`: the text cannot be read, and is "".
    """

    reference: str
    number: int
    version: int
    at: int
    officer: str
    text: str
    damaged: bool = False


class CaseReader(CaseEventReader, Protocol):
    """Reads case files, notes and events."""

    def case_file(self, reference: str) -> CaseFile | None: ...

    def case_files(
        self, after: str, limit: int, *, status: CaseStatus | None = None, officer: str = ""
    ) -> list[CaseFile]:
        """At most `limit` with references after `after`, in order: of one status, of one officer, if given."""
        ...

    def closed_case_files(self, limit: int, *, officer: str = "") -> list[CaseFile]:
        """At most `limit` closed cases, the last changed one first: of one officer, if given."""
        ...

    def case_files_of(self, references: Sequence[str]) -> Mapping[str, CaseFile]:
        """Those of these cases that have a file, by reference."""
        ...

    def case_notes(self, reference: str, *, before: int = 0, limit: int = 100) -> list[CaseNote]:
        """The newest version of each note, the highest numbers first; those with numbers below `before` (0: all)."""
        ...

    def note_versions(self, reference: str, number: int) -> list[CaseNote]:
        """Every version of one note, the first one first."""
        ...

    def count_notes(self, reference: str) -> int:
        """How many notes a case has; versions are not counted."""
        ...


class CaseWriter(CaseReader, CaseEventWriter, Protocol):
    """Writes them."""

    def put_case_file(self, case: CaseFile) -> bool:
        """Stores version 1 of a case that has no file, or the version after the stored one, whose words are then
        deleted. False, and no change, if another version is stored.
        """
        ...

    def put_case_note(self, note: CaseNote) -> bool:
        """Adds a version of a note. False, and no change, if this version exists."""
        ...

    def forget_case(self, reference: str) -> int:
        """Deletes a case file with its officers, notes and events; returns how many notes. No thread belongs to the
        case any more. The caller scrubs.
        """
        ...
