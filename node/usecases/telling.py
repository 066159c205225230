"""A member's answer as it is told to a person: limited, and each hit with the state of its record here.

Rules this module upholds:

- However many hits an answer has, the told ones are limited like those of a search, and the others are counted.
- Hits of a muted member are not told; the answer and the number of its hits are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.usecases.crowd import bounded
from node.usecases.standing import Standing, standings

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from node.domain.ids import MemberId, RecordId
    from node.domain.queries import Hit, MemberOutcome
    from node.domain.stores import NodeStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldHit:
    """A hit of a member. `standing`: the state of its record here; None if it names no record."""

    hit: Hit
    standing: Standing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A member's state in one query, and its hits. `labels`: of the query's subjects, as the person typed them;
    `grouped`: hits like those told, or beyond the number told per member. `muted`: whether the hits are not told.
    """

    query_id: bytes
    outcome: MemberOutcome
    labels: Sequence[str]
    hits: tuple[ToldHit, ...]
    grouped: int = 0
    muted: bool = False


def told(
    store: NodeStore,
    query_id: bytes,
    outcome: MemberOutcome,
    labels: Sequence[str],
    *,
    here: Collection[RecordId | None] = (),
    muted: Collection[MemberId] = (),
) -> Told:
    """Blocking. `here`: records that our own search has just found; `muted`: members whose hits are not told."""
    hits, grouped = bounded(outcome.answer.hits if outcome.answer else ())
    silent = outcome.member in muted
    shown = () if silent else hits
    known = standings(store, [each.record for each in shown if each.record and each.record not in here])

    def standing(hit: Hit) -> Standing | None:
        if hit.record is None:
            return None
        return Standing.HERE if hit.record in here else known[hit.record]

    return Told(
        query_id=query_id,
        outcome=outcome,
        labels=labels,
        hits=tuple(ToldHit(hit=hit, standing=standing(hit)) for hit in shown),
        grouped=grouped,
        muted=silent,
    )
