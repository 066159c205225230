"""A person's question as it is kept: its terms, its parts, and what became of each member over all parts.

Rules this module upholds:

- A question is asked in one or more parts. Each part is a query of its own, with its own id, signature and table.
- The labels of subjects are what the person typed: they are kept here and never sent.
- A member's state over all parts never says more than its parts do: one part without an answer, and the whole has none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
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
    """What holds for all parts of a question.

    `officer` and `officer_role`: who asked. `recipients` empty: every active member. `members`: who was expected to
    answer when it was asked. `budget`: seconds to wait for each part. `subjects`, `fingerprints`: how many, over all
    parts. `left_out`: fingerprints of videos that were not asked about, so that the question fits. `from_case`: the
    subjects are the holdings of `case`. `again`: the id of the question that this one repeats, b"" where it repeats
    none.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a question. `number` from 1. `query_id`: of the query that asks it. `cost` in fingerprints.

    `asked_at` and `closed_at` in Unix seconds, 0 before that: a part that was asked and is not closed was interrupted.
    """

    number: int
    query_id: bytes
    cost: int
    asked_at: int = 0
    closed_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptQuestion:
    """A question as it is kept. `terms` is None where it was asked by a version that did not keep them."""

    id: bytes
    created_at: int
    parts: tuple[Part, ...]
    terms: Terms | None = None

    @property
    def closed(self) -> bool:
        """Whether every part has its closing table."""
        return all(part.closed_at for part in self.parts)

    def chosen(self, number: bytes) -> tuple[Part, ...]:
        """All parts where `number` is the id of the question; else the one part with this query id."""
        return tuple(part for part in self.parts if number in (self.id, part.query_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBody:
    """What a part asks about. `payload`: the encoded `QueryPayload`; `labels` of its subjects, in their order."""

    payload: bytes
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPart:
    """A part that is about to be kept."""

    part: Part
    body: PartBody


def combined(states: Sequence[Outcome]) -> Outcome:
    """One state for several parts: that of the part that stands worst; `hit` where all are answered and one is."""
    return min(states, key=_WORST_FIRST.index)


@dataclass(slots=True, kw_only=True)
class Tally:
    """The closing table over all parts. `hits` counts what members answered, `local_hits` what was found here."""

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
        """One state a member, over all parts. A part in which a member has no state was not asked."""
        return {
            member: combined([by_part.get(part, Outcome.NOT_ASKED) for part in range(1, self.parts + 1)])
            for member, by_part in sorted(self.outcomes.items())
        }

    def answered(self, member: MemberId) -> int:
        """How many parts this member has answered."""
        return sum(state in ANSWERED for state in self.outcomes.get(member, {}).values())

    def complete(self) -> bool:
        """Whether every member that was expected has answered every part (otherwise exit code 3)."""
        return all(self.answered(member) == self.parts for member in self.expected)
