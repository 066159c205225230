"""The ports of the store for queries: those that this member asked, and those that it answered.

Rules this module upholds:

- They are parts of a database (`node.domain.stores`), and its rules apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.ids import MemberId
    from node.domain.queries import QueryHeader, SignedAnswer, SignedQuery
    from node.domain.questions import KeptQuestion, PartBody, PlannedPart, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuery:
    """A stored query of ours: what was sent, and whether its table is closed."""

    query: SignedQuery
    header: QueryHeader
    created_at: int
    closed_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """An answer of ours to `asker`'s query; `at` Unix seconds."""

    asker: MemberId
    query_id: bytes
    answer: SignedAnswer
    at: int


class QueryReader(Protocol):
    """Reads this member's own queries, as asker and as answering member."""

    def asked(self, query_id: bytes) -> AskedQuery | None: ...

    def question(self, number: bytes) -> KeptQuestion | None:
        """The question with this id, or the one with a part that has it as its query id."""
        ...

    def recent_questions(self, limit: int) -> list[KeptQuestion]:
        """The newest first."""
        ...

    def part_body(self, query_id: bytes) -> PartBody | None:
        """The subjects of the part with this query id; None if there is no such part."""
        ...

    def outcomes(self, query_id: bytes) -> list[tuple[MemberId, str, SignedAnswer | None, bool]]:
        """(member, outcome, signed answer or None, late) in the order in which they were recorded."""
        ...

    def outcome_reasons(self, query_id: bytes) -> Mapping[MemberId, str]:
        """Why a member's outcome is what it is, if the reason was recorded with it."""
        ...

    def answered(self, asker: MemberId, query_id: bytes) -> SignedAnswer | None:
        """The answer that we gave, unchanged, so that the same query gets the same bytes again."""
        ...

    def answered_lately(self, limit: int) -> list[tuple[MemberId, bytes, int]]:
        """(asker, query id, time) of the newest answers that we gave, newest first."""
        ...


class QueryWriter(QueryReader, Protocol):
    """Writes them."""

    def put_question(self, number: bytes, terms: Terms, parts: Sequence[PlannedPart], now: int) -> None:
        """Stores a question before any of its parts is asked."""
        ...

    def put_asked(self, asked: AskedQuery) -> None:
        """Stores a query as it is sent: for the part with its id, or as a question of its own if there is no such part.
        Raises `Misuse` if it was asked before.
        """
        ...

    def renew_part(self, old: bytes, new: bytes) -> None:
        """From now on, a new query asks the part with the query id `old`, which was asked before."""
        ...

    def put_outcome(
        self,
        query_id: bytes,
        member: MemberId,
        outcome: str,
        answer: SignedAnswer | None,
        *,
        late: bool,
        reason: str = "",
    ) -> None:
        """One line of the table. A member's first outcome that is not late stays; a second changes nothing."""
        ...

    def close_query(self, query_id: bytes, now: int) -> None: ...

    def put_answered(self, given: Sequence[GivenAnswer]) -> None:
        """First write wins: a second one for the same asker and query changes nothing."""
        ...

    def forget_queries(self, before: int) -> int:
        """Deletes asked and answered queries created before this Unix second, and the questions, with their labels;
        returns how many queries.
        """
        ...
