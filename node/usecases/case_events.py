"""Notes what happens in cases, for their timelines.

Rules this module upholds:

- It is called inside the transaction of the act, so that both are durable or neither is.
- It never refuses an act: it only writes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from node.domain.case_events import ONE_ACT_SECONDS, CaseEvent
from node.usecases.acting import caller

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from node.domain.case_events import CaseEventKind, CaseEventWriter
    from node.domain.holdings import Holding


def happened(tx: CaseEventWriter, cases: Mapping[str, int], kind: CaseEventKind, now: int) -> None:
    """Notes that the caller did one kind of act in these cases; the numbers say to how many things each.

    An act like the last one of the case, by the same officer and within an hour, is counted with it.
    """
    officer = caller().name
    counted = {case: number for case, number in cases.items() if case and number}
    last = tx.newest_case_events(list(counted))
    for case, number in sorted(counted.items()):
        before = last.get(case)
        if before is not None and _is_one_act(before, kind, officer, now):
            tx.extend_case_event(before.id, number, max(now, before.until))
        else:
            tx.put_case_event(CaseEvent(case=case, kind=kind, at=now, officer=officer, count=number))


def _is_one_act(before: CaseEvent, kind: CaseEventKind, officer: str, now: int) -> bool:
    alike = (before.kind, before.officer) == (kind, officer) and not before.subject and not before.version
    return alike and before.at <= now < before.at + ONE_ACT_SECONDS


def cases_of(holdings: Iterable[Holding]) -> Counter[str]:
    """How many of these holdings each case has."""
    return Counter(case for holding in holdings for case in holding.cases)
