"""A person shares or retracts many records: planned, agreed to, carried out in batches, and followed to the hub.

Rules this module upholds:

- A dry run, and a command without the necessary consent, only show the plan.
- A faulty row of a list is told before the command is refused: then nothing is done.
- A person can stop a command between two batches. The end says what was done and how much remains.
- The end says how far the statements have come: stored, signed, or published.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.handling import Handling
from node.usecases import contribution, retraction
from node.usecases.consent import asks
from node.usecases.contribution import Stand
from node.usecases.in_threads import Batches, Stop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from node.domain.ids import MemberId
    from node.usecases.consent import Consent
    from node.usecases.publication import Publishing, Settled
    from node.usecases.retraction import Fate
    from node.usecases.selection import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionEnd:
    """The end of a contribution. `would`: records that it would share, if it shared none. `skipped`: holdings without a
    new record, `differs` of them with a record that says something else. `remaining`: holdings that it did not come to.
    `plan`: the digest of the plan; `recipients`: the members that can read its records now; `asks`: whether a person
    has to agree to it. `settled`: None if nothing was done.
    """

    handling: Handling
    plan: str
    recipients: tuple[MemberId, ...] = ()
    asks: bool = False
    contributed: int = 0
    would: int = 0
    skipped: int = 0
    differs: int = 0
    remaining: int = 0
    settled: Settled | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractionEnd:
    """The end of a retraction: how many records had each fate. The others as in `ContributionEnd`."""

    plan: str
    fates: Mapping[Fate, int]
    asks: bool = False
    would: int = 0
    remaining: int = 0
    settled: Settled | None = None


class Sharing:
    """Contributions and retractions of one node."""

    def __init__(
        self,
        *,
        contributing: contribution.Contributing,
        retracting: retraction.Retracting,
        publishing: Publishing,
    ) -> None:
        self._contributing = contributing
        self._retracting = retracting
        self._publishing = publishing

    async def contribute(
        self, wanted: contribution.Wanted, consent: Consent, stop: Stop, *, dry: bool = False
    ) -> AsyncGenerator[Fault | contribution.Planned | ContributionEnd, None]:
        """The faulty rows; or each holding, in a dry run without doing anything; and the end.

        Raises `Misuse` after faulty rows and for a plan that has changed, `NotFound`, `Refused`.
        """
        plan = await asyncio.to_thread(self._contributing.plan, wanted)
        for fault in plan.faults:
            yield fault
        plan.require_sound()
        handling = plan.wanted.terms.of(Handling())
        if dry or asks(consent, plan.records):
            for each in plan.planned if dry else ():
                yield each
            skipped, differs = _skipped(plan.planned)
            yield ContributionEnd(
                handling=handling,
                plan=plan.digest,
                recipients=plan.recipients,
                asks=not dry,
                would=plan.records,
                skipped=skipped,
                differs=differs,
            )
            return
        told: list[contribution.Planned] = []
        async for each in Batches(self._contributing.carry_out(plan, consent), stop).each():
            told.append(each)
            yield each
        shared = [each.record for each in told if each.stand is Stand.SHARED and each.record is not None]
        skipped, differs = _skipped(told)
        yield ContributionEnd(
            handling=handling,
            plan=plan.digest,
            recipients=plan.recipients,
            contributed=len(shared),
            skipped=skipped,
            differs=differs,
            remaining=len(plan.planned) - len(told),
            settled=await self._publishing.follow(shared, wait=not stop.asked),
        )

    async def retract(
        self, wanted: retraction.Wanted, consent: Consent, stop: Stop, *, dry: bool = False
    ) -> AsyncGenerator[Fault | retraction.Planned | RetractionEnd, None]:
        """As `contribute`, a value a record."""
        plan = await asyncio.to_thread(self._retracting.plan, wanted)
        for fault in plan.faults:
            yield fault
        plan.require_sound()
        if dry or asks(consent, len(plan.planned)):
            for each in plan.planned if dry else ():
                yield each
            yield RetractionEnd(plan=plan.digest, fates={}, asks=not dry, would=len(plan.planned))
            return
        told: list[retraction.Planned] = []
        async for each in Batches(self._retracting.carry_out(plan, consent), stop).each():
            told.append(each)
            yield each
        said = [each.retraction for each in told if each.retraction is not None]
        yield RetractionEnd(
            plan=plan.digest,
            fates=Counter(each.fate for each in told),
            remaining=len(plan.planned) - len(told),
            settled=await self._publishing.follow(said, wait=not stop.asked),
        )


def _skipped(planned: Sequence[contribution.Planned]) -> tuple[int, int]:
    """(Holdings without a new record, those of them whose record says something else)."""
    return sum(not each.is_new for each in planned), sum(each.stand is Stand.DIFFERS for each in planned)
