"""Refused answers, held questions and questions near holdings, of the store in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.held_questions import Decision, HeldQuestion, NearQuestion, RefusedAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.queries import SignedAnswer
    from tests.simulator.memory_tables import Place


@dataclass(slots=True)
class AnswerTables:
    """What is held by number, and what was near."""

    held: dict[int, HeldQuestion] = field(default_factory=dict)
    last: int = 0
    near: list[NearQuestion] = field(default_factory=list)


class MemoryAnswers:
    """`AnswerWriter` over `AnswerTables`; what was refused stands beside the queries of a `Place`."""

    def __init__(self, tables: AnswerTables, place: Place) -> None:
        self._answers = tables
        self._asked_in = place

    def refused_answers(self, query_id: bytes) -> list[RefusedAnswer]:
        return [each for (query, _), each in self._asked_in.refused.items() if query == query_id]

    def put_refused_answer(self, refused: RefusedAnswer) -> None:
        self._asked_in.refused.setdefault((refused.query_id, refused.member), refused)

    def held_question(self, number: int) -> HeldQuestion | None:
        return self._answers.held.get(number)

    def held_questions(self, limit: int, *, decision: Decision | None = None, asker: str = "") -> list[HeldQuestion]:
        newest = [each for _, each in sorted(self._answers.held.items(), reverse=True)]
        newest = [each for each in newest if decision is None or each.decision is decision]
        return [each for each in newest if not asker or each.asker == asker][:limit]

    def count_held(self, now: int, asker: str = "") -> int:
        waiting = self.held_questions(1 << 31, decision=Decision.WAITING, asker=asker)
        return sum(each.expires_at > now for each in waiting)

    def near_questions(self) -> list[NearQuestion]:
        return list(self._answers.near)

    def put_held_question(self, held: HeldQuestion) -> None:
        known = {(each.asker, each.query_id) for each in self._answers.held.values()}
        if held.query is not None and (held.asker, held.query_id) not in known:
            number = self._answers.last = self._answers.last + 1
            self._answers.held[number] = replace(held, id=number)

    def decide_held(self, number: int, decision: Decision, answer: SignedAnswer, now: int) -> bool:
        found = self._answers.held.get(number)
        if found is None or found.decision is not Decision.WAITING:
            return False
        decided = replace(found, decision=decision, answer=answer, decided_at=now, query=None)
        self._answers.held[number] = decided
        return True

    def forget_held(self, before: int) -> int:
        gone = [number for number, each in self._answers.held.items() if each.at < before]
        for number in gone:
            del self._answers.held[number]
        return len(gone)

    def put_near_question(self, near: NearQuestion) -> None:
        self._answers.near.append(near)

    def merge_neighbourhoods(self, gone: Sequence[int], into: int) -> None:
        self._answers.near = [
            replace(each, neighbourhood=into) if each.neighbourhood in gone else each for each in self._answers.near
        ]

    def forget_near_questions(self, before: int) -> int:
        count = len(self._answers.near)
        self._answers.near = [each for each in self._answers.near if each.at >= before]
        return count - len(self._answers.near)
