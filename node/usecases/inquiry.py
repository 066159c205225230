"""Asking the federation: local search first, then every member, and one state for each in the closing table.

Rules this module upholds:

- The question and its legal basis are durable, in the asker's own audit log, before anything leaves.
- Who is expected is derived from the asker's own roster, never from what the hub says (promise 5).
- An answer counts only if it is that member's, over this very question: otherwise the member's state is bad-signature.
- The closing table is final. What comes later is kept, labelled late, and changes no state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from node.domain.envelope import Kind
from node.domain.ids import QUERY_ID_SIZE, Origin
from node.domain.ports import AskedQuery
from node.domain.queries import (
    ANSWERED,
    SIGNED,
    MemberOutcome,
    Outcome,
    QueryHeader,
    QueryPayload,
    RelayEvent,
    SignedQuery,
)
from node.domain.signing import answer_preimage, query_digest, query_preimage
from node.errors import BadSignature, Malformed, PeerFault, VigilError
from node.usecases.answering import cost_of
from node.usecases.audit import AuditEntry
from node.usecases.hits import check_hit
from node.usecases.question import check_question, expected_members, fitted
from node.usecases.signatures import verify_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from node.domain.ids import MemberId
    from node.domain.ports import Clock, Codec, Signer, Store
    from node.domain.queries import Answer, SignedAnswer
    from node.domain.roster import Roster
    from node.usecases.audit import AuditLog
    from node.usecases.matching import Found, Matcher
    from node.usecases.question import Question

OPEN_QUERIES = 16
"""Queries whose header, payload and digest are kept while their answers come."""
EXPIRY_GRACE_SECONDS = 86_400
"""How long after its budget a query may still be answered late."""


class Ask(Protocol):
    """The relay as the inquiry sees it: `services.Relay.ask`."""

    def __call__(self, query: SignedQuery, budget: float) -> AsyncIterator[Sequence[RelayEvent]]: ...


@dataclass(slots=True, kw_only=True)
class OpenQuery:
    """A query between its first event and its closing table. `outcomes` has at most one entry a member."""

    id: bytes
    signed: SignedQuery
    expected: tuple[MemberId, ...]
    left_out: tuple[tuple[MemberId, str], ...]
    outcomes: dict[MemberId, MemberOutcome] = field(default_factory=dict)
    answers: dict[MemberId, SignedAnswer] = field(default_factory=dict)

    def complete(self) -> bool:
        """Whether every member that was asked ended in hit or no-hit (otherwise exit code 3)."""
        return all(m in self.outcomes and self.outcomes[m].outcome in ANSWERED for m in self.expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class InquirerDeps:
    """What an inquirer needs. `random(n)`: n unpredictable bytes."""

    me: MemberId
    roster: Callable[[], Roster]
    matcher: Matcher
    store: Store
    codec: Codec
    audit: AuditLog
    signer: Signer
    clock: Clock
    random: Callable[[int], bytes]


class Inquirer:
    """Asks, checks what comes back, and keeps it. Methods marked blocking run in a thread."""

    def __init__(self, deps: InquirerDeps) -> None:
        self._deps = deps
        # Every answer to a query is held against the same header, payload and digest.
        self._decode_header = lru_cache(maxsize=OPEN_QUERIES)(deps.codec.decode_header)
        self._decode_payload = lru_cache(maxsize=OPEN_QUERIES)(deps.codec.decode_payload)
        self._query_digest = lru_cache(maxsize=OPEN_QUERIES)(query_digest)

    def search_here(self, question: Question, *, show_all: bool = False) -> Found:
        """Blocking. The local search that comes first. `show_all`: also what the allow-list hides."""
        deps = self._deps
        return deps.matcher.local(question.subjects, deps.roster().policy.radius, question.rule, show_all=show_all)

    def open(self, question: Question) -> OpenQuery:
        """Blocking. Checks, signs and writes down the question: durable, with its audit, when this returns."""
        deps = self._deps
        roster = deps.roster()
        question = fitted(roster.policy, question)
        check_question(roster.policy, question)
        expected, left_out = expected_members(roster, deps.me, question.recipients)
        now = int(deps.clock())
        payload = QueryPayload(
            subjects=question.subjects,
            rule=question.rule,
            officer_role=question.officer_role,
            case_reference=question.case,
            legal_basis=question.legal_basis,
        )
        header = QueryHeader(
            query_id=deps.random(QUERY_ID_SIZE),
            asker=deps.me,
            recipients=question.recipients,
            purpose=question.purpose,
            issued_at=now,
            expires_at=now + int(question.budget) + EXPIRY_GRACE_SECONDS,
            cost=cost_of(question.subjects),
        )
        head, body = deps.codec.encode_header(header), deps.codec.encode_payload(payload)
        signature = deps.signer.sign(query_preimage(roster.federation, head, body))
        signed = SignedQuery(header=head, payload=body, signature=signature)
        # A crash after this leaves a query without outcomes in the list: asked by nobody, and seen to be so.
        deps.audit.append(
            AuditEntry(
                kind=Kind.AUDIT_QUERY_ASKED,
                body={
                    "query": header.query_id.hex(),
                    "header": head.hex(),
                    "payload": body.hex(),
                    "case": question.case,
                    "purpose": question.purpose,
                    "legal_basis": question.legal_basis,
                    "officer_role": question.officer_role,
                    "asked": list(expected),
                    "at": now,
                },
                also=lambda tx: tx.put_asked(AskedQuery(query=signed, header=header, created_at=now)),
            )
        )
        return OpenQuery(id=header.query_id, signed=signed, expected=expected, left_out=left_out)

    async def ask(self, opened: OpenQuery, relay: Ask, budget: float) -> AsyncIterator[MemberOutcome]:
        """Outcomes as they come, one a member; `close` is then due. `budget` in seconds.

        A relay that fails leaves its members not-asked (the query never left) or in error (it did).
        """
        for member, why in opened.left_out:
            yield self._settle(opened, MemberOutcome(member=member, outcome=Outcome.NOT_ASKED, reason=why))
        failure, sent, expected = "", False, frozenset(opened.expected)
        try:
            async for events in relay(opened.signed, budget):
                sent = True
                for event in events:
                    if event.member in expected and event.member not in opened.outcomes:
                        if event.answer is not None:
                            opened.answers[event.member] = event.answer
                        yield self._settle(opened, self.judge(opened, event))
        except VigilError as error:
            failure = str(error)
            sent = sent or isinstance(error, PeerFault)
        for member in opened.expected:
            if member not in opened.outcomes:
                state = Outcome.ERROR if sent else Outcome.NOT_ASKED
                reason = failure or "the hub ended the query without a word on this member"
                yield self._settle(opened, MemberOutcome(member=member, outcome=state, reason=reason))

    def judge(self, opened: OpenQuery, event: RelayEvent) -> MemberOutcome:
        """What an event means, by the checks of `check_answer`; what the hub says of a member is shown as that."""
        if event.answer is None:
            if event.outcome in (Outcome.OFFLINE, Outcome.TIMEOUT):
                return MemberOutcome(member=event.member, outcome=event.outcome, reason="said by the hub")
            return MemberOutcome(member=event.member, outcome=Outcome.ERROR, reason="the hub said something unknown")
        try:
            answer = self.check_answer(opened.signed, event.member, event.answer)
        except (BadSignature, Malformed) as error:
            return MemberOutcome(member=event.member, outcome=Outcome.BAD_SIGNATURE, reason=str(error))
        return MemberOutcome(member=event.member, outcome=answer.outcome, answer=answer, reason=answer.reason)

    def check_answer(self, query: SignedQuery, member: MemberId, signed: SignedAnswer) -> Answer:
        """Steps: 1. brought for the member that it names; 2. signed by that member's active statement key; 3. over the
        digest and id of this very question; 4. with an outcome that a member can say, hits exactly when it is a hit;
        5. of which each is about what was asked, and says no more than its level allows, of that member's alone.
        Raises `BadSignature` or `Malformed`, and what the roster raises where it ran out.
        """
        deps = self._deps
        roster = deps.roster()
        found = roster.members.get(member)
        if found is None or signed.answerer != member:
            raise BadSignature("an answer came in another member's name")
        verify_message(answer_preimage(roster.federation, signed.answer), signed.signature, found.in_flight_vkeys())
        answer = deps.codec.decode_answer(signed.answer)
        header = self._decode_header(query.header)
        if (
            answer.answerer != member
            or answer.query_id != header.query_id
            or answer.query_digest != self._query_digest(query.header, query.payload)
        ):
            raise BadSignature("an answer was signed for another question")
        if answer.outcome not in SIGNED or (answer.outcome is Outcome.HIT) != bool(answer.hits):
            raise BadSignature("an answer's outcome and hits contradict each other")
        if answer.hits:
            payload = self._decode_payload(query.payload)
            for hit in answer.hits:
                check_hit(hit, payload.subjects, Origin(roster.federation, member))
        return answer

    def late(self, event: RelayEvent) -> MemberOutcome | None:
        """Blocking. Keeps an answer that came after its table was closed; None where it is none of ours or known.

        Only a member that was asked, of whom nothing is known yet, gets a line of its own: whatever a hub makes up, the
        table grows by a line a member at most.
        """
        if event.answer is None:
            return None
        with self._deps.store.read() as tx:
            asked = tx.asked(event.query_id)
            known = [m for m, _, answer, _ in tx.outcomes(event.query_id) if answer is not None]
        if asked is None or event.member in known:
            return None
        if (
            event.member not in (asked.header.recipients or self._deps.roster().members)
            or event.member == self._deps.me
        ):
            return None
        try:
            answer = self.check_answer(asked.query, event.member, event.answer)
        except (BadSignature, Malformed) as error:
            outcome = MemberOutcome(member=event.member, outcome=Outcome.BAD_SIGNATURE, reason=str(error), late=True)
        else:
            outcome = MemberOutcome(
                member=event.member, outcome=answer.outcome, answer=answer, reason=answer.reason, late=True
            )
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
                also=lambda tx: tx.put_outcome(event.query_id, event.member, outcome.outcome, event.answer, late=True),
            )
        )
        return outcome

    def _settle(self, opened: OpenQuery, outcome: MemberOutcome) -> MemberOutcome:
        opened.outcomes[outcome.member] = outcome
        return outcome

    def close(self, opened: OpenQuery) -> None:
        """Blocking. The closing table, in one transaction: a crash before it leaves the query open, to be asked again
        (the answerers give the same answers); after it the table is final.
        """
        # No question stays in memory for having been asked: its body may be purged from now on.
        self._decode_payload.cache_clear()
        self._query_digest.cache_clear()
        with self._deps.store.write() as tx:
            for member, outcome in opened.outcomes.items():
                tx.put_outcome(opened.id, member, outcome.outcome, opened.answers.get(member), late=False)
            tx.close_query(opened.id, int(self._deps.clock()))
