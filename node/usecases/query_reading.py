"""Reading past questions: their terms, their subjects, and what members answered.

Rules this module upholds:

- The audit log has who looks before anything is read.
- What cannot be read is told in its place, with the reason. One bad row does not end a list.
- Late and refused answers are told as such (`usecases.history`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from node.domain.held_questions import RefusedAnswer
from node.domain.ids import query_id
from node.domain.questions import Tally, Terms
from node.errors import Damaged, Malformed, NotFound
from node.usecases.access import record_access
from node.usecases.admitting import cost_of
from node.usecases.history import (
    QuestionStand,
    asked_subjects,
    digest_of,
    kinds_of,
    question_stand,
    question_terms,
    told_outcomes,
)
from node.usecases.telling import Told, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from node.domain.ids import MemberId
    from node.domain.ports import Codec
    from node.domain.queries import Subject
    from node.domain.questions import KeptQuestion, Part
    from node.domain.stores import NodeStore
    from node.usecases.audit import AuditLog
    from node.usecases.verification import Verifier

T = TypeVar("T")

LISTED: Final = 20
"""Questions in a list, if a person names no number."""
NO_TERMS: Final = Terms(case="", purpose="", legal_basis="", officer_role="")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastQuestion:
    """A question that was asked. `error`: why its terms cannot be read (then they are empty), or None."""

    kept: KeptQuestion
    terms: Terms
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSubject:
    """A subject of a past question. `digest`: the fingerprint that distinguishes it; `kinds`: how many fingerprints of
    each kind were asked about, `fingerprints` how many in all.
    """

    query_id: bytes
    label: str
    digest: str
    kinds: Mapping[str, int]
    fingerprints: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastStand:
    """A question in a list, with its present state alone."""

    past: PastQuestion
    stand: QuestionStand


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTable:
    """The closing table of a question over its parts. `tally` counts what came in time; `waiting`: expected members
    without a state, because a part is not closed; `late`: the members that answered after the table was closed.
    """

    id: bytes
    tally: Tally
    waiting: tuple[MemberId, ...]
    late: tuple[MemberId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Stored data of a part that cannot be read, and what to do."""

    query_id: bytes
    error: str
    remedy: str


Past = PastQuestion | PastStand | PastSubject | Told | RefusedAnswer | Unreadable | PastTable


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryReading:
    """Blocking: never on the event loop. `verifier` None: opinions are not counted."""

    store: NodeStore
    codec: Codec
    audit: AuditLog
    verifier: Verifier | None = None

    def one(self, wanted: str, *, table: bool = False) -> list[Past]:
        """The question with this id, or the one that has this part: its subjects, then what members answered, then
        refused answers; with `table` the closing table at the end. Of a part, that part alone. `wanted`: in hex.
        Raises `Malformed`, `NotFound`.
        """
        record_access(self.audit, "queries", query=wanted)
        number = query_id(wanted)
        with self.store.read() as tx:
            kept = tx.question(number)
        if kept is None:
            raise NotFound(
                "this node has asked no question with this id", remedy="`vigil queries` lists the latest questions"
            )
        parts = kept.chosen(number)
        past: list[Past] = [self._question(kept)]
        for part in parts:
            past += _readable(part, self._subjects)
        for part in parts:
            past += _readable(part, self._told)
        for part in parts:
            with self.store.read() as tx:
                past += tx.refused_answers(part.query_id)
        return [*past, _table(number, parts, past)] if table else past

    def recent(self, limit: int) -> list[Past]:
        """The latest questions, newest first, each with what members answered."""
        record_access(self.audit, "queries", query="")
        with self.store.read() as tx:
            newest = tx.recent_questions(limit)
        past: list[Past] = []
        for kept in newest:
            past.append(self._question(kept))
            for part in kept.parts:
                past += _readable(part, self._told)
        return past

    def stands(self, limit: int) -> list[PastStand]:
        """The latest questions, newest first, each with its present state alone: no answer is opened."""
        record_access(self.audit, "queries", query="")
        with self.store.read() as tx:
            found = [(kept, question_stand(tx, kept)) for kept in tx.recent_questions(limit)]
        return [PastStand(past=self._question(kept), stand=stand) for kept, stand in found]

    def _question(self, kept: KeptQuestion) -> PastQuestion:
        try:
            return PastQuestion(kept=kept, terms=question_terms(self.store, self.codec, kept))
        except (Damaged, Malformed) as error:
            return PastQuestion(kept=kept, terms=NO_TERMS, error=str(error))

    def _subjects(self, part: Part) -> Iterator[PastSubject]:
        for each in asked_subjects(self.store, self.codec, part):
            yield _subject(part, each)

    def _told(self, part: Part) -> Iterator[Told]:
        """What each member answered to one part."""
        outcomes = told_outcomes(self.store, self.codec, part.query_id)
        hits = any(each.answer and each.answer.hits for each in outcomes)
        labels = [each.label for each in asked_subjects(self.store, self.codec, part)] if hits else []
        for outcome in outcomes:
            yield told(self.store, part.query_id, outcome, labels, verifier=self.verifier)


def _table(number: bytes, parts: Sequence[Part], past: Sequence[Past]) -> PastTable:
    """The closing table over these parts, from what was read of them."""
    places = {part.query_id: place for place, part in enumerate(parts, 1)}
    told = [each for each in past if isinstance(each, Told)]
    tally = Tally(parts=len(parts))
    for each in told:
        if not each.outcome.late:
            tally.add(places[each.query_id], each.outcome)
    expected = next((each.terms.members for each in past if isinstance(each, PastQuestion)), ())
    tally.expected.update(expected)
    return PastTable(
        id=number,
        tally=tally,
        waiting=tuple(each for each in expected if each not in tally.outcomes),
        late=tuple(sorted({each.outcome.member for each in told if each.outcome.late})),
    )


def _subject(part: Part, subject: Subject) -> PastSubject:
    return PastSubject(
        query_id=part.query_id,
        label=subject.label,
        digest=digest_of(subject),
        kinds=kinds_of(subject),
        fingerprints=cost_of((subject,)),
    )


def _readable(part: Part, read: Callable[[Part], Iterator[T]]) -> list[T | Unreadable]:
    """The stored data of a part; if any of it cannot be read, only the reason."""
    try:
        return list(read(part))
    except (Damaged, Malformed) as error:
        return [Unreadable(query_id=part.query_id, error=str(error), remedy=error.remedy)]
