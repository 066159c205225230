"""The commands that share or retract many records: contribute and retract.

Rules this module upholds:

- Commands hold no decisions: they read arguments, and print the values of `usecases.sharing` as lines.
- An item {"stop": true} ends a command between two batches.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.lines import handling_line
from node.control.record_lines import contributed_line, fault_line, one_retracted_line, retracted_line, settled_line
from node.control.statements import read_consent, read_reason, read_selection, read_terms, read_wording
from node.control.stopping import stopping
from node.usecases import contribution, retraction
from node.usecases.retraction import Fate
from node.usecases.selection import Fault
from node.usecases.sharing import ContributionEnd, RetractionEnd

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.publication import Settled
    from node.usecases.sharing import Sharing


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingCommands:
    """`sharing`: of this node."""

    sharing: Sharing

    async def contribute(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "holdings", "sha256", "rows", "statement", "handling", "dry_run", "yes", "plan", "members"} -> one
        line per holding, then {"contributed", "would_contribute", "skipped", "differs", "queued", "signed",
        "published", "why", "interrupted", "remaining", "plan", "asks", "handling", "recipients"}.

        More than ten records need "yes", or "plan" with the plan that was shown. Without them, the summary has "asks"
        true and nothing is done. A "plan" that has changed is refused, and so is another number of "members" than that
        of the "recipients". A faulty row has a line {"line", "error", "remedy"}.
        """
        given = Arguments(arguments)
        wanted = contribution.Wanted(
            selection=read_selection(given),
            wording=read_wording(Arguments(given.object("statement"))),
            terms=read_terms(Arguments(given.object("handling"))),
        )
        consent, dry = read_consent(given), given.flag("dry_run")
        async with (
            stopping(items) as stop,
            aclosing(self.sharing.contribute(wanted, consent, stop, dry=dry)) as steps,
        ):
            async for each in steps:
                if isinstance(each, Fault):
                    yield fault_line(each)
                elif isinstance(each, ContributionEnd):
                    yield _contribution_end_line(each)
                else:
                    yield contributed_line(each)

    async def retract(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record"} or {"case"} or {"records": [{"record", "line"}]}, and {"reason", "dry_run", "yes", "plan"}.

        For one record, one line: {"record", "retraction", "state", "publication", "why"}. For more, or in a dry run,
        one line per record, then {"retracted", "would_retract", "forgotten", "kept", "queued", "signed", "published",
        "why", "interrupted", "remaining", "plan", "asks"}.
        """
        given = Arguments(arguments)
        wanted, consent, dry = _to_take_back(given), read_consent(given), given.flag("dry_run")
        alone = bool(given.text("record", "")) and not dry
        held: list[retraction.Planned] = []
        async with stopping(items) as stop, aclosing(self.sharing.retract(wanted, consent, stop, dry=dry)) as steps:
            async for each in steps:
                if isinstance(each, Fault):
                    yield fault_line(each)
                elif isinstance(each, RetractionEnd) and alone and each.settled is not None:
                    for one in held:
                        yield one_retracted_line(one, each.settled)
                elif isinstance(each, RetractionEnd):
                    yield _retraction_end_line(each)
                elif alone:
                    # Its line says how far the retraction has come, which only the end knows.
                    held.append(each)
                else:
                    yield retracted_line(each)


def _to_take_back(given: Arguments) -> retraction.Wanted:
    rows = [Arguments(row) for row in given.objects("records")]
    named = [retraction.Named(text=row.text("record"), row=row.whole("line")) for row in rows]
    if given.text("record", ""):
        named.append(retraction.Named(text=given.text("record")))
    return retraction.Wanted(
        case=given.text("case", ""), named=tuple(named), reason=read_reason(given.text("reason", "unstated"))
    )


def _contribution_end_line(end: ContributionEnd) -> Line:
    counts = {"skipped": end.skipped, "differs": end.differs}
    counts |= {"contributed": end.contributed, "would_contribute": end.would}
    return {
        **counts,
        **_progress_line(end.settled, end.remaining),
        "plan": end.plan,
        "asks": end.asks,
        "handling": handling_line(end.handling),
        "recipients": list(end.recipients),
    }


def _retraction_end_line(end: RetractionEnd) -> Line:
    return {
        "retracted": end.fates.get(Fate.RETRACTED, 0),
        "would_retract": end.would,
        "forgotten": end.fates.get(Fate.FORGOTTEN, 0),
        "kept": end.fates.get(Fate.KEPT, 0),
        **_progress_line(end.settled, end.remaining),
        "plan": end.plan,
        "asks": end.asks,
    }


def _progress_line(settled: Settled | None, remaining: int) -> Line:
    """How far the command has come; nothing if it only showed its plan."""
    if settled is None:
        return {}
    return settled_line(settled) | {"interrupted": remaining > 0, "remaining": remaining}
