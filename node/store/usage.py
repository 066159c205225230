"""The ledger of what members use, written and read.

Rules this module upholds:

- A charge is one statement that adds in the database: no code reads a count in order to write it.
- A crash inside leaves the state before the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from node.domain.ids import MemberId
from node.domain.usage import Charge, Count, Period, Resource, Usage
from node.store.statements import Repository
from node.store.tables.usage import usage

_NEW: Final = insert(usage)
_SAME_WINDOW: Final = usage.c.win == _NEW.excluded.win
_CHARGE: Final = _NEW.on_conflict_do_update(
    index_elements=[usage.c.member, usage.c.resource, usage.c.period],
    set_={
        "used": _NEW.excluded.used + usage.c.used * _SAME_WINDOW,
        "win": _NEW.excluded.win,
    },
)


class UsageRows(Repository):
    """`UsageReader` inside one transaction."""

    def usage(self, member: MemberId) -> Usage:
        rows = self._connection.execute(select(usage).where(usage.c.member == member))
        return {(Resource(row.resource), Period(row.period)): Count(window=row.win, used=row.used) for row in rows}

    def usage_of_all(self) -> Mapping[MemberId, Usage]:
        found: dict[MemberId, Usage] = {}
        for row in self._connection.execute(select(usage)):
            counts = found.setdefault(MemberId(row.member), {})
            counts[Resource(row.resource), Period(row.period)] = Count(window=row.win, used=row.used)
        return found


class UsageWrites(UsageRows):
    """`UsageWriter` inside one transaction."""

    def charge(self, charges: Sequence[Charge], now: float) -> None:
        rows = [
            {
                "member": each.member,
                "resource": int(each.resource),
                "period": int(period),
                "win": period.window(now),
                "used": each.amount,
            }
            for each in charges
            if each.amount
            for period in each.periods
        ]
        if rows:
            self._connection.execute(_CHARGE, rows)
