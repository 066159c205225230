"""What the tests of `test_asking` share with others."""

from __future__ import annotations

from node.domain.holdings import IngestItem, IngestRequest
from node.domain.queries import Level
from tests.simulator.asking import Party, prints


def hold(who: Party, number: int, level: Level, case: str = "HOME-1") -> None:
    item = IngestItem(tag=bytes([number]) * 32, prints=prints(number))
    who.intake.take(IngestRequest(case=case, level=level), [item])
