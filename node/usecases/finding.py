"""The answer to a permitted question: the result of a search, or that an officer has to decide first.

Rules this module upholds:

- An answer says what was not searched, and "no hit" only if something was searched.
- If a question would tell its asker more about one holding than the policy allows, it is held; the answer says only
  that.
- An answer says as little as possible about this node: how much was searched, rounded.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from node.domain.queries import Answer, Outcome
from node.domain.signing import query_digest
from node.usecases.neighbourhood import FREE, Neighbourhoods, values_of
from node.usecases.search_terms import matchable, probes_of, searched_kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.domain.ids import MemberId
    from node.domain.limits import Limits
    from node.domain.ports import Clock, Codec, Signer
    from node.domain.queries import QueryHeader, QueryPayload, SignedQuery
    from node.domain.roster import Policy, Roster
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.matching import Matcher
    from node.usecases.neighbourhood import Verdict
    from node.usecases.node_audit import NodeAuditLog
    from node.usecases.search_scope import View

HELD: Final = "an officer of this member decides about this question; the answer comes later"
"""The only reason that the asker learns."""
TOO_MANY_HELD: Final = "so many questions of its asker wait for an officer of this member that no further one is taken"
NOTHING_SEARCHED: Final = "the question has no fingerprint of a kind that members search for each other"
MAX_HITS: Final = 2_000
"""Most hits of one answer, far fewer than fit on the wire. If there are more, the answer says so."""


def rounded(count: int) -> int:
    """How many holdings an answer says were searched: rounded down to a power of ten, and 0 for none. Exact counts
    would tell each asker when a holding is added or deleted.
    """
    return 10 ** (len(str(count)) - 1) if count else 0


def policy_digest(policy: Policy) -> bytes:
    """SHA-256 over the applied policy: version, radius, quality floor."""
    text = f"vigil/policy/v1\n{policy.version}\n{policy.radius}\n{policy.pdq_quality_floor}\n"
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswererDeps:
    """The dependencies of an answerer. `roster` returns the current one, or raises `Expired`. `view`: see
    `Catalogue.view`.
    """

    me: MemberId
    roster: Callable[[], Roster]
    matcher: Matcher
    store: NodeStore
    view: Callable[[], View]
    codec: Codec
    audit: NodeAuditLog
    signer: Signer
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer before it is signed. `note`: data that must be stored with it. `held`: why an officer has to decide
    first, "" if none has to.
    """

    answer: Answer
    note: Callable[[NodeStoreWriter], None] | None = None
    held: str = ""


class Finder:
    """Thread-safe and blocking."""

    def __init__(self, deps: AnswererDeps) -> None:
        self._deps = deps
        self.neighbourhoods = Neighbourhoods(deps.store)

    def bound(self, roster: Roster, query: SignedQuery, header: QueryHeader) -> Callable[..., Answer]:
        """An answer to this question, still without an outcome."""
        return partial(
            Answer,
            query_id=header.query_id,
            query_digest=query_digest(query.header, query.payload),
            answerer=self._deps.me,
            policy_digest=policy_digest(roster.policy),
            roster_version=roster.version,
            at=int(self._deps.clock()),
        )

    def searched(
        self,
        roster: Roster,
        header: QueryHeader,
        payload: QueryPayload,
        bound: Callable[..., Answer],
        limits: Limits | None,
    ) -> Said:
        """The result of a search, or that an officer has to decide first. `bound`: an answer to this question, still
        without the result. `limits` None: an officer has released it.
        """
        deps = self._deps
        may = matchable(payload.subjects, roster.policy.pdq_quality_floor)
        kinds = searched_kinds(payload.subjects, deps.matcher.versions, payload.rule, abroad=True, matching=may)
        if not any(kind.searched for kind in kinds):
            return Said(answer=bound(outcome=Outcome.ERROR, kinds=kinds, reason=NOTHING_SEARCHED))
        found = deps.matcher.for_member(
            payload.subjects, roster.policy.radius, payload.rule, header.asker, header.purpose, matching=may
        )
        verdict = FREE
        if found.near or self.neighbourhoods.concerns(header.asker):
            values = values_of(probes_of(payload.subjects, payload.rule, abroad=True, matching=may))
            verdict = self.neighbourhoods.judge(header.asker, values, found.near, limits, int(deps.clock()))
        if verdict.why:
            return self._held(header, bound, verdict, roster.policy.limits.held_waiting)
        view = deps.view()
        answer = bound(
            outcome=Outcome.HIT if found.hits else Outcome.NO_HIT,
            hits=found.hits[:MAX_HITS],
            kinds=kinds,
            scope=tuple([(level, rounded(count)) for level, count in view.levels if level > 0]),
            cursors_digest=view.cursors_digest,
            reduced=any(subject.reduced for subject in payload.subjects),
            reason=f"the first {MAX_HITS} of {len(found.hits)} hits" if len(found.hits) > MAX_HITS else "",
        )
        return Said(answer=answer, note=verdict.note if verdict.rows else None)

    def _held(self, header: QueryHeader, bound: Callable[..., Answer], verdict: Verdict, most: int) -> Said:
        """A question for an officer; a refusal if too many questions of its asker wait already."""
        with self._deps.store.read() as tx:
            waiting = tx.count_held(int(self._deps.clock()), header.asker)
        if waiting >= most:
            return Said(answer=bound(outcome=Outcome.REFUSED, reason=TOO_MANY_HELD), note=verdict.note)
        return Said(answer=bound(outcome=Outcome.HELD, reason=HELD), note=verdict.note, held=verdict.why)
