"""The commands that share or retract many records: contribute and retract.

Rules this module upholds:

- Commands hold no decisions: they read arguments, have the plan made and carried out, and print it as lines.
- An item {"stop": true} ends a command between two batches. The summary says what was done and how much remains.
- A summary says how far the statements have come: stored, signed, or published.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from node.control.arguments import Arguments
from node.control.lines import handling_line
from node.control.record_lines import contributed_line, fault_line, one_retracted_line, retracted_line, settled_line
from node.control.statements import read_reason, read_selection, read_terms, read_wording
from node.domain.handling import Handling
from node.usecases import contribution, retraction
from node.usecases.consent import Consent, asks
from node.usecases.contribution import Stand
from node.usecases.publication import WAIT_SECONDS
from node.usecases.retraction import Fate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from node.control.runner import Line
    from node.domain.ids import RecordId
    from node.usecases.contribution import Contributing
    from node.usecases.publication import Publications, Sender, Settled
    from node.usecases.retraction import Retracting

T = TypeVar("T")
_DONE = {Stand.NEW, Stand.SHARED}


class Stop:
    """Whether the user wants the command to stop between two batches."""

    def __init__(self) -> None:
        self.asked = False

    async def listen(self, items: AsyncIterator[Line]) -> None:
        """Reads the items of a command until they end."""
        async for item in items:
            self.asked |= item.get("stop") is True


@asynccontextmanager
async def stopping(items: AsyncIterator[Line]) -> AsyncIterator[Stop]:
    """Listens to the items of a command while the block runs."""
    stop = Stop()
    listening = asyncio.create_task(stop.listen(items))
    try:
        yield stop
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def batches_until(made: Iterator[list[T]], stop: Stop) -> AsyncIterator[list[T]]:
    """The batches of a plan, carried out in threads, until the end or until the user stops the command."""
    while not stop.asked:
        done: Any = await asyncio.to_thread(next, made, None)
        if done is None:
            return
        yield done


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingCommands:
    """`sender`: the publisher that sends our log to the hub, None if no daemon runs."""

    contributing: Contributing
    retracting: Retracting
    publications: Publications
    sender: Callable[[], Sender | None]

    async def contribute(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "holdings", "sha256", "rows", "statement", "handling", "dry_run", "yes", "plan"} -> one line per
        holding, then {"contributed", "would_contribute", "skipped", "differs", "queued", "signed", "published", "why",
        "interrupted", "remaining", "plan", "asks", "handling"}.

        More than ten records need "yes", or "plan" with the plan that was shown. Without them, the summary has "asks"
        true and nothing is done. A faulty row has a line {"line", "error", "remedy"}.
        """
        given = Arguments(arguments)
        wanted = contribution.Wanted(
            selection=read_selection(given),
            wording=read_wording(Arguments(given.object("statement"))),
            terms=read_terms(Arguments(given.object("handling"))),
        )
        plan = await asyncio.to_thread(self.contributing.plan, wanted)
        for fault in plan.faults:
            yield fault_line(fault)
        plan.require_sound()
        handling = {"handling": handling_line(wanted.terms.of(Handling()))}
        told: list[contribution.Planned] = []
        consent = _consent(given)
        dry = given.flag("dry_run")
        if dry or asks(consent, plan.records):
            for each in plan.planned if dry else ():
                yield contributed_line(each)
            named = {"plan": plan.digest, "asks": not dry}
            yield _contributed(plan.planned) | {"contributed": 0, "would_contribute": plan.records} | named | handling
            return
        async with stopping(items) as stop:
            async for batch in batches_until(self.contributing.carry_out(plan, consent), stop):
                for each in batch:
                    told.append(each)
                    yield contributed_line(each)
            shared = [each.record for each in told if each.stand is Stand.SHARED and each.record is not None]
            settled = await self._settle(shared, stop)
        left = len(plan.planned) - len(told)
        yield (
            _contributed(told)
            | {"contributed": len(shared), "would_contribute": 0}
            | settled_line(settled)
            | {"interrupted": left > 0, "remaining": left, "plan": plan.digest, "asks": False}
            | handling
        )

    async def retract(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record"} or {"case"} or {"records": [{"record", "line"}]}, and {"reason", "dry_run", "yes", "plan"}.

        For one record, one line: {"record", "retraction", "state", "publication", "why"}. For more, or in a dry run,
        one line per record, then {"retracted", "would_retract", "forgotten", "kept", "queued", "signed", "published",
        "why", "interrupted", "remaining", "plan", "asks"}.
        """
        given = Arguments(arguments)
        plan = await asyncio.to_thread(self.retracting.plan, _to_take_back(given))
        for fault in plan.faults:
            yield fault_line(fault)
        plan.require_sound()
        consent, count = _consent(given), len(plan.planned)
        dry = given.flag("dry_run")
        if dry or asks(consent, count):
            for each in plan.planned if dry else ():
                yield retracted_line(each)
            yield _taken_back(()) | {"would_retract": count, "plan": plan.digest, "asks": not dry}
            return
        alone = bool(given.text("record", ""))
        told: list[retraction.Planned] = []
        async with stopping(items) as stop:
            async for batch in batches_until(self.retracting.carry_out(plan, consent), stop):
                for each in batch:
                    told.append(each)
                    if not alone:
                        yield retracted_line(each)
            settled = await self._settle([each.retraction for each in told if each.retraction is not None], stop)
        if alone:
            for each in told:
                yield one_retracted_line(each, settled)
            return
        left = len(plan.planned) - len(told)
        yield (
            _taken_back(told)
            | settled_line(settled)
            | {"interrupted": left > 0, "remaining": left, "plan": plan.digest, "asks": False}
        )

    async def _settle(self, records: list[RecordId], stop: Stop) -> Settled:
        return await self.publications.settle(records, self.sender(), 0.0 if stop.asked else WAIT_SECONDS)


def _consent(given: Arguments) -> Consent:
    return Consent(yes=given.flag("yes"), plan=given.text("plan", ""))


def _contributed(told: list[contribution.Planned] | tuple[contribution.Planned, ...]) -> Line:
    return {
        "skipped": sum(each.stand not in _DONE for each in told),
        "differs": sum(each.stand is Stand.DIFFERS for each in told),
    }


def _to_take_back(given: Arguments) -> retraction.Wanted:
    rows = [Arguments(row) for row in given.objects("records")]
    named = [retraction.Named(text=row.text("record"), row=row.whole("line")) for row in rows]
    if given.text("record", ""):
        named.append(retraction.Named(text=given.text("record")))
    return retraction.Wanted(
        case=given.text("case", ""), named=tuple(named), reason=read_reason(given.text("reason", "unstated"))
    )


def _taken_back(told: list[retraction.Planned] | tuple[()]) -> Line:
    fates = [each.fate for each in told]
    return {
        "retracted": fates.count(Fate.RETRACTED),
        "would_retract": 0,
        "forgotten": fates.count(Fate.FORGOTTEN),
        "kept": fates.count(Fate.KEPT),
    }
