"""Commands on lists of references: import, list, show, change, remove.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- A file is read by the command line; its rows come as items and are stored in batches, so memory does not grow with it.
- An import that ends without its last item is interrupted: a new list is in no answer, and the same command continues.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.list_lines import list_line, listed_line, matching_line, place_line, read_head, read_item, read_terms
from node.errors import Misuse
from node.usecases.acting import caller

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from node.control.runner import Line
    from node.domain.lists import ReferenceList
    from node.usecases.cases import Cases
    from node.usecases.list_taking import Taking
    from node.usecases.lists import Lists


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCommands:
    """`lists` and `cases`: those of this node."""

    lists: Lists
    cases: Cases

    async def list_import(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"list", "new", "file", "head", "provider", "level", "code", "retain_until_day"} and items {"rows": [...]},
        then {"end": {"head", "file", "incomplete", "placeholders"}} or {"abandon": true} -> the list with the counts of
        the file. "new": whether the caller took the list for new; "file": the SHA-256 of the file, and "head": what it
        says of itself, if they are known before its rows.
        """
        async for line in self._import(arguments, items, replaces=False):
            yield line

    async def list_replace(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """As `list_import`. Rows of the list that the file does not name are deleted."""
        async for line in self._import(arguments, items, replaces=True):
            yield line

    async def _import(
        self, arguments: Line, items: AsyncIterator[Line], *, replaces: bool
    ) -> AsyncGenerator[Line, None]:
        given = Arguments(arguments)
        name = given.text("list")
        with self.lists.alone(name):
            taking = await asyncio.to_thread(self._begin, name, given)
            async for item in items:
                if Arguments(item).flag("abandon"):
                    await asyncio.to_thread(taking.abandon)
                    yield {"abandoned": True}
                    return
                if "end" in item:
                    line = await asyncio.to_thread(_finish, taking, item["end"], replaces=replaces)
                    yield line | await asyncio.to_thread(self._beside, name)
                    return
                await asyncio.to_thread(_take, taking, item)
        raise Misuse("the import was interrupted", remedy="run the same command again: it continues")

    def _begin(self, name: str, given: Arguments) -> Taking:
        if given.flag("new") and self._known(name):
            raise Misuse("a list with this name came into being meanwhile", remedy="run the same command again")
        return self.lists.begin(
            name,
            read_terms(given),
            _digest(given.text("file", "")),
            caller().name,
            read_head(given.object("head")) if given.has("head") else None,
        )

    def _known(self, name: str) -> bool:
        return any(each.name == name for each in self.lists.lists())

    async def list_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"list"} -> one line per list, by name; only the named one, if any. Without a name also {"removed_list",
        "awaiting_retraction"} per list that was removed and left records of ours.
        """
        wanted = Arguments(arguments).text("list", "")
        for each in await asyncio.to_thread(self.lists.lists):
            if wanted in ("", each.name):
                yield await asyncio.to_thread(self._line, each)
        for name, number in (await asyncio.to_thread(self.lists.removed)).items() if not wanted else ():
            yield {"removed_list": name, "awaiting_retraction": number}

    def _beside(self, name: str) -> Line:
        """What else is here under the name of a list, and of its cases."""
        same = self.cases.same_names(self.lists.named(name).number)
        return {
            "awaiting_retraction": self.lists.awaiting(name),
            "same_cases": {"own": same.own, "lists": same.lists},
        }

    def _line(self, of: ReferenceList) -> Line:
        return list_line(of, self.lists.awaiting(of.name))

    async def list_show(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"list", "after", "limit", "words"} -> the list, then (on the first page) its cases, then rows with ids above
        `after`. "words": with what the file said. Raises `NotFound`.
        """
        given = Arguments(arguments)
        name, after, words = given.text("list"), given.whole("after", 0), given.flag("words")
        found = await asyncio.to_thread(self.lists.named, name)
        yield await asyncio.to_thread(self._line, found)
        if not after:
            for number, said in (await asyncio.to_thread(self.lists.cases, name)).items():
                yield {"case_of_list": number, "said": said if words else None}
        limit = given.whole("limit", 20)
        for row in await asyncio.to_thread(self.lists.rows, name, after, limit, words=words):
            yield listed_line(row, found.head)

    async def list_change(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"list", "provider", "level", "code", "retain_until_day"} -> the list. Raises `NotFound`."""
        given = Arguments(arguments)
        name = given.text("list")
        with self.lists.alone(name):
            yield self._line(await asyncio.to_thread(self.lists.change, name, read_terms(given)))

    async def list_remove(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"list"} -> {"list", "removed", "awaiting_retraction"}. Raises `NotFound`."""
        name = Arguments(arguments).text("list")
        with self.lists.alone(name):
            removed = await asyncio.to_thread(self.lists.remove, name)
            awaiting = await asyncio.to_thread(self.lists.awaiting, name)
            yield {"list": name, "removed": removed, "awaiting_retraction": awaiting}


def _take(taking: Taking, item: Line) -> None:
    rows = item.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Misuse("an item on the local socket is not a batch of rows")
    taking.take(map(read_item, rows))


def _finish(taking: Taking, end: object, *, replaces: bool) -> Line:
    given = Arguments(end if isinstance(end, dict) else {})
    taking.drop_photodna({_digest(value) for value in given.texts("placeholders")})
    of = taking.finish(
        read_head(given.object("head")),
        incomplete=given.flag("incomplete"),
        replaces=replaces,
        file=_digest(given.text("file", "")),
    )
    counts = taking.counts
    contradicting, first = taking.contradicting
    return list_line(of, 0) | {
        "added": taking.added,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "withdrawn": counts.withdrawn,
        "repeated": counts.repeated,
        "conflicting": counts.conflicting,
        "withdrawn_unknown": counts.unknown,
        "stale": counts.stale,
        "contradicting": {"rows": contradicting, "first": None if first is None else place_line(first)},
        "own_holdings": matching_line(taking.matching()),
    }


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Misuse("an argument is not in hex digits") from None
