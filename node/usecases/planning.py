"""Planning a question: it is split into parts and stored, before anything of it is sent.

Rules this module upholds:

- All parts are durable before the first one is asked. So after any interruption it is known what was not asked, and the
  same question continues from there (`rest`), or is asked again as a new one (`again`).
- Subjects on the allow-list are not asked about, and are named.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.case_events import CaseEvent, CaseEventKind
from node.domain.ids import QUERY_ID_SIZE
from node.domain.queries import Level, Outcome
from node.domain.questions import Part, PartBody, PlannedPart, Tally
from node.errors import Misuse, NotFound, Refused
from node.usecases.acting import caller, role_abroad
from node.usecases.admitting import cost_of
from node.usecases.case_terms import with_defaults
from node.usecases.casework import chosen_holdings, holding_subject
from node.usecases.history import asked_subjects, question_terms, told_outcomes
from node.usecases.query_plan import Plan, Thinned, Todo
from node.usecases.question import (
    Question,
    check_question,
    expected_members,
    payload_of,
    question_of,
    split,
    terms_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from node.domain.ids import MemberId
    from node.domain.ports import Clock, Codec
    from node.domain.queries import Subject
    from node.domain.questions import KeptQuestion, Terms
    from node.domain.roster import Roster
    from node.domain.stores import NodeStore
    from node.usecases.allowing import AllowList
    from node.usecases.group_audience import GroupAudiences

NOTHING_ASKED: Final = "everything asked about is on the allow-list of known-harmless content, so nothing was sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Blocking: never on the event loop. `random(n)`: n unpredictable bytes."""

    me: MemberId
    roster: Callable[[], Roster]
    allowed: AllowList
    groups: GroupAudiences
    store: NodeStore
    codec: Codec
    clock: Clock
    random: Callable[[int], bytes]

    def plan(
        self,
        question: Question,
        *,
        show_all: bool = False,
        from_case: bool = False,
        again: bytes = b"",
        left_out: int = 0,
    ) -> Plan:
        """Splits the question and stores it. Raises as `draft`."""
        return self._stored(
            self.draft(question, show_all=show_all, from_case=from_case, again=again, left_out=left_out)
        )

    def plan_case(self, question: Question, holdings: Collection[int] = (), *, show_all: bool = False) -> Plan:
        """The same about holdings of the question's case. Raises as `draft_case`."""
        return self._stored(self.draft_case(question, holdings, show_all=show_all))

    def draft(
        self,
        question: Question,
        *,
        show_all: bool = False,
        from_case: bool = False,
        again: bytes = b"",
        left_out: int = 0,
    ) -> Plan:
        """What would be asked; nothing is stored. Subjects on the allow-list are left out, unless `show_all`.
        `left_out`: for a question that is asked again, what was left out before.

        A purpose or legal basis that is not given is the default of the case. The recipients may be a group.

        Raises `Misuse` or `Refused` if no member could answer it, if the case is closed, and if nothing is left to ask
        about.
        """
        roster = self.roster()
        with self.store.read() as tx:
            question = with_defaults(tx, question)
        if question.group:
            question = replace(question, recipients=self.groups.present(question.group).members, group="")
        question, not_asked = self._without_allowed(question, show_all=show_all)
        question = replace(question, officer_role=question.officer_role or role_abroad())
        pieces = [replace(question, subjects=subjects) for subjects in split(roster.policy, question.subjects)]
        for piece in pieces or [question]:
            check_question(roster.policy, piece)
        expected, _ = expected_members(roster, self.me, question.recipients)
        todo = [
            Todo(
                part=Part(number=number, query_id=self.random(QUERY_ID_SIZE), cost=cost_of(piece.subjects)),
                subjects=piece.subjects,
            )
            for number, piece in enumerate(pieces, 1)
        ]
        thinned = _thinned(question.subjects, [one for piece in pieces for one in piece.subjects])
        terms = replace(
            terms_of(question),
            officer=caller().name,
            members=expected,
            fingerprints=sum(each.part.cost for each in todo),
            left_out=left_out + sum(each.left_out for each in thinned),
            from_case=from_case,
            again=again,
        )
        return Plan(
            # A question of one part has the id of its query: the id that users and the audit log know.
            id=todo[0].part.query_id if len(todo) == 1 else self.random(QUERY_ID_SIZE),
            terms=terms,
            parts=len(todo),
            todo=todo,
            tally=Tally(parts=len(todo)),
            not_asked=not_asked,
            thinned=thinned,
        )

    def draft_case(self, question: Question, holdings: Collection[int] = (), *, show_all: bool = False) -> Plan:
        """The same about these holdings of the question's case, all of them if none is named, from their stored
        fingerprints. Raises `NotFound` if there are none, or one of them is not of the case.
        """
        held = chosen_holdings(self.store, question.case, holdings)
        subjects = tuple(map(holding_subject, held))
        plan = self.draft(replace(question, subjects=subjects), show_all=show_all, from_case=True)
        level = {subject.label: holding.level for subject, holding in zip(subjects, held, strict=True)}
        levels = Counter[Level]()
        for subject in (each for todo in plan.todo for each in todo.subjects):
            levels[level[subject.label]] += cost_of((subject,))
        return replace(plan, levels=levels)

    def _without_allowed(self, question: Question, *, show_all: bool) -> tuple[Question, tuple[str, ...]]:
        """(The question without the subjects on the allow-list, their labels). Raises `Refused` if nothing is left."""
        known = frozenset[int]() if show_all else self.allowed.among(question.subjects)
        if known and len(known) == len(question.subjects):
            raise Refused(NOTHING_ASKED, remedy="to ask all the same: --show-all; vigil match searches only this node")
        left = tuple(each for at, each in enumerate(question.subjects) if at not in known)
        return replace(question, subjects=left), tuple(question.subjects[at].label for at in sorted(known))

    def _stored(self, plan: Plan) -> Plan:
        """Stores a draft: from here on it is known what was to be asked."""
        planned = [
            PlannedPart(
                part=each.part,
                body=PartBody(
                    payload=self.codec.encode_payload(payload_of(question_of(plan.terms, each.subjects))),
                    labels=tuple(one.label for one in each.subjects),
                ),
            )
            for each in plan.todo
        ]
        now, terms = int(self.clock()), plan.terms
        with self.store.write() as tx:
            tx.put_question(plan.id, terms, planned, now)
            asked = CaseEvent(case=terms.case, kind=CaseEventKind.ASKED, at=now, officer=terms.officer,
                              count=terms.subjects, subject=plan.id.hex())  # fmt: skip
            tx.put_case_event(asked)
        # A crash from here on leaves a question with parts that were not asked; `rest` asks them.
        return plan

    def again(
        self,
        wanted: bytes,
        recipients: tuple[MemberId, ...] | None = None,
        budget: float | None = None,
        *,
        group: str = "",
        show_all: bool = False,
    ) -> Plan:
        """The same question again, as a new one: the same subjects and terms, except for `recipients` (or those of a
        `group`) and `budget` if these are given. `wanted`: the id of the question, or of one part, which is then asked
        alone.

        Raises `NotFound` if it is not stored here.
        """
        kept, terms, parts = self._kept(wanted)
        subjects = [each for part in parts for each in asked_subjects(self.store, self.codec, part)]
        if not subjects:
            raise NotFound("the content of this query is deleted", remedy="ask a new question")
        question = replace(
            question_of(terms, tuple(subjects)),
            recipients=terms.recipients if recipients is None else recipients,
            group=group,
            budget=terms.budget if budget is None else budget,
        )
        before = wanted if len(parts) == 1 else kept.id
        return self.plan(question, show_all=show_all, from_case=terms.from_case, again=before, left_out=terms.left_out)

    def rest(self, wanted: bytes) -> Plan:
        """The parts of an interrupted question that have no closing table yet. Raises `NotFound`, and `Misuse` if
        nothing is left to ask.
        """
        kept, terms, _ = self._kept(wanted)
        plan = Plan(id=kept.id, terms=terms, parts=len(kept.parts), todo=[], tally=Tally(parts=len(kept.parts)))
        for part in kept.parts:
            if part.closed_at:
                plan.queries[part.number] = part.query_id
                self._count(plan, part)
            else:
                subjects = asked_subjects(self.store, self.codec, part)
                plan.todo.append(Todo(part=part, subjects=subjects, interrupted=bool(part.asked_at)))
        if not plan.todo:
            raise Misuse(
                "every part of this query was asked, and has its closing table",
                remedy="to ask the same once more: vigil query --again ID",
            )
        return plan

    def _kept(self, wanted: bytes) -> tuple[KeptQuestion, Terms, tuple[Part, ...]]:
        with self.store.read() as tx:
            kept = tx.question(wanted)
        if kept is None:
            raise NotFound(
                "this node has asked no question with this id", remedy="`vigil queries` lists the latest questions"
            )
        terms = question_terms(self.store, self.codec, kept)
        return kept, terms, kept.chosen(wanted)

    def _count(self, plan: Plan, part: Part) -> None:
        for outcome in told_outcomes(self.store, self.codec, part.query_id):
            if not outcome.late:
                plan.tally.add(part.number, outcome)
                if outcome.outcome is not Outcome.NOT_ASKED:
                    plan.tally.expected.add(outcome.member)


def _thinned(whole: Sequence[Subject], asked: Sequence[Subject]) -> tuple[Thinned, ...]:
    """Which of these subjects are asked about in part; `asked`: the same subjects as they are sent."""
    return tuple(
        Thinned(label=before.label, left_out=cost_of((before,)) - cost_of((now,)), fingerprints=cost_of((before,)))
        for before, now in zip(whole, asked, strict=True)
        if cost_of((now,)) < cost_of((before,))
    )
