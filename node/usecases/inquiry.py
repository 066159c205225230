"""Asking the federation: local search first, then every member, and one state for each in the closing table.

Rules this module upholds:

- The question and its legal basis are durable in the asker's own audit log before anything is sent.
- The expected members come from the asker's own roster, never from the hub (promise 5).
- `judging` decides what counts as an answer. What does not count is stored separately as evidence, and never read
  again.
- The closing table is final. A later answer is stored, labelled late, and changes no state. After an answer that says
  that the question is held, one more is accepted: the officer's decision.
- An interrupted query keeps its answers, and stays open until it is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Kind
from node.domain.held_questions import RefusedAnswer
from node.domain.ids import QUERY_ID_SIZE
from node.domain.queries import (
    MemberOutcome,
    Outcome,
    QueryHeader,
    RelayEvent,
    SignedQuery,
)
from node.domain.query_ports import AskedQuery
from node.domain.signing import query_preimage
from node.errors import Overloaded, PeerFault, VigilError
from node.usecases.admitting import cost_of
from node.usecases.audit import AuditEntry
from node.usecases.history import counted
from node.usecases.judging import Judge
from node.usecases.openquery import OpenQuery
from node.usecases.question import check_question, expected_members, fitted, payload_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from node.domain.ids import MemberId
    from node.domain.ports import Clock, Codec, Signer
    from node.domain.queries import SignedAnswer
    from node.domain.roster import Roster
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.matching import Found, Matcher
    from node.usecases.node_audit import NodeAuditLog
    from node.usecases.openquery import Ask
    from node.usecases.question import Question

EXPIRY_GRACE_SECONDS = 6 * SECONDS_A_DAY
"""How long after its budget a query may still be answered: the deciding officer may be away for a weekend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InquirerDeps:
    """The dependencies of an inquirer. `random(n)`: n unpredictable bytes."""

    me: MemberId
    roster: Callable[[], Roster]
    matcher: Matcher
    store: NodeStore
    codec: Codec
    audit: NodeAuditLog
    signer: Signer
    clock: Clock
    random: Callable[[int], bytes]


class Inquirer:
    """Asks, checks the answers, and stores them. Methods marked blocking run in a thread."""

    def __init__(self, deps: InquirerDeps) -> None:
        self._deps = deps
        self.judge = Judge(roster=deps.roster, codec=deps.codec, clock=deps.clock)

    def search_here(self, question: Question, own_rows: Sequence[int] = (), *, show_all: bool = False) -> Found:
        """Blocking. The local search, before anything is sent. `own_rows`: see `Matcher.local`. `show_all`: also hits
        hidden by the allow-list.
        """
        deps, radius = self._deps, self._deps.roster().policy.radius
        return deps.matcher.local(question.subjects, radius, question.rule, own_rows, show_all=show_all)

    def open(self, question: Question, query_id: bytes = b"") -> OpenQuery:
        """Blocking. Checks, signs and stores the question: durable, with its audit entry, on return.

        `query_id`: the id of the part that it asks; a new one if none is given.
        """
        deps = self._deps
        roster = deps.roster()
        question = fitted(roster.policy, question)
        check_question(roster.policy, question)
        expected, left_out = expected_members(roster, deps.me, question.recipients)
        now = int(deps.clock())
        header = QueryHeader(
            query_id=query_id or deps.random(QUERY_ID_SIZE),
            asker=deps.me,
            recipients=tuple(sorted(set(question.recipients))),
            purpose=question.purpose,
            issued_at=now,
            expires_at=now + int(question.budget) + EXPIRY_GRACE_SECONDS,
            cost=cost_of(question.subjects),
        )
        head, body = deps.codec.encode_header(header), deps.codec.encode_payload(payload_of(question))
        signature = deps.signer.sign(query_preimage(roster.federation, head, body))
        signed = SignedQuery(header=head, payload=body, signature=signature)
        # A crash after this leaves a query without outcomes in the list: it was not sent, and the list shows so.
        deps.audit.append(
            AuditEntry(
                kind=Kind.AUDIT_QUERY_ASKED,
                body={
                    "query": header.query_id.hex(),
                    "case": question.case,
                    "purpose": question.purpose,
                    "legal_basis": question.legal_basis,
                    "officer_role": question.officer_role,
                    "asked": list(expected),
                    "at": now,
                },
                attached={"header": head, "payload": body},
            ),
            also=lambda tx: tx.put_asked(AskedQuery(query=signed, header=header, created_at=now)),
        )
        return OpenQuery(id=header.query_id, signed=signed, expected=expected, left_out=left_out)

    def reopen(self, asked: AskedQuery) -> OpenQuery | None:
        """Blocking. An interrupted query with the answers that came so far: exactly the same question is sent again,
        and members that have answered give the same answer. None if it is too old.
        """
        deps = self._deps
        roster, header = deps.roster(), asked.header
        if header.expires_at - EXPIRY_GRACE_SECONDS // 2 < deps.clock():
            return None
        expected, left_out = expected_members(roster, deps.me, header.recipients)
        opened = OpenQuery(id=header.query_id, signed=asked.query, expected=expected, left_out=left_out)
        with deps.store.read() as tx:
            rows, reasons = tx.outcomes(header.query_id), tx.outcome_reasons(header.query_id)
        for member, state, signed, late in rows:
            if signed is not None and (answer := counted(deps.codec, state, signed)) is not None:
                reason = answer.reason or reasons.get(member, "")
                opened.answers[member] = signed
                opened.kept.add(member)
                opened.outcomes[member] = MemberOutcome(
                    member=member, outcome=Outcome(state), answer=answer, reason=reason, late=late
                )
        return opened

    async def ask(
        self, opened: OpenQuery, relay: Ask, budget: float, *, patient: bool = False
    ) -> AsyncGenerator[MemberOutcome, None]:
        """Outcomes as they arrive, one per member; then call `close`. `budget` in seconds.

        If the relay fails, its members are not-asked (the query was not sent) or in error (it was). `patient`: if the
        hub is overloaded or the budget is used up, and nothing was sent yet, this raises `Overloaded` instead, and the
        same query can be asked again later.
        """
        for member, why in [each for each in opened.left_out if each[0] not in opened.outcomes]:
            yield self._settle(opened, MemberOutcome(member=member, outcome=Outcome.NOT_ASKED, reason=why))
        failure, expected = "", frozenset(opened.expected)
        try:
            async for events in relay(opened.signed, budget):
                opened.left = True
                for event in events:
                    if event.member in expected and event.member not in opened.outcomes:
                        yield self._settle(opened, self.judge.judge(opened.signed, event), event.answer)
        except VigilError as error:
            if patient and not opened.left and isinstance(error, Overloaded):
                raise
            failure = str(error)
            opened.left = opened.left or isinstance(error, PeerFault)
        state = Outcome.ERROR if opened.left else Outcome.NOT_ASKED
        reason = failure or "the hub ended the query without a word on this member"
        for member in [each for each in opened.expected if each not in opened.outcomes]:
            yield self._settle(opened, MemberOutcome(member=member, outcome=state, reason=reason))

    def late(self, event: RelayEvent) -> MemberOutcome | None:
        """Blocking. Stores an answer that came after its table was closed; None if the query is not ours, or the answer
        is known.

        Only a member that was asked gets a line of its own, if nothing is known of it yet or it said that it holds the
        question. So however many answers a hub makes up, the table grows by at most one line per member, and one for
        refused answers.
        """
        if event.answer is None:
            return None
        with self._deps.store.read() as tx:
            asked = tx.asked(event.query_id)
            known = [state for m, state, answer, _ in tx.outcomes(event.query_id) if m == event.member and answer]
            refused = {each.member for each in tx.refused_answers(event.query_id)}
        if asked is None or any(state != Outcome.HELD for state in known):
            return None
        if (
            event.member not in (asked.header.recipients or self._deps.roster().members)
            or event.member == self._deps.me
        ):
            return None
        outcome = self.judge.judge(asked.query, event, late=True)
        self.judge.forget()
        if (outcome.outcome is Outcome.HELD and known) or (outcome.refused and event.member in refused):
            return None
        self._deps.audit.append(
            AuditEntry(
                kind=Kind.AUDIT_SEARCH,
                body={
                    "what": "late answer",
                    "query": event.query_id.hex(),
                    "member": event.member,
                    "outcome": outcome.outcome,
                    "at": int(self._deps.clock()),
                },
            ),
            also=lambda tx: self._put(tx, event.query_id, outcome, event.answer),
        )
        return outcome

    def _settle(self, opened: OpenQuery, outcome: MemberOutcome, signed: SignedAnswer | None = None) -> MemberOutcome:
        if signed is not None:
            (opened.refused if outcome.refused else opened.answers)[outcome.member] = signed
        opened.outcomes[outcome.member] = outcome
        return outcome

    def close(self, opened: OpenQuery) -> None:
        """Blocking. The closing table, in one transaction. A crash before it leaves the query open, to be asked again
        (members give the same answers); after it the table is final.
        """
        self.judge.forget()
        with self._deps.store.write() as tx:
            for outcome in opened.outcomes.values():
                self._put_opened(tx, opened, outcome)
            tx.close_query(opened.id, int(self._deps.clock()))

    def keep(self, opened: OpenQuery) -> None:
        """Blocking. Stores the answers of an interrupted query; the query stays open and can be asked again. Nothing is
        stored for a member that has not answered, because its state is not known yet.
        """
        self.judge.forget()
        with self._deps.store.write() as tx:
            for member in opened.answers:
                if member in opened.outcomes:
                    self._put_opened(tx, opened, opened.outcomes[member])

    def _put_opened(self, tx: NodeStoreWriter, opened: OpenQuery, outcome: MemberOutcome) -> None:
        if outcome.member not in opened.kept:
            answers = opened.refused if outcome.refused else opened.answers
            self._put(tx, opened.id, outcome, answers.get(outcome.member))

    def _put(self, tx: NodeStoreWriter, query_id: bytes, outcome: MemberOutcome, signed: SignedAnswer | None) -> None:
        """A line of the table. An answer that does not count is stored where nothing reads it as an answer."""
        member, late = outcome.member, outcome.late
        reason = "" if outcome.answer else outcome.reason
        counts = None if outcome.refused else signed
        tx.put_outcome(query_id, member, outcome.outcome, counts, late=late, reason=reason)
        if outcome.refused and signed is not None:
            at = int(self._deps.clock())
            tx.put_refused_answer(
                RefusedAnswer(query_id=query_id, member=member, answer=signed, reason=reason, late=late, at=at)
            )
