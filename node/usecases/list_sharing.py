"""A person shares the rows of a list: planned, agreed to, carried out in batches, and followed to the hub.

Rules this module upholds:

- Those of `sharing`. A plan that retracts a record always needs consent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.usecases.in_threads import Batches, Stop
from node.usecases.list_sharing_rules import RowStand

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from node.domain.handling import Handling
    from node.domain.ids import RecordId
    from node.usecases.consent import Consent
    from node.usecases.list_contribution import Judged, ListContributing, Plan, Wanted
    from node.usecases.publication import Publishing, Settled

_DONE: Final = {RowStand.NEW, RowStand.SHARED, RowStand.RETRACTED, RowStand.KEPT}
_CHANGED: Final = (RowStand.SHARED, RowStand.RETRACTED)
SETTLED_AT_ONCE: Final = 1_000
"""Records of one command whose way out is waited for: the last ones, which leave after all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSharingEnd:
    """The end of a command. `would`, `would_retract`: what it would do, if it did nothing. `kept`: records whose row
    left the list and that stay; `retract_later`: those that a further run retracts. `not_shared`: rows by why they are
    not shared. `plan`: the digest of the plan; `asks`: whether a person has to agree to it. `settled`: of the last
    shared records, None if nothing was done.
    """

    list: str
    plan: str
    handling: Handling
    retract_later: int
    not_shared: Mapping[RowStand, int]
    asks: bool = False
    contributed: int = 0
    would: int = 0
    retracted: int = 0
    would_retract: int = 0
    kept: int = 0
    interrupted: bool = False
    settled: Settled | None = None


class ListSharing:
    """Contributions of the lists of one node."""

    def __init__(self, *, contributing: ListContributing, publishing: Publishing) -> None:
        self._contributing = contributing
        self._publishing = publishing

    async def contribute(
        self, wanted: Wanted, consent: Consent, stop: Stop, *, dry: bool = False
    ) -> AsyncGenerator[Judged | ListSharingEnd, None]:
        """Each row that is shared, or whose record is retracted because the row left the list; then the end. A dry run,
        and a command without the necessary consent, have only an end. Raises `Misuse`, `NotFound`, `Refused`.
        """
        plan = await asyncio.to_thread(self._contributing.plan, wanted)
        if dry or plan.asks(consent):
            yield _shown(plan, asks=not dry)
            return
        counts: Counter[RowStand] = Counter()
        shared: list[RecordId] = []
        batches = Batches(self._contributing.carry_out(plan, consent), stop)
        async for each in batches.each():
            counts[each.stand] += 1
            if each.stand is RowStand.SHARED and each.record is not None:
                shared.append(each.record)
                del shared[:-SETTLED_AT_ONCE]
            if each.stand in _CHANGED:
                yield each
        settled = await self._publishing.follow(shared, wait=not stop.asked)
        yield ListSharingEnd(
            list=wanted.list,
            plan=plan.digest,
            handling=plan.handling,
            contributed=counts[RowStand.SHARED],
            retracted=counts[RowStand.RETRACTED],
            kept=counts[RowStand.KEPT],
            retract_later=plan.left,
            interrupted=not batches.ended,
            not_shared=_not_shared(counts),
            settled=settled,
        )


def _shown(plan: Plan, *, asks: bool) -> ListSharingEnd:
    return ListSharingEnd(
        list=plan.wanted.list,
        plan=plan.digest,
        handling=plan.handling,
        asks=asks,
        would=plan.records,
        would_retract=plan.retractions,
        kept=plan.kept,
        retract_later=plan.left,
        not_shared=_not_shared(plan.counts),
    )


def _not_shared(counts: Mapping[RowStand, int]) -> dict[RowStand, int]:
    return {stand: number for stand, number in counts.items() if stand not in _DONE and number}
