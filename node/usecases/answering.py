"""Answering another member's query.

Rules this module upholds:

- Nothing is searched before the question is authenticated, authorised and charged.
- The answer's signature binds the query, the outcome, every hit, what was and was not searched, and the state of the
  data that was searched. So a relay can withhold an answer, but cannot change it or use it for another question.
- An answer is durable, with its audit, before it is sent; the same query gets the same bytes again.
- A question that cannot be authenticated gets no signed answer. The same holds for a member that keeps asking over its
  budget after it was told so: these questions cost no signature and no line in the audit log.
- For a refused question, the audit log stores a digest and not its bytes.
- If a question would tell its asker more about one holding than the policy allows, it is held for an officer
  (`neighbourhood`, `held_questions`), and the answer says only that.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from node.domain.envelope import Kind
from node.domain.held_questions import HeldQuestion
from node.domain.queries import Answer, Outcome, SignedAnswer, SignedQuery
from node.domain.query_ports import GivenAnswer
from node.domain.signing import answer_preimage, query_digest
from node.errors import BadSignature, Malformed, Overloaded, VigilError
from node.usecases.admitting import check_owed, objection
from node.usecases.answered import Answered
from node.usecases.audit import AuditEntry
from node.usecases.budget import Budget
from node.usecases.finding import Finder, Said
from node.usecases.probes import Probes, units

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.ids import MemberId
    from node.domain.queries import QueryHeader, QueryPayload
    from node.domain.roster import Policy
    from node.domain.stores import NodeStoreWriter
    from node.domain.usage import Charge
    from node.usecases.finding import AnswererDeps
    from node.usecases.neighbourhood import Neighbourhoods
    from node.usecases.receipts import Receipt

REFUSALS_A_MINUTE: Final = 60
"""How many questions over an asker's budget are answered with a refusal."""
LATE: Final = 2
"""This multiple of the daily limit: our day may begin later than the hub's, which also counts."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A signed answer that is being written to disk. It may be sent once `durable` is settled without an error. `held`:
    it says that an officer decides, and one more answer may follow.
    """

    header: QueryHeader
    answer: SignedAnswer
    durable: Receipt | None = None
    held: bool = False


class _Running:
    """A question that is being answered. If it comes again meanwhile, its second caller waits for `ended`."""

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
        self._finder = Finder(deps)
        self._lock = threading.Lock()
        self._running: dict[tuple[MemberId, bytes], _Running] = {}

    def prepare(self, query: SignedQuery) -> Prepared:
        """Authenticates, authorises and charges a question, then searches and signs.

        Raises PeerFault kinds and `Refused` if no answer is due. Every authenticated asker gets an answer, even if it
        only says why the question was refused.
        """
        header = self._admit(query)
        key = (header.asker, header.query_id)
        with self._lock:
            running = self._running.get(key)
            mine = self._running.setdefault(key, _Running())
        if running is not None:
            # The question came again while it is being answered: two signatures could differ.
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
            # Not earlier: from here on the store knows the answer.
            prepared.durable.then(lambda _: self._done(key))
        return prepared

    def _done(self, key: tuple[MemberId, bytes]) -> None:
        with self._lock:
            self._running.pop(key, None)

    def _answer(self, query: SignedQuery, header: QueryHeader) -> Prepared:
        deps = self._deps
        roster = deps.roster()
        payload: QueryPayload | None = None
        # Charged first: a question that cannot be answered was still asked.
        refusal, charged = self._charge(roster.policy, query, header)
        bound = self._finder.bound(roster, query, header)
        try:
            payload = deps.codec.decode_payload(query.payload)
            refusal = refusal or objection(roster.policy, header, payload)
            said = (
                Said(answer=bound(outcome=Outcome.REFUSED, reason=refusal))
                if refusal
                else self._finder.searched(roster, header, payload, bound, roster.policy.limits)
            )
        except Malformed as error:
            # Sealed, or for a later version: this node cannot search it. That is neither a refusal nor "no hit".
            said = Said(answer=bound(outcome=Outcome.ERROR, reason=str(error)))
        except VigilError as error:
            said = Said(answer=bound(outcome=Outcome.ERROR, reason=error.kind))
        return self._sign(query, header, payload, said, charged)

    @property
    def neighbourhoods(self) -> Neighbourhoods:
        """What each member has learned near our holdings: the same counts for every way to ask."""
        return self._finder.neighbourhoods

    def decided(self, query: SignedQuery, refusal: str = "") -> tuple[QueryHeader, Said]:
        """The answer to a held question after an officer's decision: `refusal`, or the result of a search made now.
        Raises what the roster raises if the asker is no longer an active member.
        """
        roster = self._deps.roster()
        header = self._deps.codec.decode_header(query.header)
        roster.require_active(header.asker)
        bound = self._finder.bound(roster, query, header)
        if refusal:
            return header, Said(answer=bound(outcome=Outcome.REFUSED, reason=refusal))
        payload = self._deps.codec.decode_payload(query.payload)
        return header, self._finder.searched(roster, header, payload, bound, None)

    def sign(self, answer: Answer) -> SignedAnswer:
        """An answer as it is sent."""
        deps = self._deps
        data = deps.codec.pad_answer(deps.codec.encode_answer(answer))
        signature = deps.signer.sign(answer_preimage(deps.roster().federation, data))
        return SignedAnswer(answerer=deps.me, answer=data, signature=signature)

    def _admit(self, query: SignedQuery) -> QueryHeader:
        """The asker, if the header is well-formed and an answer is due (`admitting.check_owed`)."""
        deps = self._deps
        header = deps.codec.decode_header(query.header)
        check_owed(deps.roster(), deps.me, query, header, deps.clock())
        return header

    def _given(self, query: SignedQuery, header: QueryHeader) -> Prepared | None:
        """A query that was answered before gets the same answer. Raises `BadSignature` for another one with its id."""
        if not self._answered.maybe(header):
            return None
        with self._deps.store.read() as tx:
            given = tx.answered(header.asker, header.query_id)
        if given is None:
            return None
        said = self._check_same(query, given)
        return Prepared(header=header, answer=given, held=said.outcome is Outcome.HELD)

    def _check_same(self, query: SignedQuery, given: SignedAnswer) -> Answer:
        said = self._deps.codec.decode_answer(given.answer)
        if said.query_digest != query_digest(query.header, query.payload):
            raise BadSignature("a query id was used for two different questions")
        return said

    def _charge(self, policy: Policy, query: SignedQuery, header: QueryHeader) -> tuple[str, Sequence[Charge]]:
        """Charges the asker's budget: "", or why the query is refused, and the charge that the ledger records with the
        audit.

        Raises `Overloaded` if the asker was told so often enough: then no answer is due.
        """
        now = self._deps.clock()
        with self._lock:
            try:
                return "", self._probes.charge(header.asker, units(query, header.cost, policy), policy, now)
            except Overloaded as error:
                self._refused.charge(header.asker, 1, REFUSALS_A_MINUTE, now)
                return str(error), ()

    def _sign(
        self,
        query: SignedQuery,
        header: QueryHeader,
        payload: QueryPayload | None,
        said: Said,
        charged: Sequence[Charge],
    ) -> Prepared:
        answer = said.answer
        signed = self.sign(answer)
        given = GivenAnswer(asker=header.asker, query_id=header.query_id, answer=signed, at=answer.at)
        self._answered.note(given)
        body = {
            "asker": header.asker,
            "query": header.query_id.hex(),
            "case": payload.case_reference if payload else "",
            "legal_basis": payload.legal_basis if payload else "",
            "purpose": header.purpose,
            "outcome": answer.outcome,
            "hits": len(answer.hits),
            "at": answer.at,
        }
        if said.held:
            body["held"] = said.held
        # A crash before this is durable leaves no answer: the question comes again and gets a new one. After it, the
        # same question gets exactly these bytes.
        also = _also(query, header, said) if said.note or said.held else None
        refused = answer.outcome is Outcome.REFUSED
        asked = {"header": query.header, "payload": query.payload}
        entry = AuditEntry(
            kind=Kind.AUDIT_QUERY_ANSWERED,
            body=body,
            attached={"digest": answer.query_digest} if refused else asked,
            charges=charged,
        )
        durable = self._deps.audit.submit(entry, also=also, given=given)
        if said.held:
            _log.warning("a question is held for an officer", asker=header.asker)
        return Prepared(header=header, answer=signed, durable=durable, held=bool(said.held))


def _also(query: SignedQuery, header: QueryHeader, said: Said) -> Callable[[NodeStoreWriter], None]:
    """The data stored with an answer: what it reveals, and the question if an officer has to decide."""
    held = HeldQuestion(
        asker=header.asker,
        query_id=header.query_id,
        query=query,
        at=said.answer.at,
        expires_at=header.expires_at,
        why=said.held,
    )

    def keep(tx: NodeStoreWriter) -> None:
        if said.note:
            said.note(tx)
        if said.held:
            tx.put_held_question(held)

    return keep
