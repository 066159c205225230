"""The command that shares rows of a list: contribute-list.

Rules this module upholds:

- Commands hold no decisions: they read arguments, and print the values of `usecases.list_sharing` as lines.
- An item {"stop": true} ends the command between two batches.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.control.arguments import Arguments, read_number
from node.control.lines import handling_line
from node.control.record_lines import settled_line
from node.control.statements import read_consent, read_terms
from node.control.stopping import stopping
from node.usecases.list_contribution import Wanted
from node.usecases.list_sharing import ListSharingEnd
from node.usecases.list_sharing_rules import RowStand

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.list_sharing import ListSharing

_ROWS: Final = "vigil lists show NAME shows the numbers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSharingCommands:
    """`sharing`: of the lists of this node."""

    sharing: ListSharing

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
            rows=tuple(read_number(text, "a row of a list", _ROWS) for text in given.texts("rows")),
            all_categories=given.flag("all_categories"),
            terms=read_terms(Arguments(given.object("handling"))),
        )
        consent, dry = read_consent(given), given.flag("dry_run")
        async with (
            stopping(items) as stop,
            aclosing(self.sharing.contribute(wanted, consent, stop, dry=dry)) as steps,
        ):
            async for each in steps:
                if isinstance(each, ListSharingEnd):
                    yield _end_line(each)
                else:
                    retracted = each.stand is RowStand.RETRACTED
                    yield {"row": each.row, "record": str(each.record), "retracted": retracted}


def _end_line(end: ListSharingEnd) -> Line:
    left = {stand.value: number for stand, number in end.not_shared.items()}
    about = {"list": end.list, "plan": end.plan, "handling": handling_line(end.handling)}
    shared: Line = {"contributed": end.contributed, "would_contribute": end.would, "asks": end.asks}
    gone: Line = {"retracted": end.retracted, "would_retract": end.would_retract, "kept": end.kept}
    later: Line = {"retract_later": end.retract_later}
    done: Line = {"interrupted": end.interrupted}
    # The two kinds of end have their keys in different orders, which scripts may have recorded.
    if end.settled is None:
        told = shared | done | gone | later
    else:
        told = shared | gone | later | done | settled_line(end.settled)
    return about | told | {"skipped": sum(left.values()), "not_shared": left}
