"""A question as it is to be asked: its parts, what is left out of them, and the answers so far.

Rules this module upholds:

- A plan says everything that would leave this node, before anything does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.domain.questions import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.domain.queries import Level, Subject
    from node.domain.questions import Part, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """A part to be asked. `interrupted`: it was asked before, and has no closing table."""

    part: Part
    subjects: tuple[Subject, ...]
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinned:
    """A video with `left_out` of its `fingerprints` not asked about, so that the question fits."""

    label: str
    left_out: int
    fingerprints: int


@dataclass(slots=True, kw_only=True)
class Plan:
    """A stored question, and what is to be asked now. `tally` has the earlier answers.

    `queries`: the query of each asked part, by its number. `not_asked`: labels of the subjects that are left out
    because they are on the allow-list. `thinned`: videos that are asked about in part. `levels`: for holdings, how many
    fingerprints of each level are sent.
    """

    id: bytes
    terms: Terms
    parts: int
    todo: list[Todo]
    tally: Tally = field(default_factory=Tally)
    queries: dict[int, bytes] = field(default_factory=dict)
    not_asked: tuple[str, ...] = ()
    thinned: tuple[Thinned, ...] = ()
    levels: Mapping[Level, int] = field(default_factory=dict)

    @property
    def subjects(self) -> int:
        """How many subjects are to be asked about now."""
        return sum(len(todo.subjects) for todo in self.todo)

    @property
    def fingerprints(self) -> int:
        """How many fingerprints are to be asked about now."""
        return sum(todo.part.cost for todo in self.todo)

    @property
    def reduced(self) -> bool:
        """Whether a subject is searched for without orientations."""
        return any(subject.reduced for todo in self.todo for subject in todo.subjects)
