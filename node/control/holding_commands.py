"""The commands for this node's own holdings: their list, one in full, their levels, and deletion.

Rules this module upholds:

- Commands hold no decisions: `usecases.holding_reading` and `usecases.disposing` make them.
- Only `holding`, for one named holding, shows the paths of a file.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.lines import fingerprint_line, place_line, statement_line
from node.control.statements import read_category, read_consent, read_level, read_reason
from node.usecases.disposal import Disposed, Plan
from node.usecases.holding_reading import LISTED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.categorising import Categorisation
    from node.domain.holdings import Holding
    from node.domain.queries import Level
    from node.usecases.disposal import Levelled
    from node.usecases.disposing import Deleted, Disposing
    from node.usecases.holding_reading import HoldingInFull, HoldingReading


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingCommands:
    """`reading`: shows holdings; `disposing`: changes their levels and deletes them."""

    reading: HoldingReading
    disposing: Disposing

    async def holdings(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "level", "category", "after", "limit"} -> one line per holding, sorted by number, then {"listed",
        "more", "after"}. "category": SCHEME:VERSION:CODE, or "" for those without one.
        """
        given = Arguments(arguments)
        page = await asyncio.to_thread(
            self.reading.page,
            case=given.text("case", ""),
            level=read_level(given.text("level")) if given.has("level") else None,
            category=_category(given.text("category")) if given.has("category") else None,
            after=given.whole("after", 0),
            limit=given.whole("limit", LISTED),
        )
        for each in page.listed:
            yield holding_line(each.holding, each.hits, each.said)
        yield {"listed": len(page.listed), "more": page.more, "after": page.after}

    async def holding(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"holding", "digests"} -> one line with everything stored: where its files were, its parent, how many parts
        it has, and on request its fingerprints.
        """
        given = Arguments(arguments)
        yield full_holding_line(
            await asyncio.to_thread(self.reading.one, given.whole("holding"), digests=given.flag("digests"))
        )

    async def set_level(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"holdings", "case", "level"} -> one line per holding, then {"changed", "unchanged", "shared"}.

        A shared holding keeps its level. In a case it is counted; if it is named itself, the command refuses.
        """
        given = Arguments(arguments)
        level, ids = read_level(given.text("level")), _numbers(given)
        done = await asyncio.to_thread(self.disposing.set_level, ids, given.text("case", ""), level)
        for each in done.holdings:
            yield _levelled_line(each, done.level)
        yield {"changed": done.changed, "unchanged": done.unchanged, "shared": done.shared}

    async def delete(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"holdings", "case", "reason", "yes", "plan"} -> without "yes" and "plan", what the command would do:
        {"would_delete", "would_leave", "would_retract", "parts", "parts_kept", "plan"}. Otherwise one line per holding
        as it is deleted, then {"deleted", "left_case", "retracted", "originals"}. "plan" is the plan that the user
        approved; if the plan has changed since, the command refuses.
        """
        given = Arguments(arguments)
        ids, reason = _numbers(given), read_reason(given.text("reason", "unstated"))
        async for each in self.disposing.delete(ids, given.text("case", ""), reason, read_consent(given)):
            yield _deletion_line(each)


def holding_line(holding: Holding, hits: int, said: Categorisation | None) -> Line:
    """One holding, how many hits it has, and what officers say about it, without its fingerprints and paths."""
    return {
        "holding": holding.id,
        "cases": list(holding.cases),
        "media_type": holding.media_type,
        "size": holding.size,
        "note": holding.note or None,
        "level": holding.level.spelled,
        "added_at": holding.added_at,
        "record": str(holding.record) if holding.record else None,
        "hits": hits,
        "says": statement_line(said.statement) if said and said.says_something else None,
    }


def full_holding_line(of: HoldingInFull) -> Line:
    """One holding with its paths and places. "fingerprints" is null if they were not asked for."""
    prints = of.fingerprints
    return holding_line(of.holding, of.hits, of.said[0] if of.said else None) | {
        "said": [_said_line(each) for each in of.said],
        "files": [{"case": each.case, "path": each.path, "inside": each.inside} for each in of.files],
        "part_of": [place_line(each.place) | {"holding": each.parent} for each in of.part_of],
        "part_of_total": of.part_of_total,
        "parts": of.parts,
        "entities": list(of.entities),
        "original": of.has_original,
        "fingerprints": None
        if prints is None
        else [fingerprint_line(each) | {"shown_on": background or None} for each, background in prints],
    }


def _said_line(said: Categorisation) -> Line:
    about = {"version": said.version, "at": said.at, "officer": said.officer or None}
    return about | {"says": statement_line(said.statement) if said.says_something else None}


def _category(text: str) -> str:
    return str(read_category(text)) if text else ""


def _levelled_line(of: Levelled, level: Level) -> Line:
    state = "shared" if of.refused else "unchanged" if of.before is level else "changed"
    now = of.before if of.refused else level
    return {"holding": of.holding, "before": of.before.spelled, "level": now.spelled, "state": state}


def _deletion_line(of: Plan | Disposed | Deleted) -> Line:
    if isinstance(of, Plan):
        told = {"would_delete": of.deleted, "would_leave": of.left, "would_retract": of.shared}
        return {**told, "parts": of.parts, "parts_kept": of.kept, "plan": of.digest}
    if isinstance(of, Disposed):
        return {
            "holding": of.holding,
            "state": "deleted" if of.deleted else "left the case",
            "case": None if of.deleted else of.case,
            "retracted": str(of.record) if of.record else None,
            "original_deleted": of.original,
        }
    counts = {"deleted": of.deleted, "left_case": of.left_case, "retracted": of.retracted}
    return {**counts, "originals": of.originals}


def _numbers(given: Arguments) -> list[int]:
    return [int(text) for text in given.texts("holdings")]
