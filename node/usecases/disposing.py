"""A person changes levels of holdings or deletes them: chosen, agreed to, recorded, and carried out.

Rules this module upholds:

- Either holdings are named, or a case: never both, and never neither.
- A deletion is shown before it is done, unless the person says yes at once. A yes to a plan covers that plan only.
- The audit log records a deletion or a change of level before it is done, and its outcome after it.
- An ordered deletion completes, even if nobody listens to its steps any more.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.errors import Misuse
from node.usecases.acts import perform
from node.usecases.cases import no_holdings
from node.usecases.consent import Consent, asks
from node.usecases.disposal import Disposed, Levelled, Plan

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from node.domain.queries import Level
    from node.domain.statements import Reason
    from node.domain.stores import NodeStore
    from node.usecases.audit import AuditLog
    from node.usecases.disposal import Disposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A change of levels, a value a holding. `level`: the requested one."""

    level: Level
    holdings: Sequence[Levelled]

    @property
    def shared(self) -> int:
        """How many keep their level, because they are shared."""
        return sum(each.refused for each in self.holdings)

    @property
    def changed(self) -> int:
        """How many have another level now."""
        return sum(not each.refused and each.before is not self.level for each in self.holdings)

    @property
    def unchanged(self) -> int:
        """How many had the level already."""
        return len(self.holdings) - self.changed - self.shared


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """The end of a deletion, counted. `originals`: deleted copies of original files."""

    deleted: int = 0
    left_case: int = 0
    retracted: int = 0
    originals: int = 0

    def plus(self, done: Disposed) -> Deleted:
        """With one more holding."""
        return Deleted(
            deleted=self.deleted + done.deleted,
            left_case=self.left_case + (not done.deleted),
            retracted=self.retracted + (done.record is not None),
            originals=self.originals + done.original,
        )


class Disposing:
    """`set_level` blocks; `delete` does not."""

    def __init__(self, *, disposal: Disposal, store: NodeStore, audit: AuditLog) -> None:
        self._disposal = disposal
        self._store = store
        self._audit = audit

    def set_level(self, ids: Sequence[int], case: str, level: Level) -> Levels:
        """Sets the level of these holdings, or of all of a case. A shared holding of a case keeps its level. Raises
        `Misuse`, `NotFound` for unknown ones, `Refused` for the level "shared" and for a named holding that is shared.
        """
        chosen = self._chosen(ids, case)
        told = perform(
            self._audit,
            "set level",
            lambda: self._disposal.set_level(chosen, level, strict=not case),
            level=level.spelled,
            holdings=chosen,
            case=case,
        )
        return Levels(level=level, holdings=told)

    def _chosen(self, ids: Sequence[int], case: str) -> list[int]:
        _check_choice(ids, case)
        chosen, after = list(ids), 0
        with self._store.read() as tx:
            while case and (page := tx.holdings(case=case, after=after, bare=True)):
                chosen += [each.id for each in page]
                after = page[-1].id
            if not chosen:
                raise no_holdings(tx, case, "a list has one level: vigil lists change NAME --level")
        return chosen

    async def delete(
        self, ids: Sequence[int], case: str, reason: Reason, consent: Consent
    ) -> AsyncGenerator[Plan | Disposed | Deleted, None]:
        """Without consent, only the plan. With it, each holding once it is deleted, and then the counts.

        Raises `Misuse` if the plan is not the one that was agreed to, `NotFound` for unknown holdings, and at the end
        `Refused` for a record that cannot be retracted: its holding stays.
        """
        _check_choice(ids, case)
        plan = await asyncio.to_thread(self._disposal.plan, ids, case, reason)
        if asks(consent, len(plan.deletions), above=0):
            yield plan
            return
        if consent.plan and consent.plan != plan.digest:
            raise Misuse("what this would delete has changed since it was shown", remedy="run the command again")
        counts = Deleted()
        async for done in self._deleting(plan, case, reason):
            counts = counts.plus(done)
            yield done
        yield counts

    async def _deleting(self, plan: Plan, case: str, reason: Reason) -> AsyncGenerator[Disposed, None]:
        """Deletes and yields each step. If the reader stops listening, the deletion still completes: it was ordered."""
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[Disposed | None] = asyncio.Queue()

        def work() -> None:
            self._disposal.order(plan)
            self._disposal.finish(tell)

        def tell(done: Disposed) -> None:
            loop.call_soon_threadsafe(told.put_nowait, done)

        ids = [each.holding for each in plan.deletions]
        deed = asyncio.ensure_future(
            asyncio.to_thread(perform, self._audit, "delete", work, holdings=ids, case=case, reason=reason.name.lower())
        )
        deed.add_done_callback(lambda _deed: told.put_nowait(None))
        while (done := await told.get()) is not None:
            yield done
        await deed


def _check_choice(ids: Sequence[int], case: str) -> None:
    if bool(ids) == bool(case):
        raise Misuse("name either holdings or a case, not both")
