"""Questions that wait for an officer, answers that were refused, and what one member has found out near our holdings.

Rules this module upholds:

- A question that is held has an answer that says so, and gets at most one more: what the officer decided.
- An answer that was refused is evidence of what came in a member's name. It is bytes, and nobody reads it as an answer.
- The ports here are a part of the `Store` of `ports`, with its rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import MemberId
    from node.domain.queries import SignedAnswer, SignedQuery


class Decision(IntEnum):
    """What became of a question that was held."""

    WAITING = 0
    RELEASED = 1
    REFUSED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldQuestion:
    """A question of another member that an officer here decides about. Times in Unix seconds.

    `id`: small and local, 0 before it is kept. `query` is None once it was decided: what was asked is forgotten with
    the decision. `expires_at`: of the query; from then on nothing can be released. `why`: in plain words. `answer`:
    what was sent after the decision.
    """

    id: int = 0
    asker: MemberId
    query_id: bytes
    query: SignedQuery | None
    at: int
    expires_at: int
    why: str
    decision: Decision = Decision.WAITING
    decided_at: int = 0
    answer: SignedAnswer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedAnswer:
    """An answer in a member's name that does not count. `reason`: what is wrong with it. `at` Unix seconds."""

    query_id: bytes
    member: MemberId
    answer: SignedAnswer
    reason: str
    late: bool
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NearQuestion:
    """A question that told, or could tell, something about one neighbourhood of holdings at hit/no-hit level.

    `neighbourhood`: its number, the same for all who ask about it. `digest`: SHA-256 over what was asked, so that the
    same question counts once. `values`: the PDQ hashes (32 bytes each) of it that were found to be near. `at` Unix
    seconds.
    """

    asker: MemberId
    neighbourhood: int
    at: int
    digest: bytes
    values: tuple[bytes, ...] = ()


class AnswerReader(Protocol):
    """Reads them."""

    def refused_answers(self, query_id: bytes) -> list[RefusedAnswer]:
        """What came in answer to a query of ours and was refused, oldest first."""
        ...

    def held_question(self, number: int) -> HeldQuestion | None: ...

    def held_questions(self, limit: int, *, decision: Decision | None = None, asker: str = "") -> list[HeldQuestion]:
        """At most `limit`, the newest first: of a decision, of an asker, where they are given."""
        ...

    def count_held(self, now: int, asker: str = "") -> int:
        """How many wait for a decision and have not expired, of all askers or of one."""
        ...

    def near_questions(self) -> list[NearQuestion]:
        """All of them, oldest first."""
        ...


class AnswerWriter(AnswerReader, Protocol):
    """Writes them."""

    def put_refused_answer(self, refused: RefusedAnswer) -> None:
        """Keeps it as evidence. The first of a member and query stands: whatever comes, it is one at most."""
        ...

    def put_held_question(self, held: HeldQuestion) -> None:
        """Keeps it. The first of an asker and query id stands."""
        ...

    def decide_held(self, number: int, decision: Decision, answer: SignedAnswer, now: int) -> bool:
        """Decides about a question that waits and forgets what it asked; False where none waits under this number."""
        ...

    def forget_held(self, before: int) -> int:
        """Forgets questions that came before this Unix second, and what they asked; how many."""
        ...

    def put_near_question(self, near: NearQuestion) -> None: ...

    def merge_neighbourhoods(self, gone: Sequence[int], into: int) -> None:
        """What was noted under the numbers `gone` is noted under `into` from now on."""
        ...

    def forget_near_questions(self, before: int) -> int:
        """Forgets those of before this Unix second; how many."""
        ...
