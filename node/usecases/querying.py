"""The conduct of a question: planned, searched for here, asked, told as answers arrive, and summed up.

Rules this module upholds:

- Subjects that are not asked about are told before anything is sent, and so is the plan.
- Everything is told as soon as it is known. The summary comes last and covers all parts.
- Closing the generator (Ctrl-C) closes the question properly and keeps the answers that arrived (`usecases.asking`).
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.usecases.asking import Begins, Heard, Waits
from node.usecases.history import changes
from node.usecases.hit_tally import HitTally
from node.usecases.query_plan import Plan, Thinned
from node.usecases.sources import mutes
from node.usecases.telling import Told, told
from node.usecases.verification import verified

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Mapping

    from node.domain.ids import MemberId, RecordId
    from node.domain.ports import Codec
    from node.domain.questions import Part
    from node.domain.stores import NodeStore
    from node.domain.verification import Verification
    from node.usecases.asking import Asker
    from node.usecases.history import Changes
    from node.usecases.matching import Found
    from node.usecases.planning import Planner
    from node.usecases.question import Question
    from node.usecases.verification import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A subject that is not asked about, because it is on the allow-list of known-harmless content."""

    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBegun:
    """A part of `parts` that is sent now. `labels`: of its subjects; `found`: by our own search; `known`: what other
    members say of the records found.
    """

    part: Part
    parts: int
    labels: tuple[str, ...]
    found: Found
    known: Mapping[RecordId, Verification] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryEnded:
    """The summary. `plan.tally` is the closing table over all parts; `tally` counts hits that were not told.

    `searched`: source -> how many items our own search looked at. `changes`: for a question that was asked again, what
    differs from the first time; None if the first one is not known any more.
    """

    plan: Plan
    searched: Mapping[str, int]
    tally: HitTally
    changes: Changes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a question would take. `left`: fingerprints that may be asked about now without a wait; `a_minute`: how many
    of them come back each minute.
    """

    plan: Plan
    left: int
    a_minute: int


QueryEvent = Allowed | Thinned | Plan | Waits | PartBegun | Told | QueryEnded
"""What happens while a question is asked, in this order; the fourth to the sixth repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Querying:
    """For the event loop. `planner` stores a question, `asker` asks it. `show_all` of each method: nothing is left out
    or hidden, neither what is on the allow-list nor hits of muted members. `verifier` None: opinions are not counted.
    """

    planner: Planner
    asker: Asker
    store: NodeStore
    codec: Codec
    verifier: Verifier | None = None

    def ask(self, question: Question, *, show_all: bool = False) -> AsyncGenerator[QueryEvent, None]:
        """Asks about the question's subjects. Raises `Refused` if nothing is left to ask about; as `Planner.plan`."""
        return self._conducted(lambda: self.planner.plan(question, show_all=show_all), show_all=show_all)

    def ask_case(
        self, question: Question, holdings: Collection[int] = (), *, show_all: bool = False
    ) -> AsyncGenerator[QueryEvent, None]:
        """Asks about these holdings of the question's case, all of them if none is named, with their stored
        fingerprints. Raises as `plan_case`.
        """
        return self._conducted(lambda: self.planner.plan_case(question, holdings, show_all=show_all), show_all=show_all)

    async def cost(self, question: Question, holdings: Collection[int] = (), *, show_all: bool = False) -> Cost:
        """What the question would ask about and of whom; nothing is stored or sent. Without subjects, about holdings of
        its case. Raises as `ask` and `ask_case`.
        """
        plan = await asyncio.to_thread(self._draft, question, holdings, show_all=show_all)
        left, a_minute = self.asker.left()
        return Cost(plan=plan, left=left, a_minute=a_minute)

    def _draft(self, question: Question, holdings: Collection[int], *, show_all: bool) -> Plan:
        if question.subjects:
            return self.planner.draft(question, show_all=show_all)
        return self.planner.draft_case(question, holdings, show_all=show_all)

    def ask_again(
        self,
        wanted: bytes,
        recipients: tuple[MemberId, ...] | None = None,
        budget: float | None = None,
        *,
        group: str = "",
        show_all: bool = False,
    ) -> AsyncGenerator[QueryEvent, None]:
        """Asks the same subjects and terms again, except for `recipients` (or those of a `group`) and `budget` if these
        are given. `wanted`:
        the id of the question, or of one part. Raises as `Planner.again`.
        """
        return self._conducted(
            lambda: self.planner.again(wanted, recipients, budget, group=group, show_all=show_all), show_all=show_all
        )

    def ask_rest(self, wanted: bytes, *, show_all: bool = False) -> AsyncGenerator[QueryEvent, None]:
        """Asks the parts of an interrupted question that have no closing table yet. Raises as `Planner.rest`."""
        return self._conducted(lambda: self.planner.rest(wanted), show_all=show_all)

    async def _conducted(self, make: Callable[[], Plan], *, show_all: bool) -> AsyncGenerator[QueryEvent, None]:
        plan = await asyncio.to_thread(make)
        for label in plan.not_asked:
            yield Allowed(label=label)
        for thinned in plan.thinned:
            yield thinned
        yield plan
        searched: Mapping[str, int] = {}
        tally = HitTally()
        muted: Collection[MemberId] = () if show_all else await asyncio.to_thread(self._muted)
        here: frozenset[RecordId | None] = frozenset()
        async with aclosing(self.asker.run(plan, show_all=show_all)) as events:
            async for event in events:
                if isinstance(event, Waits):
                    yield event
                elif isinstance(event, Begins):
                    searched = event.found.searched
                    tally.of(event.found)
                    here = frozenset(hit.record for hit in event.found.hits)
                    known = await asyncio.to_thread(verified, self.store, self.verifier, event.found.hits)
                    yield PartBegun(
                        part=event.part, parts=plan.parts, labels=_labels(event), found=event.found, known=known
                    )
                else:
                    tally.heard(event.outcome, muted)
                    query_id, labels = event.part.query_id, _labels(event)
                    yield await asyncio.to_thread(
                        told,
                        self.store,
                        query_id,
                        event.outcome,
                        labels,
                        here=here,
                        muted=muted,
                        verifier=self.verifier,
                    )
        changed = await asyncio.to_thread(self._changed, plan) if plan.terms.again else None
        yield QueryEnded(plan=plan, searched=searched, tally=tally, changes=changed)

    def _muted(self) -> frozenset[MemberId]:
        with self.store.read() as tx:
            return frozenset(each.member for each in mutes(tx))

    def _changed(self, plan: Plan) -> Changes | None:
        with self.store.read() as tx:
            before, now = tx.question(plan.terms.again), tx.question(plan.id)
        if before is None or now is None:
            return None
        return changes(self.store, self.codec, before.chosen(plan.terms.again), now.parts, plan.terms.members)


def _labels(event: Begins | Heard) -> tuple[str, ...]:
    return tuple(subject.label for subject in event.subjects)
