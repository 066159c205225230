"""Held questions, refused answers, and what each member has learned near our holdings.

Rules this module upholds:

- A held question has an answer that says so, and gets at most one more: the officer's decision.
- A refused answer is evidence of what came in a member's name. It is stored as bytes, and never read as an answer.
- The ports here are part of a node's database (`node.domain.stores`), and its rules apply.
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
    """The state of a held question."""

    WAITING = 0
    RELEASED = 1
    REFUSED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldQuestion:
    """A question of another member that an officer here decides about. Times in Unix seconds.

    `id`: small and local, 0 before it is stored. `query` is None once it is decided: its content is deleted with the
    decision. `expires_at`: of the query; after it nothing can be released. `why`: in plain words. `answer`: the answer
    sent after the decision.
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
    """A question that revealed, or could reveal, something about one neighbourhood of holdings at hit/no-hit level.

    `neighbourhood`: its number, the same for all askers. `digest`: SHA-256 over the question, so that the same question
    counts once. `values`: those of its PDQ hashes (32 bytes each) that were near. `at` Unix seconds.
    """

    asker: MemberId
    neighbourhood: int
    at: int
    digest: bytes
    values: tuple[bytes, ...] = ()


class AnswerReader(Protocol):
    """Reads them."""

    def refused_answers(self, query_id: bytes) -> list[RefusedAnswer]:
        """Refused answers to a query of ours, oldest first."""
        ...

    def held_question(self, number: int) -> HeldQuestion | None: ...

    def held_questions(self, limit: int, *, decision: Decision | None = None, asker: str = "") -> list[HeldQuestion]:
        """At most `limit`, newest first; with the given decision and of the given asker, if set."""
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
        """Stores it as evidence. The first one per member and query stays: there is never more than one."""
        ...

    def put_held_question(self, held: HeldQuestion) -> None:
        """Stores it. The first one per asker and query id stays."""
        ...

    def decide_held(self, number: int, decision: Decision, answer: SignedAnswer, now: int) -> bool:
        """Decides a waiting question and deletes its content; False if none waits under this number."""
        ...

    def forget_held(self, before: int) -> int:
        """Deletes questions that came before this Unix second, with their content; returns how many."""
        ...

    def put_near_question(self, near: NearQuestion) -> None: ...

    def merge_neighbourhoods(self, gone: Sequence[int], into: int) -> None:
        """From now on, entries noted under the numbers `gone` are noted under `into`."""
        ...

    def forget_near_questions(self, before: int) -> int:
        """Deletes entries older than this Unix second; returns how many."""
        ...
