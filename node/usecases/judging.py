"""Judges an answer for its asker: whether it counts, and if not, why.

Rules this module upholds:

- An answer counts only if it is from that member, about exactly this question, and plausible. If not, it is not read
  further, and its bytes are only stored as evidence.
- The hub's statements about a member (offline, timeout) are shown as the hub's statements.
- "No hit" from a member that did not search for what was asked is an error, and never "no hit".
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
"""How many queries have their header, payload and digest in memory while their answers arrive."""


class Judge:
    """Reads answers to our questions. Quick: for the event loop."""

    def __init__(self, *, roster: Callable[[], Roster], codec: Codec, clock: Clock) -> None:
        self._roster = roster
        self._codec = codec
        self._clock = clock
        # Every answer to a query is compared with the same header, payload and digest.
        self._decode_header = lru_cache(maxsize=OPEN_QUERIES)(codec.decode_header)
        self._decode_payload = lru_cache(maxsize=OPEN_QUERIES)(codec.decode_payload)
        self._query_digest = lru_cache(maxsize=OPEN_QUERIES)(query_digest)
        self._expected = lru_cache(maxsize=OPEN_QUERIES)(self._expected_of)

    def judge(self, query: SignedQuery, event: RelayEvent, *, late: bool = False) -> MemberOutcome:
        """The meaning of an event, by the checks of `check_answer`. `refused` is set if an answer came and does not
        count. Raises what the roster raises if it has expired.
        """
        member = event.member
        if event.answer is None:
            if event.outcome is Outcome.NOT_ASKED:
                reason = "the hub reports: too many of our own questions wait for this member"
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
        digest and id of this very question; 4. with an outcome that a member can state, hits exactly if it is a hit,
        and valid versions and time; 5. each hit is about a subject of the question, within the policy's radius, with no
        more data than its level allows, and only of that member. Raises `BadSignature` or `Malformed`, and what the
        roster raises if it has expired. The caller must check whether a "no hit" has searched enough
        (`hits.shortfall`).
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
        """Removes a question from memory: its body may be purged from now on."""
        self._decode_payload.cache_clear()
        self._query_digest.cache_clear()
        self._expected.cache_clear()
