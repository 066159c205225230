"""Asking the federation: local search first, then every member, and one state for each in the closing table.

Rules this module upholds:

- The question and its legal basis are durable, in the asker's own audit log, before anything leaves.
- Who is expected is derived from the asker's own roster, never from what the hub says (promise 5).
- An answer counts only if it is that member's, over this very question: otherwise the member's state is bad-signature.
- The closing table is final. What comes later is kept, labelled late, and changes no state.
- A query that is interrupted keeps the answers it has, and stays open until it is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from node.domain.envelope import Kind
from node.domain.ids import QUERY_ID_SIZE, Origin
from node.domain.ports import AskedQuery
from node.domain.queries import (
    SIGNED,
    MemberOutcome,
    Outcome,
    QueryHeader,
    RelayEvent,
    SignedQuery,
)
from node.domain.signing import answer_preimage, query_digest, query_preimage
from node.errors import BadSignature, Malformed, Overloaded, PeerFault, VigilError
from node.usecases.answering import cost_of
from node.usecases.audit import AuditEntry
from node.usecases.hits import check_hit
from node.usecases.openquery import OpenQuery
from node.usecases.question import check_question, expected_members, fitted, payload_of
from node.usecases.signatures import verify_message

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from node.domain.ids import MemberId
    from node.domain.ports import Clock, Codec, Signer, Store, StoreWriter
    from node.domain.queries import Answer, SignedAnswer
    from node.domain.roster import Roster
    from node.usecases.audit import AuditLog
    from node.usecases.matching import Found, Matcher
    from node.usecases.openquery import Ask
    from node.usecases.question import Question

OPEN_QUERIES = 16
"""Queries whose header, payload and digest are kept while their answers come."""
EXPIRY_GRACE_SECONDS = 86_400
"""How long after its budget a query may still be answered late."""


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

    def search_here(self, question: Question, own_rows: Sequence[int] = (), *, show_all: bool = False) -> Found:
        """Blocking. The local search that comes first. `own_rows`: see `Matcher.local`. `show_all`: also what the
        allow-list hides.
        """
        deps, radius = self._deps, self._deps.roster().policy.radius
        return deps.matcher.local(question.subjects, radius, question.rule, own_rows, show_all=show_all)

    def open(self, question: Question, query_id: bytes = b"") -> OpenQuery:
        """Blocking. Checks, signs and writes down the question: durable, with its audit, when this returns.

        `query_id`: of the part that it asks; a new one where none is given.
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
        # A crash after this leaves a query without outcomes in the list: asked by nobody, and seen to be so.
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
                also=lambda tx: tx.put_asked(AskedQuery(query=signed, header=header, created_at=now)),
            )
        )
        return OpenQuery(id=header.query_id, signed=signed, expected=expected, left_out=left_out)

    def reopen(self, asked: AskedQuery) -> OpenQuery | None:
        """Blocking. A query that was interrupted, with the answers that came so far: the very same question goes out
        again, and who has answered it gives the same answer. None where it is too old for that.
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
            if signed is not None:
                answer = deps.codec.decode_answer(signed.answer) if Outcome(state) in SIGNED else None
                reason = answer.reason if answer else reasons.get(member, "")
                opened.answers[member] = signed
                opened.kept.add(member)
                opened.outcomes[member] = MemberOutcome(
                    member=member, outcome=Outcome(state), answer=answer, reason=reason, late=late
                )
        return opened

    async def ask(
        self, opened: OpenQuery, relay: Ask, budget: float, *, patient: bool = False
    ) -> AsyncGenerator[MemberOutcome, None]:
        """Outcomes as they come, one a member; `close` is then due. `budget` in seconds.

        A relay that fails leaves its members not-asked (the query never left) or in error (it did). `patient`: where
        the hub is overloaded or the budget used up, and nothing has left yet, this raises `Overloaded` instead, and the
        same query can be asked again after a while.
        """
        for member, why in [each for each in opened.left_out if each[0] not in opened.outcomes]:
            yield self._settle(opened, MemberOutcome(member=member, outcome=Outcome.NOT_ASKED, reason=why))
        failure, expected = "", frozenset(opened.expected)
        try:
            async for events in relay(opened.signed, budget):
                opened.left = True
                for event in events:
                    if event.member in expected and event.member not in opened.outcomes:
                        if event.answer is not None:
                            opened.answers[event.member] = event.answer
                        yield self._settle(opened, self.judge(opened, event))
        except VigilError as error:
            if patient and not opened.left and isinstance(error, Overloaded):
                raise
            failure = str(error)
            opened.left = opened.left or isinstance(error, PeerFault)
        state = Outcome.ERROR if opened.left else Outcome.NOT_ASKED
        reason = failure or "the hub ended the query without a word on this member"
        for member in [each for each in opened.expected if each not in opened.outcomes]:
            yield self._settle(opened, MemberOutcome(member=member, outcome=state, reason=reason))

    def judge(self, opened: OpenQuery, event: RelayEvent) -> MemberOutcome:
        """What an event means, by the checks of `check_answer`; what the hub says of a member is shown as that."""
        if event.answer is None:
            if event.outcome is Outcome.NOT_ASKED:
                reason = "said by the hub: too many of our own questions wait for this member"
                return MemberOutcome(member=event.member, outcome=Outcome.NOT_ASKED, reason=reason)
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
        self._forget_decoded()
        with self._deps.store.write() as tx:
            for outcome in opened.outcomes.values():
                _put(tx, opened, outcome)
            tx.close_query(opened.id, int(self._deps.clock()))

    def keep(self, opened: OpenQuery) -> None:
        """Blocking. Keeps the answers of a query that is interrupted; the query stays open, and can be asked again. Of
        a member that has not answered nothing is kept: its state is not known yet.
        """
        self._forget_decoded()
        with self._deps.store.write() as tx:
            for member in opened.answers:
                if member in opened.outcomes:
                    _put(tx, opened, opened.outcomes[member])

    def _forget_decoded(self) -> None:
        """No question stays in memory for having been asked: its body may be purged from now on."""
        self._decode_payload.cache_clear()
        self._query_digest.cache_clear()


def _put(tx: StoreWriter, opened: OpenQuery, outcome: MemberOutcome) -> None:
    if outcome.member in opened.kept:
        return
    reason = "" if outcome.answer else outcome.reason
    answer = opened.answers.get(outcome.member)
    tx.put_outcome(opened.id, outcome.member, outcome.outcome, answer, late=False, reason=reason)
