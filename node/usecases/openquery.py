"""A query between its first event and its closing table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from node.domain.queries import ANSWERED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from node.domain.ids import MemberId
    from node.domain.queries import MemberOutcome, RelayEvent, SignedAnswer, SignedQuery


class Ask(Protocol):
    """The relay as the inquiry sees it: `services.Relay.ask`."""

    def __call__(self, query: SignedQuery, budget: float) -> AsyncIterator[Sequence[RelayEvent]]: ...


@dataclass(slots=True, kw_only=True)
class OpenQuery:
    """`outcomes` has at most one entry per member. `answers` are those that count, `refused` those that do not. `kept`:
    members whose outcome is already stored. `left`: whether the query reached the hub, as far as is known here.
    """

    id: bytes
    signed: SignedQuery
    expected: tuple[MemberId, ...]
    left_out: tuple[tuple[MemberId, str], ...]
    outcomes: dict[MemberId, MemberOutcome] = field(default_factory=dict)
    answers: dict[MemberId, SignedAnswer] = field(default_factory=dict)
    refused: dict[MemberId, SignedAnswer] = field(default_factory=dict)
    kept: set[MemberId] = field(default_factory=set)
    left: bool = False

    def complete(self) -> bool:
        """Whether every asked member ended in hit or no-hit (if not, exit code 3)."""
        return all(m in self.outcomes and self.outcomes[m].outcome in ANSWERED for m in self.expected)
