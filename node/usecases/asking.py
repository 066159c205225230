"""Asks the parts of a planned question, one after the other.

Rules this module upholds:

- The parts keep to the policy's budget: this module waits before it exceeds the budget, and when the hub says so.
- If a part ends before its table is closed, it keeps the answers that came, and stays open.
- If the hub cannot be reached, no further part is tried.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.case_events import CaseEvent, CaseEventKind
from node.domain.ids import QUERY_ID_SIZE
from node.errors import Overloaded
from node.usecases.casework import own_rows
from node.usecases.pacing import RESERVE_SECONDS, Pace, paced
from node.usecases.question import question_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from node.domain.ids import MemberId
    from node.domain.ports import Clock
    from node.domain.queries import MemberOutcome, Subject
    from node.domain.questions import Part
    from node.domain.roster import Roster
    from node.domain.stores import NodeStore
    from node.usecases.inquiry import Inquirer
    from node.usecases.matching import Found
    from node.usecases.openquery import Ask, OpenQuery
    from node.usecases.query_plan import Plan, Todo
    from node.usecases.question import Question

TRIES: Final = 5
"""How often one part is sent to a hub that reports an exhausted budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Asking pauses for this many seconds. `because`: the reason in plain words."""

    seconds: float
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Begins:
    """A part is durable, was searched for here, and is sent now."""

    part: Part
    subjects: tuple[Subject, ...]
    found: Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A member's state in a part."""

    part: Part
    subjects: tuple[Subject, ...]
    outcome: MemberOutcome


Event = Waits | Begins | Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class AskerDeps:
    """What an asker needs. `random(n)`: n unpredictable bytes. `pause(seconds)` waits."""

    me: MemberId
    roster: Callable[[], Roster]
    inquirer: Inquirer
    relay: Ask
    store: NodeStore
    clock: Clock
    random: Callable[[int], bytes]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


class Asker:
    """For the event loop. One for all questions of a node, because they share its budget."""

    def __init__(self, deps: AskerDeps) -> None:
        self._deps = deps
        self._pace = Pace(deps.me)

    def left(self) -> tuple[int, int]:
        """(Fingerprints that may be asked about now without a wait, fingerprints a minute). What was asked before this
        program started is not known here: then the hub makes the asker wait.
        """
        policy = self._deps.roster().policy
        return self._pace.left(policy, self._deps.clock()), paced(policy)

    async def run(self, plan: Plan, *, show_all: bool = False) -> AsyncGenerator[Event, None]:
        """Asks the plan, part by part. `plan.tally` grows with it. `show_all`: also shows local hits that the
        allow-list hides.
        """
        for todo in plan.todo:
            async with aclosing(self._paced(todo)) as waits:
                async for wait in waits:
                    yield wait
            question = question_of(plan.terms, todo.subjects)
            opened = await asyncio.to_thread(self._opened, todo, question)
            plan.queries[todo.part.number] = opened.id
            closed = False
            try:
                plan.tally.expected.update(opened.expected)
                found = await asyncio.to_thread(self._here, plan, question, show_all=show_all)
                plan.tally.local_hits += len(found.hits)
                plan.tally.hidden += sum(found.hidden.values())
                part = replace(todo.part, query_id=opened.id)
                yield Begins(part=part, subjects=todo.subjects, found=found)
                async with aclosing(self._heard(plan, part, todo.subjects, opened)) as events:
                    async for event in events:
                        yield event
                closed = opened.left or plan.parts == 1
                if closed:
                    await asyncio.to_thread(self._deps.inquirer.close, opened)
            finally:
                if not closed:
                    # Ctrl-C, a lost hub, an error. A crash before this line loses answers; their members give the same
                    # answers when the part is asked again.
                    await asyncio.to_thread(self._deps.inquirer.keep, opened)
            if not closed:
                return
        await asyncio.to_thread(self._answered, plan)

    def _answered(self, plan: Plan) -> None:
        """Blocking. Notes in the timeline of the case that every part has its closing table. A crash before this line
        leaves the closing tables, without this event.
        """
        event = CaseEvent(
            case=plan.terms.case,
            kind=CaseEventKind.ANSWERED,
            at=int(self._deps.clock()),
            count=plan.tally.member_hits.total(),
            subject=plan.id.hex(),
        )
        with self._deps.store.write() as tx:
            tx.put_case_event(event)

    async def _paced(self, todo: Todo) -> AsyncGenerator[Waits, None]:
        deps = self._deps
        while seconds := self._pace.wait(todo.part.cost, deps.roster().policy, deps.clock()):
            yield Waits(seconds=seconds, because=self._because())
            await deps.pause(seconds)

    def _because(self) -> str:
        return f"a member may ask about {self._deps.roster().policy.query_cost_per_minute:,} fingerprints a minute"

    def _here(self, plan: Plan, question: Question, *, show_all: bool) -> Found:
        """Blocking. The local search. A holding that is asked about is not a hit of itself."""
        own = own_rows(self._deps.store, question.subjects) if plan.terms.from_case else ()
        return self._deps.inquirer.search_here(question, own, show_all=show_all)

    def _opened(self, todo: Todo, question: Question) -> OpenQuery:
        """Blocking. The query of this part; if it was interrupted recently, exactly the same query as before."""
        deps = self._deps
        if not todo.interrupted:
            return deps.inquirer.open(question, todo.part.query_id)
        with deps.store.read() as tx:
            asked = tx.asked(todo.part.query_id)
        if asked is not None and (again := deps.inquirer.reopen(asked)) is not None:
            return again
        fresh = deps.random(QUERY_ID_SIZE)
        with deps.store.write() as tx:
            tx.renew_part(todo.part.query_id, fresh)
        return deps.inquirer.open(question, fresh)

    async def _heard(
        self, plan: Plan, part: Part, subjects: tuple[Subject, ...], opened: OpenQuery
    ) -> AsyncGenerator[Event, None]:
        deps = self._deps
        for outcome in list(opened.outcomes.values()):
            plan.tally.add(part.number, outcome)
            yield Heard(part=part, subjects=subjects, outcome=outcome)
        for attempt in range(1, TRIES + 1):
            asking = deps.inquirer.ask(opened, deps.relay, plan.terms.budget, patient=attempt < TRIES)
            try:
                async with aclosing(asking):
                    async for outcome in asking:
                        plan.tally.add(part.number, outcome)
                        yield Heard(part=part, subjects=subjects, outcome=outcome)
            except Overloaded as error:
                seconds = max(error.retry_after, 1.0) + RESERVE_SECONDS
                yield Waits(seconds=seconds, because=self._because())
                await deps.pause(seconds)
            else:
                return
