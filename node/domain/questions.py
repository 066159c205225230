"""A person's question as it is stored: its terms, its parts, and each member's state over all parts.

Rules this module upholds:

- A question is asked in one or more parts. Each part is a query of its own, with its own id, signature and table.
- The labels of subjects are what the person typed: they are stored here and never sent.
- A member's state over all parts never says more than its parts: if one part has no answer, the whole has none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.queries import ANSWERED, MatchRule, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.ids import MemberId
    from node.domain.queries import MemberOutcome

_WORST_FIRST: Final = (
    Outcome.BAD_SIGNATURE,
    Outcome.ERROR,
    Outcome.REFUSED,
    Outcome.HELD,
    Outcome.TIMEOUT,
    Outcome.OFFLINE,
    Outcome.NOT_ASKED,
    Outcome.HIT,
    Outcome.NO_HIT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms for all parts of a question.

    `officer` and `officer_role`: who asked. `recipients` empty: every active member. `members`: those expected to
    answer when it was asked. `budget`: seconds to wait for each part. `subjects`, `fingerprints`: how many, over all
    parts. `left_out`: fingerprints of videos that were not asked about, so that the question fits. `from_case`: the
    subjects are the holdings of `case`. `again`: the id of the question that this one repeats, b"" if it repeats none.
    """

    case: str
    purpose: str
    legal_basis: str
    officer_role: str
    rule: MatchRule = MatchRule.POLICY
    officer: str = ""
    recipients: tuple[MemberId, ...] = ()
    members: tuple[MemberId, ...] = ()
    budget: float = 5.0
    subjects: int = 0
    fingerprints: int = 0
    left_out: int = 0
    from_case: bool = False
    again: bytes = b""


class PartState(StrEnum):
    """How far a part has come."""

    NOT_ASKED = "not asked"
    INTERRUPTED = "interrupted"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a question. `number` from 1. `query_id`: of the query that asks it. `cost` in fingerprints.

    `asked_at` and `closed_at` in Unix seconds, 0 before that: a part that is asked and not closed was interrupted.
    """

    number: int
    query_id: bytes
    cost: int
    asked_at: int = 0
    closed_at: int = 0

    @property
    def state(self) -> PartState:
        """How far it has come, unless it is being asked at this moment."""
        if self.closed_at:
            return PartState.CLOSED
        return PartState.INTERRUPTED if self.asked_at else PartState.NOT_ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptQuestion:
    """A stored question. `terms` is None if it was asked by a version that did not store them."""

    id: bytes
    created_at: int
    parts: tuple[Part, ...]
    terms: Terms | None = None

    @property
    def closed(self) -> bool:
        """Whether every part has its closing table."""
        return all(part.closed_at for part in self.parts)

    @property
    def closed_at(self) -> int | None:
        """When its last part was closed, in Unix seconds; None while a part has no closing table."""
        return max(part.closed_at for part in self.parts) if self.closed else None

    def chosen(self, number: bytes) -> tuple[Part, ...]:
        """All parts if `number` is the id of the question; else the one part with this query id."""
        return tuple(part for part in self.parts if number in (self.id, part.query_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBody:
    """The subjects of a part. `payload`: the encoded `QueryPayload`; `labels` of its subjects, in order."""

    payload: bytes
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPart:
    """A part that is about to be stored."""

    part: Part
    body: PartBody


def combined(states: Sequence[Outcome]) -> Outcome:
    """One state for several parts: the worst of their states; `hit` if all are answered and one is a hit."""
    return min(states, key=_WORST_FIRST.index)


@dataclass(slots=True, kw_only=True)
class Tally:
    """The closing table over all parts. `hits` counts hits that members answered, `local_hits` hits found here."""

    parts: int = 1
    outcomes: dict[MemberId, dict[int, Outcome]] = field(default_factory=dict)
    reasons: dict[MemberId, str] = field(default_factory=dict)
    member_hits: Counter[MemberId] = field(default_factory=Counter)
    expected: set[MemberId] = field(default_factory=set)
    local_hits: int = 0
    hidden: int = 0

    def add(self, part: int, outcome: MemberOutcome) -> None:
        """A member's state in one part."""
        self.outcomes.setdefault(outcome.member, {})[part] = outcome.outcome
        if outcome.reason and (outcome.outcome not in ANSWERED or outcome.member not in self.reasons):
            self.reasons[outcome.member] = outcome.reason
        if outcome.answer is not None:
            self.member_hits[outcome.member] += len(outcome.answer.hits)

    @property
    def hits(self) -> int:
        """All of them."""
        return self.local_hits + self.member_hits.total()

    def states(self) -> Mapping[MemberId, Outcome]:
        """One state per member, over all parts. A part without a state for a member counts as not asked."""
        return {
            member: combined([by_part.get(part, Outcome.NOT_ASKED) for part in range(1, self.parts + 1)])
            for member, by_part in sorted(self.outcomes.items())
        }

    def answered(self, member: MemberId) -> int:
        """How many parts this member has answered."""
        return sum(state in ANSWERED for state in self.outcomes.get(member, {}).values())

    def complete(self) -> bool:
        """Whether every expected member has answered every part (if not, exit code 3)."""
        return all(self.answered(member) == self.parts for member in self.expected)
