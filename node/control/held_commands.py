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
from node.domain.calendar import spell_day
from node.domain.kept_watches import Told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.held_questions import HeldQuestion
    from node.domain.kept_watches import KeptWatch
    from node.usecases.held_questions import HeldQuestions, Looked
    from node.usecases.held_watches import HeldWatches, LookedWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCommands:
    """`vigil held`. `watches`: those of other members that wait."""

    held: HeldQuestions
    watches: HeldWatches

    async def held_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"limit", "all"} -> one line per question, then one per watch, newest first; with "all" also the decided
        ones.
        """
        given = Arguments(arguments)
        limit, everything = given.whole("limit", 100), given.flag("all")
        for each in await asyncio.to_thread(self.held.listed, limit, decided=everything):
            yield held_line(each)
        for watch in await asyncio.to_thread(self.watches.listed, limit, decided=everything):
            yield watch_line(watch)

    async def held_show(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"number"} -> the question, then one line per hit on one of our holdings. {"watch": number} -> the watch."""
        given = Arguments(arguments)
        if given.has("watch"):
            yield looked_watch_line(await asyncio.to_thread(self.watches.show, given.whole("watch")))
            return
        looked = await asyncio.to_thread(self.held.show, given.whole("number"))
        yield looked_line(looked)
        for hit in looked.hits:
            yield hit_line(f"subject {hit.subject + 1}", hit)

    async def held_release(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"number"} or {"watch": number} -> the question or the watch after the decision."""
        given = Arguments(arguments)
        if given.has("watch"):
            yield watch_line(await asyncio.to_thread(self.watches.release, given.whole("watch")))
            return
        yield held_line(await asyncio.to_thread(self.held.release, given.whole("number")))

    async def held_refuse(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"number" or "watch", "reason"} -> the question or the watch after the decision."""
        given = Arguments(arguments)
        reason = given.text("reason")
        if given.has("watch"):
            yield watch_line(await asyncio.to_thread(self.watches.refuse, given.whole("watch"), reason))
            return
        yield held_line(await asyncio.to_thread(self.held.refuse, given.whole("number"), reason))


def watch_line(kept: KeptWatch) -> Line:
    """A watch of another member. Times in Unix seconds. `hit_waits`: whether a hit waits for the decision."""
    return {
        "held_watch": kept.id,
        "asker": kept.asker,
        "watch": str(kept.root),
        "at": kept.at,
        "until": spell_day(kept.until_day),
        "why": kept.why or None,
        "standing": kept.standing.name.lower(),
        "hit_waits": kept.told is Told.WAITING,
        "decided_at": kept.decided_at or None,
    }


def looked_watch_line(looked: LookedWatch) -> Line:
    """The same with its content; null if its author has withdrawn it."""
    present = looked.present
    watch = present.watch if present else None
    return watch_line(looked.kept) | {
        "purpose": present.handling.purposes[0] if present else None,
        "case": watch.case_reference if watch else None,
        "legal_basis": watch.legal_basis if watch else None,
        "officer_role": watch.officer_role if watch else None,
        "subjects": len(watch.subjects) if watch else None,
        "fingerprints": looked.kept.cost,
    }


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
