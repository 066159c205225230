"""What an answer means to who asked: whether it counts, and why it does not.

Rules this module upholds:

- An answer counts only if it is that member's, over this very question, and could be true: otherwise nothing of it is
  read further, and its bytes are evidence and no more.
- What the hub says of a member (offline, timeout) is shown as that.
- "No hit" from who did not search what was asked is an error, and never "no hit".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from node.domain.ids import Origin
from node.domain.queries import SIGNED, MemberOutcome, Outcome
from node.domain.signing import answer_preimage, query_digest
from node.errors import BadSignature, Malformed
from node.usecases.finding import policy_digest
from node.usecases.hits import Bounds, check_hits, check_words, shortfall
from node.usecases.search_terms import expected_kinds
from node.usecases.signatures import verify_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.domain.ids import MemberId
    from node.domain.ports import Clock, Codec
    from node.domain.queries import Answer, RelayEvent, SignedAnswer, SignedQuery
    from node.domain.roster import Roster

OPEN_QUERIES: Final = 16
"""Queries whose header, payload and digest are kept while their answers come."""


class Judge:
    """Reads answers to our questions. Quick: for the event loop."""

    def __init__(self, *, roster: Callable[[], Roster], codec: Codec, clock: Clock) -> None:
        self._roster = roster
        self._codec = codec
        self._clock = clock
        # Every answer to a query is held against the same header, payload and digest.
        self._decode_header = lru_cache(maxsize=OPEN_QUERIES)(codec.decode_header)
        self._decode_payload = lru_cache(maxsize=OPEN_QUERIES)(codec.decode_payload)
        self._query_digest = lru_cache(maxsize=OPEN_QUERIES)(query_digest)
        self._expected = lru_cache(maxsize=OPEN_QUERIES)(self._expected_of)

    def judge(self, query: SignedQuery, event: RelayEvent, *, late: bool = False) -> MemberOutcome:
        """What an event means, by the checks of `check_answer`. `refused` is set where an answer came and does not
        count. Raises what the roster raises where it ran out.
        """
        member = event.member
        if event.answer is None:
            if event.outcome is Outcome.NOT_ASKED:
                reason = "said by the hub: too many of our own questions wait for this member"
                return MemberOutcome(member=member, outcome=event.outcome, reason=reason)
            if event.outcome in (Outcome.OFFLINE, Outcome.TIMEOUT):
                return MemberOutcome(member=member, outcome=event.outcome, reason="said by the hub")
            return MemberOutcome(member=member, outcome=Outcome.ERROR, reason="the hub said something unknown")
        try:
            answer = self.check_answer(query, member, event.answer)
        except (BadSignature, Malformed) as error:
            return MemberOutcome(
                member=member, outcome=Outcome.BAD_SIGNATURE, reason=str(error), late=late, refused=True
            )
        if why := shortfall(answer, self._expected(query.payload)):
            return MemberOutcome(member=member, outcome=Outcome.ERROR, reason=why, late=late, refused=True)
        return MemberOutcome(member=member, outcome=answer.outcome, answer=answer, reason=answer.reason, late=late)

    def check_answer(self, query: SignedQuery, member: MemberId, signed: SignedAnswer) -> Answer:
        """Steps: 1. brought for the member that it names; 2. signed by that member's active statement key; 3. over the
        digest and id of this very question; 4. with an outcome that a member can say, hits exactly when it is a hit,
        and versions and a time that can be; 5. each hit about what was asked, within the policy's radius, saying no
        more than its level allows, of that member's alone.
        Raises `BadSignature` or `Malformed`, and what the roster raises where it ran out. Left to the caller: whether a
        "no hit" has searched enough (`hits.shortfall`).
        """
        roster = self._roster()
        found = roster.members.get(member)
        if found is None or signed.answerer != member:
            raise BadSignature("an answer came in another member's name")
        verify_message(answer_preimage(roster.federation, signed.answer), signed.signature, found.in_flight_vkeys())
        answer = self._codec.decode_answer(signed.answer)
        header = self._decode_header(query.header)
        if (
            answer.answerer != member
            or answer.query_id != header.query_id
            or answer.query_digest != self._query_digest(query.header, query.payload)
        ):
            raise BadSignature("an answer was signed for another question")
        if answer.outcome not in SIGNED or (answer.outcome is Outcome.HIT) != bool(answer.hits):
            raise BadSignature("an answer's outcome and hits contradict each other")
        check_words(answer, header, roster.policy.skew_seconds, self._clock())
        if answer.hits:
            payload = self._decode_payload(query.payload)
            same = answer.policy_digest == policy_digest(roster.policy)
            bounds = Bounds.of(roster.policy, payload.rule, same_policy=same)
            check_hits(answer, payload, bounds, Origin(roster.federation, member))
        return answer

    def _expected_of(self, payload: bytes) -> frozenset[str]:
        floor = self._roster().policy.pdq_quality_floor
        return expected_kinds(self._decode_payload(payload).subjects, floor)

    def forget(self) -> None:
        """No question stays in memory for having been asked: its body may be purged from now on."""
        self._decode_payload.cache_clear()
        self._query_digest.cache_clear()
        self._expected.cache_clear()
