"""Links: a member states that records show the same victim, offender, place, scene, device or series, or are copies.

Rules this module upholds:

- A link names records of anybody, in any version. It says nothing about whose they are or who may read them.
- All targets of one link have the one relation to each other. Two relations are two links.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from node.domain.ids import RecordId

FEWEST_TARGETS: Final = 2
MOST_TARGETS: Final = 32
"""Targets of one link. A larger series is several links, which form one component."""


class Relation(IntEnum):
    """What the targets of a link have in common."""

    SAME_VICTIM = 1
    SAME_OFFENDER = 2
    SAME_PLACE = 3
    SAME_SCENE = 4
    SAME_DEVICE = 5
    SAME_SERIES = 6
    COPY = 7


class Certainty(IntEnum):
    """How certain the author of a link is."""

    CERTAIN = 1
    PROBABLE = 2
    POSSIBLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLink:
    """`targets`: from `FEWEST_TARGETS` to `MOST_TARGETS`, each once. `group`: the group that its author shared it with;
    only the handling decides who may read it.
    """

    relation: Relation
    targets: tuple[RecordId, ...]
    certainty: Certainty
    note: str = ""
    language: str = ""
    group: RecordId | None = None
