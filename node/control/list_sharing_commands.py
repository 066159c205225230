"""The command that shares rows of a list: contribute-list.

Rules this module upholds:

- Commands hold no decisions: they read arguments, have the plan made and carried out, and print it as lines.
- An item {"stop": true} ends the command between two batches. The summary says what was done.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.control.arguments import Arguments
from node.control.lines import handling_line
from node.control.record_lines import settled_line
from node.control.sharing_commands import stopping
from node.control.statements import read_terms
from node.errors import Misuse
from node.usecases.consent import Consent
from node.usecases.list_contribution import Wanted
from node.usecases.list_sharing_rules import RowStand
from node.usecases.publication import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from node.control.runner import Line
    from node.domain.ids import RecordId
    from node.usecases.list_contribution import Judged, ListContributing
    from node.usecases.publication import Publications, Sender

_DONE = {RowStand.NEW, RowStand.SHARED, RowStand.RETRACTED, RowStand.KEPT}
SETTLED_AT_ONCE = 1_000
"""Records of one command whose way out is waited for: the last ones, which leave after all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSharingCommands:
    """`sender`: the publisher that sends our log to the hub, None if no daemon runs."""

    contributing: ListContributing
    publications: Publications
    sender: Callable[[], Sender | None]

    async def contribute_list(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"list", "rows", "all_categories", "handling", "dry_run", "yes", "plan"} -> one line {"row", "record",
        "retracted"} per row that is shared, or whose record is retracted because it left the list; then {"list",
        "contributed", "would_contribute", "retracted", "would_retract", "kept", "retract_later", "skipped",
        "not_shared", "queued", "signed", "published", "why", "interrupted", "plan", "asks", "handling"}.

        "kept": records whose row left the list and that stay; "retract_later": those that a further run retracts.
        "not_shared": why -> rows; "queued", "signed" and "published" count the last 1,000 shared records. More than ten
        records, and any retraction, need "yes", or "plan" with the plan that was shown. Raises `NotFound`, `Refused`.
        """
        given = Arguments(arguments)
        wanted = Wanted(
            list=given.text("list"),
            rows=tuple(map(_number, given.texts("rows"))),
            all_categories=given.flag("all_categories"),
            terms=read_terms(Arguments(given.object("handling"))),
        )
        plan = await asyncio.to_thread(self.contributing.plan, wanted)
        consent = Consent(yes=given.flag("yes"), plan=given.text("plan", ""))
        dry = given.flag("dry_run")
        about = {"list": wanted.list, "plan": plan.digest, "handling": handling_line(plan.handling)}
        if dry or plan.asks(consent):
            yield (
                about
                | {"contributed": 0, "would_contribute": plan.records, "asks": not dry, "interrupted": False}
                | {"retracted": 0, "would_retract": plan.retractions, "kept": plan.kept, "retract_later": plan.left}
                | _skipped(plan.counts)
            )
            return
        counts: Counter[RowStand] = Counter()
        shared: list[RecordId] = []
        ended = False
        async with stopping(items) as stop:
            pages = self.contributing.carry_out(plan, consent)
            while not stop.asked and not ended:
                page = await asyncio.to_thread(_next, pages)
                ended = page is None
                for each in page or ():
                    counts[each.stand] += 1
                    if each.stand is RowStand.SHARED and each.record is not None:
                        shared.append(each.record)
                    if each.stand in (RowStand.SHARED, RowStand.RETRACTED):
                        retracted = each.stand is RowStand.RETRACTED
                        yield {"row": each.row, "record": str(each.record), "retracted": retracted}
                del shared[:-SETTLED_AT_ONCE]
            wait = 0.0 if stop.asked else WAIT_SECONDS
            settled = await self.publications.settle(shared, self.sender(), wait)
        yield (
            about
            | {"contributed": counts[RowStand.SHARED], "would_contribute": 0, "asks": False}
            | {"retracted": counts[RowStand.RETRACTED], "would_retract": 0, "kept": counts[RowStand.KEPT]}
            | {"retract_later": plan.left, "interrupted": not ended}
            | settled_line(settled)
            | _skipped(counts)
        )


def _next(pages: Any) -> list[Judged] | None:  # noqa: ANN401 (an iterator, whose end is None)
    return next(pages, None)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Misuse("a row of a list is named by its number", remedy="vigil lists show NAME shows the numbers")
    return int(text)


def _skipped(counts: Mapping[RowStand, int]) -> Line:
    left = {stand.value: number for stand, number in counts.items() if stand not in _DONE and number}
    return {"skipped": sum(left.values()), "not_shared": left}
