"""Answering another member's query.

Rules this module upholds:

- Nothing is searched before the question is authenticated, authorised and charged.
- The answer's signature binds the query, the outcome, every hit, what was and was not searched, and the view from which
  it was answered; so a relay can withhold it, but neither change it nor use it for another question.
- An answer is durable, with its audit, before it is sent; the same query gets the same bytes again.
- A question that cannot be authenticated gets no signed answer at all: silence towards a stranger. So does who goes on
  asking over the budget after being told so: its questions cost no signature, and no line in the audit.
- Of a question that is refused the audit keeps a digest, and not its bytes.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind
from node.domain.orientations import strangers
from node.domain.ports import GivenAnswer
from node.domain.queries import Answer, Outcome, SignedAnswer, SignedQuery
from node.domain.signing import answer_preimage, query_digest, query_preimage
from node.errors import BadSignature, Expired, Malformed, Overloaded, Refused, VigilError
from node.usecases.answered import Answered
from node.usecases.audit import AuditEntry
from node.usecases.budget import Budget
from node.usecases.matching import searched_kinds
from node.usecases.probes import Probes, units
from node.usecases.signatures import verify_message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.ids import MemberId
    from node.domain.ports import Clock, Codec, Signer, Store
    from node.domain.queries import QueryHeader, QueryPayload, Subject
    from node.domain.roster import Policy, Roster
    from node.domain.usage import Charge
    from node.usecases.audit import AuditLog, Receipt
    from node.usecases.matching import Matcher
    from node.usecases.view import View

MAX_QUERY_SECONDS: Final = 7 * 86_400
"""How long a query may be good for. What was answered is remembered for longer (`config.MIN_QUERY_DAYS`): a query that
is brought again always finds its answer, or is refused as expired."""
REFUSALS_A_MINUTE: Final = 60
"""Questions over an asker's budget that are answered with a refusal."""
LATE: Final = 2
"""So many times the day's limit: by our clock the day may begin later than by that of the hub, which counts it too."""
MAX_HITS: Final = 2_000
"""Hits of one answer, far below what fits on the wire. Where there are more, the answer says so."""


def cost_of(subjects: Sequence[Subject]) -> int:
    """What a query costs: one unit a fingerprint. Orientations of one picture are free, and counted where they are not
    of the picture that they are declared to be of: eight hashes are not asked about for the price of one. A picture
    without its borders is another picture: its hashes are further fingerprints, its orientations are held against it.
    """
    return sum(
        len(subject.fingerprints) + strangers(subject.orientations) + strangers(subject.trimmed) for subject in subjects
    )


def policy_digest(policy: Policy) -> bytes:
    """SHA-256 over the policy as it was applied: version, radius, quality floor."""
    text = f"vigil/policy/v1\n{policy.version}\n{policy.radius}\n{policy.pdq_quality_floor}\n"
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswererDeps:
    """What an answerer needs. `roster` gives the current one, or raises `Expired`. `view`: see `Catalogue.view`."""

    me: MemberId
    roster: Callable[[], Roster]
    matcher: Matcher
    store: Store
    view: Callable[[], View]
    codec: Codec
    audit: AuditLog
    signer: Signer
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An answer that is signed and on its way to the disk. It may be sent once `durable` is settled, and well."""

    header: QueryHeader
    answer: SignedAnswer
    durable: Receipt | None = None


class _Running:
    """A question that is being answered. Who brings it again meanwhile waits for `ended`."""

    __slots__ = ("became", "ended")

    became: Prepared | BaseException

    def __init__(self) -> None:
        self.ended = threading.Lock()
        self.ended.acquire()

    def result(self) -> Prepared:
        with self.ended:
            if isinstance(self.became, Prepared):
                return self.became
            raise self.became


class Answerer:
    """Thread-safe and blocking: call `prepare` in a thread."""

    def __init__(self, deps: AnswererDeps) -> None:
        self._deps = deps
        with deps.store.read() as tx:
            self._probes = Probes(tx.usage_of_all(), times=LATE)
        self._refused = Budget()
        self._answered = Answered(deps.store)
        self._lock = threading.Lock()
        self._running: dict[tuple[MemberId, bytes], _Running] = {}

    def prepare(self, query: SignedQuery) -> Prepared:
        """Authenticates, authorises and charges a question, then searches and signs.

        Raises PeerFault kinds and `Refused` where no answer is owed; whoever was authenticated gets one, if only to
        be told why it was refused.
        """
        header = self._admit(query)
        key = (header.asker, header.query_id)
        with self._lock:
            running = self._running.get(key)
            mine = self._running.setdefault(key, _Running())
        if running is not None:
            # Brought again while it is being answered: what is signed twice could be signed differently.
            prepared = running.result()
            self._check_same(query, prepared.answer)
            return prepared
        try:
            prepared = mine.became = self._given(query, header) or self._answer(query, header)
        except BaseException as error:
            mine.became = error
            self._done(key)
            raise
        finally:
            mine.ended.release()
        if prepared.durable is None:
            self._done(key)
        else:
            # Not before: from then on the store knows the answer.
            prepared.durable.then(lambda _: self._done(key))
        return prepared

    def _done(self, key: tuple[MemberId, bytes]) -> None:
        with self._lock:
            self._running.pop(key, None)

    def _answer(self, query: SignedQuery, header: QueryHeader) -> Prepared:
        deps = self._deps
        roster = deps.roster()
        payload: QueryPayload | None = None
        # Charged first: whoever asks what cannot be answered has asked all the same.
        refusal, charged = self._charge(roster.policy, query, header)
        bound = partial(
            Answer,
            query_id=header.query_id,
            query_digest=query_digest(query.header, query.payload),
            answerer=deps.me,
            policy_digest=policy_digest(roster.policy),
            roster_version=roster.version,
            at=int(deps.clock()),
        )
        try:
            payload = deps.codec.decode_payload(query.payload)
            refusal = refusal or self._objection(roster.policy, header, payload)
            answer = (
                bound(outcome=Outcome.REFUSED, reason=refusal)
                if refusal
                else self._searched(roster, header, payload, bound)
            )
        except Malformed as error:
            # Sealed, or for a later reader: that we cannot search it is no refusal, and never "no hit".
            answer = bound(outcome=Outcome.ERROR, reason=str(error))
        except VigilError as error:
            answer = bound(outcome=Outcome.ERROR, reason=error.kind)
        return self._sign(roster, query, header, payload, answer, charged=charged)

    def _admit(self, query: SignedQuery) -> QueryHeader:
        """Who asks, and whether an answer is owed.

        1. The header is well-formed and its asker an active member. 2. The signature is that member's. 3. It was issued
        within the policy's skew, has not expired, and is not good for ever. 4. It is addressed to us.
        """
        deps = self._deps
        roster = deps.roster()
        header = deps.codec.decode_header(query.header)
        asker = roster.require_active(header.asker)
        preimage = query_preimage(roster.federation, query.header, query.payload)
        verify_message(preimage, query.signature, asker.in_flight_vkeys())
        now = deps.clock()
        if header.issued_at > now + roster.policy.skew_seconds:
            raise Refused("a query was issued in the future", remedy="check this machine's clock")
        if header.expires_at + roster.policy.skew_seconds < now:
            raise Expired("a query is past its expiry")
        if header.expires_at - header.issued_at > MAX_QUERY_SECONDS:
            raise Refused("a query is good for longer than any may be", remedy="ask again, with a nearer expiry")
        if header.recipients and deps.me not in header.recipients:
            raise Refused("a query is addressed to others")
        if len(set(header.recipients)) < len(header.recipients):
            raise Refused("a query names a recipient twice", remedy="name each member once")
        return header

    def _given(self, query: SignedQuery, header: QueryHeader) -> Prepared | None:
        """A query that was answered before gets the same answer. Raises `BadSignature` for another under its id."""
        if not self._answered.maybe(header):
            return None
        with self._deps.store.read() as tx:
            given = tx.answered(header.asker, header.query_id)
        if given is None:
            return None
        self._check_same(query, given)
        return Prepared(header=header, answer=given)

    def _check_same(self, query: SignedQuery, given: SignedAnswer) -> None:
        said = self._deps.codec.decode_answer(given.answer)
        if said.query_digest != query_digest(query.header, query.payload):
            raise BadSignature("a query id was used for two different questions")

    def _charge(self, policy: Policy, query: SignedQuery, header: QueryHeader) -> tuple[str, Sequence[Charge]]:
        """Charges the asker's budget: "", or why the query is refused, and what the ledger is told with the audit.

        Raises `Overloaded` where the asker was told so often enough: then no answer is owed.
        """
        now = self._deps.clock()
        with self._lock:
            try:
                return "", self._probes.charge(header.asker, units(query, header.cost), policy, now)
            except Overloaded as error:
                self._refused.charge(header.asker, 1, REFUSALS_A_MINUTE, now)
                return str(error), ()

    def _objection(self, policy: Policy, header: QueryHeader, payload: QueryPayload) -> str:
        if header.purpose not in policy.purposes:
            return "the policy does not know this purpose"
        if not (payload.legal_basis and payload.case_reference and payload.officer_role):
            return "a query names its legal basis, case reference and officer role"
        cost = cost_of(payload.subjects)
        if not 0 < cost <= policy.max_query_fingerprints:
            return f"a query asks about 1 to {policy.max_query_fingerprints} fingerprints"
        if header.cost != cost:
            return "the query's declared cost is not what it asks"
        return ""

    def _searched(
        self, roster: Roster, header: QueryHeader, payload: QueryPayload, bound: Callable[..., Answer]
    ) -> Answer:
        """`bound`: an answer to this question, but for what the search says."""
        deps = self._deps
        found = deps.matcher.for_member(
            payload.subjects, roster.policy.radius, payload.rule, header.asker, header.purpose
        )
        view = deps.view()
        return bound(
            outcome=Outcome.HIT if found.hits else Outcome.NO_HIT,
            hits=found.hits[:MAX_HITS],
            kinds=searched_kinds(payload.subjects, deps.matcher.versions, payload.rule, abroad=True),
            scope=tuple([(level, count) for level, count in view.levels if level > 0]),
            cursors_digest=view.cursors_digest,
            reduced=any(subject.reduced for subject in payload.subjects),
            reason=f"the first {MAX_HITS} of {len(found.hits)} hits" if len(found.hits) > MAX_HITS else "",
        )

    def _sign(
        self,
        roster: Roster,
        query: SignedQuery,
        header: QueryHeader,
        payload: QueryPayload | None,
        answer: Answer,
        *,
        charged: Sequence[Charge],
    ) -> Prepared:
        deps = self._deps
        data = deps.codec.encode_answer(answer)
        signed = SignedAnswer(
            answerer=deps.me, answer=data, signature=deps.signer.sign(answer_preimage(roster.federation, data))
        )
        given = GivenAnswer(asker=header.asker, query_id=header.query_id, answer=signed, at=answer.at)
        self._answered.note(given)
        # A crash before this is durable leaves nothing said: the question comes again and is answered afresh. After it,
        # the same question gets these very bytes.
        refused = answer.outcome is Outcome.REFUSED
        durable = deps.audit.submit(
            AuditEntry(
                kind=Kind.AUDIT_QUERY_ANSWERED,
                body={
                    "asker": header.asker,
                    "query": header.query_id.hex(),
                    "case": payload.case_reference if payload else "",
                    "legal_basis": payload.legal_basis if payload else "",
                    "purpose": header.purpose,
                    "outcome": answer.outcome,
                    "hits": len(answer.hits),
                    "at": answer.at,
                },
                attached={"digest": answer.query_digest}
                if refused
                else {"header": query.header, "payload": query.payload},
                charges=charged,
                given=given,
            )
        )
        return Prepared(header=header, answer=signed, durable=durable)
