"""The commands for questions that wait for an officer's decision.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.lines import hit_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.held_questions import HeldQuestion
    from node.usecases.held_questions import HeldQuestions, Looked


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCommands:
    """`vigil held`."""

    held: HeldQuestions

    async def held_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"limit", "all"} -> one line per question, newest first; with "all" also the decided ones."""
        given = Arguments(arguments)
        limit, everything = given.whole("limit", 100), given.flag("all")
        for each in await asyncio.to_thread(self.held.listed, limit, decided=everything):
            yield held_line(each)

    async def held_show(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"number"} -> the question, then one line per hit on one of our holdings."""
        looked = await asyncio.to_thread(self.held.show, Arguments(arguments).whole("number"))
        yield looked_line(looked)
        for hit in looked.hits:
            yield hit_line(f"subject {hit.subject + 1}", hit)

    async def held_release(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"number"} -> the question after the decision."""
        yield held_line(await asyncio.to_thread(self.held.release, Arguments(arguments).whole("number")))

    async def held_refuse(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"number", "reason"} -> the question after the decision."""
        given = Arguments(arguments)
        number, reason = given.whole("number"), given.text("reason")
        yield held_line(await asyncio.to_thread(self.held.refuse, number, reason))


def held_line(held: HeldQuestion) -> Line:
    """A held question. Times in Unix seconds."""
    return {
        "held": held.id,
        "asker": held.asker,
        "query": held.query_id.hex(),
        "asked_at": held.at,
        "expires_at": held.expires_at,
        "why": held.why,
        "decision": held.decision.name.lower(),
        "decided_at": held.decided_at or None,
    }


def looked_line(looked: Looked) -> Line:
    """The same with its content; null if the content was deleted with the decision."""
    header, payload = looked.header, looked.payload
    return held_line(looked.held) | {
        "purpose": header.purpose if header else None,
        "case": payload.case_reference if payload else None,
        "legal_basis": payload.legal_basis if payload else None,
        "officer_role": payload.officer_role if payload else None,
        "subjects": len(payload.subjects) if payload else None,
        "fingerprints": looked.fingerprints if payload else None,
        "hits": len(looked.hits) if payload else None,
    }
