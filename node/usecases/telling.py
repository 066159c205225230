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
from node.usecases.verification import verified

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from node.domain.ids import MemberId, RecordId
    from node.domain.queries import Hit, MemberOutcome
    from node.domain.stores import NodeStore
    from node.domain.verification import Verification
    from node.usecases.verification import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldHit:
    """A hit of a member. `standing`: the state of its record here; None if it names no record. `verification`: what
    members say of the record; None if it is not here, or was not counted.
    """

    hit: Hit
    standing: Standing | None
    verification: Verification | None = None


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
    verifier: Verifier | None = None,
) -> Told:
    """Blocking. `here`: records that our own search has just found; `muted`: members whose hits are not told;
    `verifier` None: opinions are not counted.
    """
    hits, grouped = bounded(outcome.answer.hits if outcome.answer else ())
    silent = outcome.member in muted
    shown = () if silent else hits
    known = standings(store, [each.record for each in shown if each.record and each.record not in here])

    said = verified(store, verifier, shown)

    def standing(hit: Hit) -> Standing | None:
        if hit.record is None:
            return None
        return Standing.HERE if hit.record in here else known[hit.record]

    return Told(
        query_id=query_id,
        outcome=outcome,
        labels=labels,
        hits=tuple(
            ToldHit(hit=hit, standing=standing(hit), verification=said.get(hit.record) if hit.record else None)
            for hit in shown
        ),
        grouped=grouped,
        muted=silent,
    )
