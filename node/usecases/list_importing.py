"""An import of one file into one list, from its first row to its counts.

Rules this module upholds:

- A list has one import, change or removal at a time.
- An import that ends without the end of its file is interrupted: a new list is in no answer, and the same import
  continues.
- Rows come in batches and are stored at once, so memory does not grow with the file.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.errors import Misuse
from node.usecases.acting import caller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from node.domain.lists import ReferenceList, RowsTaken
    from node.domain.references import At, ListHead
    from node.usecases.cases import Cases, SameNames
    from node.usecases.list_comparing import Matching
    from node.usecases.list_taking import Row, Taking
    from node.usecases.lists import Lists, ListTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What an import begins with. `new`: whether the person took the list for new; `file`: the SHA-256 of the file, and
    `head`: what it says of itself, if they are known before its rows. `replaces`: rows of the list that the file does
    not name are deleted.
    """

    name: str
    terms: ListTerms
    new: bool = False
    file: bytes = b""
    head: ListHead | None = None
    replaces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsRead:
    """Some rows of the file, in order. They are read once, in a thread."""

    rows: Iterable[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEnded:
    """The end of the file. `incomplete`: it ended early; `placeholders`: PhotoDNA values that turned out to be none."""

    head: ListHead
    file: bytes = b""
    incomplete: bool = False
    placeholders: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUnusable:
    """The file cannot be used: a list that was never whole goes with it."""


ImportStep = RowsRead | FileEnded | FileUnusable


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The list after an import, and the counts of the file. `contradicting`: rows that contradict an earlier one, and
    `first_contradicting` where the first of them is; `matching`: our holdings that match rows of the file, None if this
    node does not compare them. `awaiting`: records of rows that left the list; `same`: cases of the same references.
    """

    of: ReferenceList
    added: int
    counts: RowsTaken
    contradicting: int
    first_contradicting: At | None
    matching: Matching | None
    awaiting: int
    same: SameNames


@dataclass(frozen=True, slots=True, kw_only=True)
class ListImporting:
    """For the event loop. `lists` and `cases`: those of this node."""

    lists: Lists
    cases: Cases

    async def run(self, request: ImportRequest, steps: AsyncIterator[ImportStep]) -> Imported | None:
        """Imports the file whose `steps` come; None if it turned out to be unusable.

        Raises `Misuse` if the steps end before the file does, and as `Lists.begin` and `Taking.finish`; `Refused` while
        the list is in use.
        """
        with self.lists.alone(request.name):
            taking = await asyncio.to_thread(self._begin, request)
            async for step in steps:
                if isinstance(step, FileUnusable):
                    await asyncio.to_thread(taking.abandon)
                    return None
                if isinstance(step, FileEnded):
                    return await asyncio.to_thread(self._finish, taking, step, replaces=request.replaces)
                await asyncio.to_thread(taking.take, step.rows)
        raise Misuse("the import was interrupted", remedy="run the same command again: it continues")

    def _begin(self, request: ImportRequest) -> Taking:
        if request.new and any(each.name == request.name for each in self.lists.lists()):
            raise Misuse("a list with this name came into being meanwhile", remedy="run the same command again")
        return self.lists.begin(request.name, request.terms, request.file, caller().name, request.head)

    def _finish(self, taking: Taking, ended: FileEnded, *, replaces: bool) -> Imported:
        taking.drop_photodna(ended.placeholders)
        of = taking.finish(ended.head, incomplete=ended.incomplete, replaces=replaces, file=ended.file)
        contradicting, first = taking.contradicting
        return Imported(
            of=of,
            added=taking.added,
            counts=taking.counts,
            contradicting=contradicting,
            first_contradicting=first,
            matching=taking.matching(),
            awaiting=self.lists.awaiting(of.name),
            same=self.cases.same_names(of.number),
        )
