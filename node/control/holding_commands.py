"""The commands for this node's own holdings: holdings and cases, their levels, and deletion.

Rules this module upholds:

- Commands hold no decisions: `usecases.disposal` makes them.
- Only `holding`, for one named holding, shows the paths of a file.
- The audit log records who looks before anything is shown, and a deletion or change of level before it is done.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.control.arguments import Arguments
from node.control.lines import fingerprint_line, place_line
from node.control.search_commands import LEVELS
from node.control.statements import RETRACTION_REASONS
from node.domain.envelope import Kind
from node.errors import Misuse, NotFound
from node.usecases.acts import perform
from node.usecases.audit import AuditEntry
from node.usecases.cases import no_holdings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from node.control.runner import Line
    from node.domain.holdings import Holding
    from node.domain.ports import Clock
    from node.domain.queries import Level
    from node.domain.stores import NodeStore
    from node.usecases.audit import AuditLog
    from node.usecases.disposal import Disposal, Disposed, Plan

LISTED: Final = 100
"""Default number of holdings or cases listed."""


PLACES_SHOWN: Final = 20
"""Most places shown for one part. An icon may occur in a thousand documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingCommands:
    """`has_original(sha256)`: whether the home has a copy of the original file."""

    disposal: Disposal
    store: NodeStore
    audit: AuditLog
    has_original: Callable[[bytes], bool]
    clock: Clock

    async def holdings(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "level", "after", "limit"} -> one line per holding, sorted by number, then {"listed", "more",
        "after"}.
        """
        given = Arguments(arguments)
        case, limit, after = given.text("case", ""), given.whole("limit", LISTED), given.whole("after", 0)
        level = read_level(given.text("level")) if given.has("level") else None
        await self._looks("holdings", case=case, limit=limit)
        found, hits = await asyncio.to_thread(self._page, case, level, after, limit + 1)
        shown = found[:limit]
        for holding in shown:
            yield holding_line(holding, hits.get(holding.id, 0))
        yield {"listed": len(shown), "more": len(found) > limit, "after": shown[-1].id if shown else after}

    def _page(self, case: str, level: Level | None, after: int, limit: int) -> tuple[list[Holding], Mapping[int, int]]:
        with self.store.read() as tx:
            found = tx.holdings(case=case, level=level, after=after, limit=limit, bare=True)
            return found, tx.hits_of_holdings([each.id for each in found])

    async def holding(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"holding", "digests"} -> one line with everything stored: where its files were, its parent, how many parts
        it has, and on request its fingerprints.
        """
        given = Arguments(arguments)
        number, digests = given.whole("holding"), given.flag("digests")
        await self._looks("holding", holdings=[number], digests=digests)
        yield await asyncio.to_thread(self._holding, number, digests=digests)

    def _holding(self, number: int, *, digests: bool) -> Line:
        with self.store.read() as tx:
            holding = tx.holding(number)
            files = tx.file_references(number)
            hits = tx.hits_of_holdings([number]).get(number, 0)
            if holding is None:
                raise NotFound(f"there is no holding {number}", remedy="`vigil holdings` lists the holdings")
            places = tx.places(number, PLACES_SHOWN)
            held_by = len(tx.parents([number]).get(number, ()))
            found = {place.parent: tx.holding_by_sha256(place.parent) for place in places}
            parts = len(tx.parts(holding.sha256))
        parents = {sha256: each.id for sha256, each in found.items() if each is not None}
        return holding_line(holding, hits) | {
            "files": [{"case": each.case, "path": each.path, "inside": each.inside} for each in files],
            "part_of": [place_line(place) | {"holding": parents.get(place.parent)} for place in places],
            "part_of_total": held_by,
            "parts": parts,
            "original": self.has_original(holding.sha256),
            "fingerprints": _prints(holding) if digests else None,
        }

    async def set_level(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"holdings", "case", "level"} -> one line per holding, then {"changed", "unchanged", "shared"}.

        A shared holding keeps its level. In a case it is counted; if it is named itself, the command refuses.
        """
        given = Arguments(arguments)
        level, case = read_level(given.text("level")), given.text("case", "")
        ids = await asyncio.to_thread(self._chosen, given)
        told = await asyncio.to_thread(
            perform,
            self.audit,
            "set level",
            lambda: self.disposal.set_level(ids, level, strict=not case),
            level=level_name(level),
            holdings=ids,
            case=case,
        )
        changed = shared = 0
        for each in told:
            state = "shared" if each.refused else "unchanged" if each.before is level else "changed"
            changed += state == "changed"
            shared += state == "shared"
            now = each.before if each.refused else level
            yield {"holding": each.holding, "before": level_name(each.before), "level": level_name(now), "state": state}
        yield {"changed": changed, "unchanged": len(told) - changed - shared, "shared": shared}

    def _chosen(self, given: Arguments) -> list[int]:
        ids, case = _numbers(given), given.text("case", "")
        if bool(ids) == bool(case):
            raise Misuse("name either holdings or a case, not both")
        after = 0
        with self.store.read() as tx:
            while case and (page := tx.holdings(case=case, after=after, bare=True)):
                ids += [each.id for each in page]
                after = page[-1].id
        if not ids:
            with self.store.read() as tx:
                raise no_holdings(tx, case, "a list has one level: vigil lists change NAME --level")
        return ids

    async def delete(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"holdings", "case", "reason", "yes", "plan"} -> without "yes" and "plan", what the command would do:
        {"would_delete", "would_leave", "would_retract", "parts", "parts_kept", "plan"}. Otherwise one line per holding
        as it is deleted, then {"deleted", "left_case", "retracted", "originals"}. "plan" is the plan that the user
        approved; if the plan has changed since, the command refuses.
        """
        given = Arguments(arguments)
        ids, case = _numbers(given), given.text("case", "")
        reason = RETRACTION_REASONS.get(given.text("reason", "unstated"))
        if reason is None:
            raise Misuse("no such reason for a retraction", remedy="one of: " + ", ".join(RETRACTION_REASONS))
        if bool(ids) == bool(case):
            raise Misuse("name either holdings or a case, not both")
        plan = await asyncio.to_thread(self.disposal.plan, ids, case, reason)
        agreed = given.text("plan", "")
        if not given.flag("yes") and not agreed:
            told = {"would_delete": plan.deleted, "would_leave": plan.left, "would_retract": plan.shared}
            yield {**told, "parts": plan.parts, "parts_kept": plan.kept, "plan": plan.digest}
            return
        if agreed and agreed != plan.digest:
            raise Misuse("what this would delete has changed since it was shown", remedy="run the command again")
        counts = {"deleted": 0, "left_case": 0, "retracted": 0, "originals": 0}
        async for done in self._deleting(plan, case, reason.name.lower()):
            counts["deleted"] += done.deleted
            counts["left_case"] += not done.deleted
            counts["retracted"] += done.record is not None
            counts["originals"] += done.original
            yield {
                "holding": done.holding,
                "state": "deleted" if done.deleted else "left the case",
                "case": None if done.deleted else done.case,
                "retracted": str(done.record) if done.record else None,
                "original_deleted": done.original,
            }
        yield {**counts}

    async def _deleting(self, plan: Plan, case: str, reason: str) -> AsyncIterator[Disposed]:
        """Deletes and yields each step. If the reader stops listening, the deletion still completes: it was ordered."""
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[Disposed | None] = asyncio.Queue()

        def work() -> None:
            self.disposal.order(plan)
            self.disposal.finish(tell)

        def tell(done: Disposed) -> None:
            loop.call_soon_threadsafe(told.put_nowait, done)

        ids = [each.holding for each in plan.deletions]
        deed = asyncio.ensure_future(
            asyncio.to_thread(perform, self.audit, "delete", work, holdings=ids, case=case, reason=reason)
        )
        deed.add_done_callback(lambda _deed: told.put_nowait(None))
        while (done := await told.get()) is not None:
            yield done
        await deed

    async def _looks(self, what: str, **at: object) -> None:
        body = {"what": what, **at, "at": int(self.clock())}
        await asyncio.to_thread(self.audit.append, AuditEntry(kind=Kind.AUDIT_SEARCH, body=body))


def holding_line(holding: Holding, hits: int) -> Line:
    """One holding and how many hits it has, without its fingerprints and paths."""
    return {
        "holding": holding.id,
        "cases": list(holding.cases),
        "media_type": holding.media_type,
        "size": holding.size,
        "note": holding.note or None,
        "level": level_name(holding.level),
        "added_at": holding.added_at,
        "record": str(holding.record) if holding.record else None,
        "hits": hits,
    }


def _prints(holding: Holding) -> list[Line]:
    """Its fingerprints, then those of its further looks, each with its background."""
    looks = [(look.background, each) for look in holding.composed for each in look.fingerprints()]
    return [
        fingerprint_line(each) | {"shown_on": background or None}
        for background, each in [*(("", each) for each in holding.fingerprints), *looks]
    ]


def level_name(level: Level) -> str:
    """A level in the words that people type."""
    return level.name.lower().replace("_", "-")


def read_level(text: str) -> Level:
    """Any level that a person can type. Raises `Misuse`."""
    level = LEVELS.get(text)
    if level is None:
        raise Misuse(f"no level {text[:20]!r}", remedy="one of: " + ", ".join(LEVELS))
    return level


def _numbers(given: Arguments) -> list[int]:
    return [int(text) for text in given.texts("holdings")]
