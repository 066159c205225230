"""The commands that ask the federation, and that show a past question.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call a use case, and print its values as lines.
- Lines are sent as soon as they are known. Blocking work runs in threads.
- A row that cannot be read has a line that says so. One bad row does not end a list.
- Interrupting a command (Ctrl-C) closes the question properly and keeps the answers that arrived.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.control.arguments import Arguments
from node.control.hit_lines import tally_line
from node.control.lines import hit_line, outcome_line, read_subject, told_hit_line
from node.control.query_lines import (
    changes_line,
    part_line,
    plan_line,
    question_line,
    refused_line,
    subject_told_line,
    summary_line,
)
from node.control.search_commands import read_rule
from node.domain.envelope import Kind
from node.domain.ids import QUERY_ID_SIZE, member_id
from node.domain.questions import Terms
from node.errors import Damaged, Malformed, NotFound
from node.usecases.asking import Begins, Heard, Waits
from node.usecases.audit import AuditEntry
from node.usecases.crowd import bounded
from node.usecases.history import asked_subjects, changes, question_terms, told_outcomes
from node.usecases.hit_tally import HitTally
from node.usecases.question import Question
from node.usecases.sources import mutes
from node.usecases.standing import Standing, standings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence

    from node.control.runner import Line
    from node.domain.ids import MemberId, RecordId
    from node.domain.ports import Clock, Codec, Store
    from node.domain.queries import Hit
    from node.domain.questions import KeptQuestion, Part
    from node.usecases.asking import Asker
    from node.usecases.audit import AuditLog
    from node.usecases.planning import Plan, Planner

NO_TERMS: Final = Terms(case="", purpose="", legal_basis="", officer_role="")
ON_THE_LIST: Final = "it is on the allow-list of known-harmless content"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryCommands:
    """`planner` stores a question, `asker` asks it."""

    planner: Planner
    asker: Asker
    store: Store
    codec: Codec
    audit: AuditLog
    clock: Clock

    async def query(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "purpose", "legal_basis", "officer_role", "to", "rule", "budget", "show_all"} and subjects as items
        -> the subjects left out, the plan, and for each part its local hits, then members' outcomes and their hits as
        they arrive; at the end {"query", "outcomes", "hits", ...} over all parts.

        A subject on the allow-list is left out and has a line: {"subject", "not_asked"}. With `show_all` it is asked
        about like any other. A video asked about in part has a line too: {"subject", "left_out", "fingerprints"}.
        Raises `Refused` if nothing is left to ask about.
        """
        given = Arguments(arguments)
        question, show_all = _question(given), given.flag("show_all")
        subjects = tuple([read_subject(line) async for line in items])

        def plan() -> Plan:
            return self.planner.plan(replace(question, subjects=subjects), show_all=show_all)

        async for line in self._asked(plan, show_all=show_all):
            yield line

    async def query_case(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """As `query`, about the holdings of the case, with their stored fingerprints."""
        given = Arguments(arguments)
        question, show_all = _question(given), given.flag("show_all")
        async for line in self._asked(lambda: self.planner.plan_case(question, show_all=show_all), show_all=show_all):
            yield line

    async def query_again(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"query": hex, "to", "budget", "show_all"} -> as `query`: the same subjects and terms again. The summary says
        what has changed. Without "to" and "budget", these are the same too.
        """
        given = Arguments(arguments)
        wanted, show_all = read_query_id(given.text("query")), given.flag("show_all")
        to = tuple(member_id(name) for name in given.texts("to")) if given.has("to") else None
        budget = given.number("budget") if given.has("budget") else None

        def plan() -> Plan:
            return self.planner.again(wanted, to, budget, show_all=show_all)

        async for line in self._asked(plan, show_all=show_all):
            yield line

    async def query_rest(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"query": hex, "show_all"} -> as `query`: the parts of an interrupted question that have no closing table
        yet. The summary covers all parts.
        """
        given = Arguments(arguments)
        wanted, show_all = read_query_id(given.text("query")), given.flag("show_all")
        async for line in self._asked(lambda: self.planner.rest(wanted), show_all=show_all):
            yield line

    async def _asked(self, make: Callable[[], Plan], *, show_all: bool) -> AsyncGenerator[Line, None]:
        plan = await asyncio.to_thread(make)
        for label in plan.not_asked:
            yield {"subject": label, "not_asked": ON_THE_LIST}
        for each in plan.thinned:
            yield {"subject": each.label, "left_out": each.left_out, "fingerprints": each.fingerprints}
        yield plan_line(plan)
        searched: dict[str, int] = {}
        counted = HitTally()
        muted = frozenset() if show_all else await asyncio.to_thread(self._muted)
        here: frozenset[RecordId | None] = frozenset()
        async with aclosing(self.asker.run(plan, show_all=show_all)) as events:
            async for event in events:
                if isinstance(event, Waits):
                    yield {"waiting_seconds": round(event.seconds, 1), "because": event.because}
                    continue
                labels = [subject.label for subject in event.subjects]
                if isinstance(event, Begins):
                    searched = dict(event.found.searched)
                    counted.of(event.found)
                    yield part_line(plan, event)
                    for hit in event.found.hits:
                        yield hit_line(labels[hit.subject], hit) | {"where": "here"}
                    here = frozenset(hit.record for hit in event.found.hits)
                else:
                    counted.heard(event.outcome, muted)
                    for line in await asyncio.to_thread(self._heard, event, labels, here, muted):
                        yield line
        summary = summary_line(plan) | {"searched": searched, **tally_line(counted)}
        if plan.terms.again:
            summary |= await asyncio.to_thread(self._changed, plan)
        yield summary

    def _muted(self) -> frozenset[MemberId]:
        with self.store.read() as tx:
            return frozenset(each.member for each in mutes(tx))

    def _changed(self, plan: Plan) -> Line:
        with self.store.read() as tx:
            before, now = tx.question(plan.terms.again), tx.question(plan.id)
        if before is None or now is None:
            return {"changed": None}
        parts = before.chosen(plan.terms.again)
        return {"changed": changes_line(changes(self.store, self.codec, parts, now.parts, plan.terms.members))}

    async def queries(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"query": hex or "", "limit"} -> past questions and their answers, with late answers labelled.

        With "query" (a question, or one part of it), that one with its subjects; without, the latest ones.
        """
        given = Arguments(arguments)
        wanted = given.text("query", "")
        looks = {"what": "queries", "query": wanted, "at": int(self.clock())}
        await asyncio.to_thread(self.audit.append, AuditEntry(kind=Kind.AUDIT_SEARCH, body=looks))
        if wanted:
            lines = await asyncio.to_thread(self._one, read_query_id(wanted))
        else:
            lines = await asyncio.to_thread(self._recent, given.whole("limit", 20))
        for line in lines:
            yield line

    def _heard(
        self,
        event: Heard,
        labels: list[str],
        here: Collection[RecordId | None],
        muted: Collection[MemberId],
    ) -> list[Line]:
        """An outcome and its hits, limited like those of a search. Hits of a muted member are not shown. `here`:
        records that our own search has just found.
        """
        outcome = event.outcome
        hits, grouped = bounded(outcome.answer.hits if outcome.answer else ())
        silent = outcome.member in muted
        line = outcome_line(event.part.query_id, outcome) | {"grouped": grouped, "muted": silent}
        return [line, *self._hits(outcome.member, () if silent else hits, labels, here)]

    def _hits(
        self, member: MemberId, hits: Sequence[Hit], labels: list[str], here: Collection[RecordId | None] = ()
    ) -> list[Line]:
        """The hits that a member reported, each with the state of its record here."""
        stand = standings(self.store, [each.record for each in hits if each.record and each.record not in here])
        return [
            told_hit_line(
                labels,
                member,
                hit,
                None if hit.record is None else Standing.HERE if hit.record in here else stand[hit.record],
            )
            for hit in hits
        ]

    def _one(self, wanted: bytes) -> list[Line]:
        with self.store.read() as tx:
            kept = tx.question(wanted)
        if kept is None:
            raise NotFound(
                "this node has asked no question with this id", remedy="`vigil queries` lists the latest questions"
            )
        parts = kept.chosen(wanted)
        lines = self._head(kept)
        for part in parts:
            lines += _readable(part, lambda part=part: self._subjects(part))  # type: ignore[misc]
        for part in parts:
            lines += _readable(part, lambda part=part: self._told(part))  # type: ignore[misc]
        for part in parts:
            with self.store.read() as tx:
                refused = tx.refused_answers(part.query_id)
            lines += map(refused_line, refused)
        return lines

    def _subjects(self, part: Part) -> list[Line]:
        return [subject_told_line(part, each) for each in asked_subjects(self.store, self.codec, part)]

    def _recent(self, limit: int) -> list[Line]:
        with self.store.read() as tx:
            newest = tx.recent_questions(limit)
        lines: list[Line] = []
        for kept in newest:
            lines += self._head(kept)
            for part in kept.parts:
                lines += _readable(part, lambda part=part: self._told(part))  # type: ignore[misc]
        return lines

    def _head(self, kept: KeptQuestion) -> list[Line]:
        """A question. If its terms cannot be read, it is shown without them."""
        try:
            return [question_line(kept, question_terms(self.store, self.codec, kept))]
        except (Damaged, Malformed) as error:
            return [question_line(kept, NO_TERMS) | {"error": str(error)}]

    def _told(self, part: Part) -> list[Line]:
        """The outcomes of one part, each followed by its hits."""
        told = told_outcomes(self.store, self.codec, part.query_id)
        hits = any(each.answer and each.answer.hits for each in told)
        labels = [each.label for each in asked_subjects(self.store, self.codec, part)] if hits else []
        lines: list[Line] = []
        for outcome in told:
            given, grouped = bounded(outcome.answer.hits if outcome.answer else ())
            lines.append(outcome_line(part.query_id, outcome) | {"grouped": grouped})
            lines += self._hits(outcome.member, given, labels)
        return lines


def _readable(part: Part, read: Callable[[], list[Line]]) -> list[Line]:
    """The stored data of a part; if it cannot be read, a line that says why. The rest of the list continues."""
    try:
        return read()
    except (Damaged, Malformed) as error:
        return [{"query": part.query_id.hex(), "error": str(error), "remedy": error.remedy}]


def _question(given: Arguments) -> Question:
    """A question without its subjects."""
    return Question(
        subjects=(),
        case=given.text("case"),
        purpose=given.text("purpose"),
        legal_basis=given.text("legal_basis"),
        officer_role=given.text("officer_role", "investigator"),
        recipients=tuple(member_id(name) for name in given.texts("to")),
        rule=read_rule(given.text("rule", "policy")),
        budget=given.number("budget", 5.0),
    )


def read_query_id(text: str) -> bytes:
    """A query id from its hex. Raises `Malformed`."""
    try:
        query_id = bytes.fromhex(text)
    except ValueError:
        query_id = b""
    if len(query_id) != QUERY_ID_SIZE:
        raise Malformed(f"a query's id is {2 * QUERY_ID_SIZE} hex digits")
    return query_id
