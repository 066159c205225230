"""The investigator's commands that use only this node: ingest and match.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call a use case, and print its values as lines.
- Lines are sent as soon as they are known.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.hit_lines import stored_hit_line
from node.control.lines import hit_line, read_item, read_subject
from node.control.questions import read_rule
from node.control.search_lines import case_searched_line, file_line, ingest_ended_line, search_ended_line
from node.control.statements import LEVELS
from node.domain.holdings import IngestRequest
from node.domain.queries import Level
from node.errors import Misuse
from node.usecases.ingesting import FileTaken
from node.usecases.searching import Search, SubjectHit
from node.usecases.shown_hits import ShownHit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.ingesting import Ingesting
    from node.usecases.searching import Searching


def read_level(text: str) -> Level:
    """A level that a person can type. Raises `Misuse`."""
    level = LEVELS.get(text)
    if level is None:
        raise Misuse(
            f"no level {text[:20]!r} for an ingest", remedy="one of: national, hit-no-hit; `vigil contribute` shares"
        )
    return level


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCommands:
    """`vigil ingest` and `vigil match`."""

    ingesting: Ingesting
    searching: Searching

    async def ingest_salt(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> {"salt": hex, "previews"}: the salt that tells files apart without storing their paths, and whether this
        node keeps previews.
        """
        salt = await asyncio.to_thread(self.ingesting.salt)
        yield {"salt": salt.hex(), "previews": self.ingesting.previews}

    async def ingest_known(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"tags": [hex]} -> {"known": [hex]}: the files that an interrupted ingest has already stored."""
        tags = [bytes.fromhex(tag) for tag in Arguments(arguments).texts("tags")]
        known = await asyncio.to_thread(self.ingesting.known, tags)
        yield {"known": sorted(tag.hex() for tag in known)}

    async def ingest(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "level", "show_all"} and items -> one line per file with its nearest hits, then the newest stored
        hits of the case's other files, then a summary. "files_with_hits" and "case_hits" in the summary cover the whole
        case.
        """
        given = Arguments(arguments)
        request = IngestRequest(case=given.text("case"), level=read_level(given.text("level", "national")))
        files = (read_item(line) async for line in items)
        ingest = self.ingesting.run(request, files, show_all=given.flag("show_all"))
        async with aclosing(files), aclosing(ingest) as events:
            async for event in events:
                if isinstance(event, FileTaken):
                    yield file_line(event)
                elif isinstance(event, ShownHit):
                    yield stored_hit_line(event)
                else:
                    yield ingest_ended_line(event)

    async def match(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"rule", "case", "show_all"} and subjects as items -> one line per hit, then {"searched", "hits", "hidden",
        ...}.

        Hits are sent as soon as they are known; subjects are read while others are searched for.
        """
        given = Arguments(arguments)
        search = _search(given, given.text("case", ""))
        subjects = (read_subject(line) async for line in items)
        async with aclosing(subjects), aclosing(self.searching.subjects(search, subjects)) as events:
            async for event in events:
                yield _hit_line(event) if isinstance(event, SubjectHit) else search_ended_line(event)

    async def match_case(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"rule", "case", "list", "show_all"} -> as `match`: the holdings of the case, with their stored fingerprints,
        or the rows of the case of a list (`Cases.chosen`). The summary has {"holdings": count, "references": count,
        "list", "same_name"}. Raises `NotFound` for an unknown case, `Misuse` if several lists have it.
        """
        given = Arguments(arguments)
        search = _search(given, given.text("case"))
        async with aclosing(self.searching.case(search, given.text("list", ""))) as events:
            async for event in events:
                yield _hit_line(event) if isinstance(event, SubjectHit) else case_searched_line(event)


def _search(given: Arguments, case: str) -> Search:
    return Search(rule=read_rule(given.text("rule", "policy")), case=case, show_all=given.flag("show_all"))


def _hit_line(found: SubjectHit) -> Line:
    return hit_line(found.label, found.hit, found.verification)
