"""Questions of other members that wait for an officer's decision here.

Rules this module upholds:

- An officer sees who asks, on which legal basis, why the question is held, and which of our holdings it is about; and
  decides once. The audit log records each look and decision with the officer's name, before anything is shown or sent.
- A released question is answered by a new search, with the present levels of the holdings. It reveals no more than an
  immediate answer would have revealed.
- A decision is durable before it is sent. It is sent again with each new stream until the question expires; the hub
  forwards it once.
- The content of the question is deleted with the decision.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind
from node.domain.held_questions import Decision, HeldQuestion
from node.domain.queries import Level
from node.domain.services import Reply
from node.errors import Expired, Malformed, Misuse, NotFound
from node.usecases.access import record_access
from node.usecases.admitting import cost_of
from node.usecases.audit import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.ports import Clock, Codec
    from node.domain.queries import Hit, QueryHeader, QueryPayload
    from node.domain.roster import Roster
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.answering import Answerer
    from node.usecases.matching import Matcher
    from node.usecases.node_audit import NodeAuditLog

MAX_LISTED: Final = 1_000
AGAIN: Final = 256
"""How many decisions are sent again with a new stream, the newest ones."""
MAX_REASON: Final = 500
"""Most characters of the reason that an asker gets for a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A held question as an officer sees it. `payload` is None once it is decided. `hits`: our holdings that it is
    about, of the levels that other members may learn of.
    """

    held: HeldQuestion
    header: QueryHeader | None = None
    payload: QueryPayload | None = None
    hits: tuple[Hit, ...] = ()

    @property
    def fingerprints(self) -> int:
        """How many fingerprints it asks about; 0 if its content is deleted."""
        return cost_of(self.payload.subjects) if self.payload else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDeps:
    """The dependencies of a decision. `send`: sends a decision over the open stream, if any."""

    roster: Callable[[], Roster]
    store: NodeStore
    codec: Codec
    matcher: Matcher
    answerer: Answerer
    audit: NodeAuditLog
    clock: Clock
    send: Callable[[Reply], None]


class HeldQuestions:
    """For one node. Blocking: never on the event loop."""

    def __init__(self, deps: HeldDeps) -> None:
        self._deps = deps
        self._lock = threading.Lock()

    def listed(self, limit: int, *, decided: bool = False) -> Sequence[HeldQuestion]:
        """Questions that wait and have not expired, newest first; `decided`: all that are stored."""
        self._looks("held list")
        now = int(self._deps.clock())
        with self._deps.store.read() as tx:
            kept = tx.held_questions(min(limit, MAX_LISTED), decision=None if decided else Decision.WAITING)
        return [each for each in kept if decided or each.expires_at > now]

    def show(self, number: int) -> Looked:
        """One question with the holdings that it is about. Raises `NotFound`."""
        held = self._found(number)
        self._looks("held show", held)
        if held.query is None:
            return Looked(held=held)
        header, payload = self._read(held)
        radius = self._deps.roster().policy.radius
        found = self._deps.matcher.local(payload.subjects, radius, payload.rule, show_all=True)
        hits = tuple(hit for hit in found.hits if hit.holding is not None and hit.level is not Level.NATIONAL)
        return Looked(held=held, header=header, payload=payload, hits=hits)

    def release(self, number: int) -> HeldQuestion:
        """Answers the question. Raises `NotFound`, `Misuse` if it was decided before, `Expired`."""
        return self._decide(number, Decision.RELEASED, "")

    def refuse(self, number: int, reason: str) -> HeldQuestion:
        """Refuses it; the asker is told `reason`. Raises as `release`."""
        if not 0 < len(reason.strip()) <= MAX_REASON:
            raise Misuse(f"a refusal needs a reason of at most {MAX_REASON} characters: the asker is told it")
        return self._decide(number, Decision.REFUSED, reason)

    def replies(self) -> list[Reply]:
        """The decisions about questions that have not expired, for a new stream."""
        now = int(self._deps.clock())
        with self._deps.store.read() as tx:
            newest = tx.held_questions(AGAIN)
        return [_reply(each) for each in reversed(newest) if each.answer is not None and each.expires_at > now]

    def _decide(self, number: int, decision: Decision, refusal: str) -> HeldQuestion:
        deps = self._deps
        # One at a time: of two officers, the second is told that it is decided already.
        with self._lock:
            held = self._found(number)
            if held.query is None:
                raise Misuse(f"question {number} was decided before", remedy="vigil held list --all shows how")
            now = int(deps.clock())
            if held.expires_at <= now:
                raise Expired(
                    "this question has expired; its asker no longer waits for the answer",
                    remedy="call its asker, who can ask again",
                )
            _, said = deps.answerer.decided(held.query, refusal)
            answer = deps.answerer.sign(said.answer)

            def keep(tx: NodeStoreWriter) -> None:
                if tx.decide_held(number, decision, answer, now) and said.note:
                    said.note(tx)

            # A crash before this is durable leaves the question waiting. After it, the decision is sent with each new
            # stream until the question expires.
            deps.audit.append(
                AuditEntry(
                    kind=Kind.AUDIT_ADMINISTRATION,
                    body={
                        "what": f"held {decision.name.lower()}",
                        **_about(held),
                        "outcome": said.answer.outcome,
                        "hits": len(said.answer.hits),
                        "reason": refusal,
                        "at": now,
                    },
                ),
                also=keep,
            )
            decided = self._found(number)
        deps.send(_reply(decided))
        return decided

    def _found(self, number: int) -> HeldQuestion:
        with self._deps.store.read() as tx:
            held = tx.held_question(number)
        if held is None:
            raise NotFound(f"there is no held question {number}", remedy="vigil held list shows their numbers")
        return held

    def _read(self, held: HeldQuestion) -> tuple[QueryHeader, QueryPayload]:
        if held.query is None:
            raise Malformed("the content of this question is deleted")
        codec = self._deps.codec
        return codec.decode_header(held.query.header), codec.decode_payload(held.query.payload)

    def _looks(self, what: str, held: HeldQuestion | None = None) -> None:
        record_access(self._deps.audit, what, **(_about(held) if held else {}))


def _about(held: HeldQuestion) -> dict[str, object]:
    return {"held": held.id, "asker": held.asker, "query": held.query_id.hex()}


def _reply(decided: HeldQuestion) -> Reply:
    if decided.answer is None:
        raise Misuse("this question is not decided yet")
    return Reply(asker=decided.asker, query_id=decided.query_id, answer=decided.answer, decided=True)
