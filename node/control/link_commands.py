"""The commands for links between records: link, link-revise, links, links-mine.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use cases, and print their values as lines.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from node.control.arguments import Arguments
from node.control.cooperation_words import spelled
from node.control.link_lines import component_line, contradiction_line, link_line, linked_record_line, own_links_line
from node.control.record_lines import published_line
from node.control.statements import read_terms
from node.domain.record_links import Certainty, Relation
from node.errors import Misuse
from node.usecases.link_reading import LISTED, WantedLinks
from node.usecases.linking import LinkWording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from enum import IntEnum

    from node.control.runner import Line
    from node.domain.ids import RecordId
    from node.usecases.link_reading import LinkReading
    from node.usecases.linking import Linking
    from node.usecases.own_links import OwnLinks
    from node.usecases.publication import Publishing

    Word = TypeVar("Word", bound=IntEnum)

RELATIONS: Final = {spelled(each): each for each in Relation}
CERTAINTIES: Final = {spelled(each): each for each in Certainty}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCommands:
    """`linking`: states links; `reading`: shows components; `own`: lists our own links."""

    linking: Linking
    reading: LinkReading
    own: OwnLinks
    publishing: Publishing

    async def link(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"records", "relation", "certainty", "note", "language", "handling"} -> {"link", "state", "publication",
        "why"}.
        """
        given = Arguments(arguments)
        wording, terms = _wording(given), read_terms(Arguments(given.object("handling")))
        link = await asyncio.to_thread(self.linking.link, wording, terms)
        yield await self._stated(link, "linked")

    async def link_revise(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"link", and as `link`} -> as `link`. Fields that are not given keep their values."""
        given = Arguments(arguments)
        wording, terms = _wording(given), read_terms(Arguments(given.object("handling")))
        link = await asyncio.to_thread(self.linking.revise, given.text("link"), wording, terms)
        yield await self._stated(link, "revised")

    async def _stated(self, link: RecordId, state: str) -> Line:
        settled = await self.publishing.follow([link])
        return {"link": str(link), "state": state, **published_line(link, settled)}

    async def links(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record" or "series", "relation", "depth", "limit"} -> a line a link, nearest first, then a line a record,
        then a line a contradiction, then the summary.
        """
        given = Arguments(arguments)
        wanted = WantedLinks(
            record=given.text("record", ""),
            series=given.text("series", ""),
            relation=_word(RELATIONS, given.text("relation"), "a relation") if given.has("relation") else None,
            depth=given.whole("depth") if given.has("depth") else None,
            limit=given.whole("limit", LISTED),
        )
        found = await asyncio.to_thread(self.reading.component, wanted)
        for link in found.links:
            yield link_line(link)
        for record in found.records:
            yield linked_record_line(record)
        for each in found.contradictions:
            yield contradiction_line(each)
        yield component_line(found)

    async def links_mine(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"after", "limit"} -> a line a link of ours, oldest first, then {"shown_links", "next"}."""
        given = Arguments(arguments)
        page = await asyncio.to_thread(self.own.page, after=given.whole("after", 0), limit=given.whole("limit", LISTED))
        for link in page.links:
            yield link_line(link)
        yield own_links_line(page)


def _wording(given: Arguments) -> LinkWording:
    return LinkWording(
        records=given.texts("records"),
        relation=_word(RELATIONS, given.text("relation"), "a relation") if given.has("relation") else None,
        certainty=_word(CERTAINTIES, given.text("certainty"), "a certainty") if given.has("certainty") else None,
        note=given.text("note") if given.has("note") else None,
        language=given.text("language") if given.has("language") else None,
    )


def _word(known: dict[str, Word], text: str, what: str) -> Word:
    """A value as people type it. Raises `Misuse`."""
    value = known.get(text)
    if value is None:
        raise Misuse(f"{text[:40]!r} is not {what}", remedy="one of: " + ", ".join(known))
    return value
