"""Alerts of this node.

Rules this module upholds:

- An alert that nobody has seen is found again by what it is about: it counts, and there is one row.
- There are at most `MOST_ALERTS`: a new one deletes the oldest, and seen ones first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, literal_column, select, text, update

from node.domain.alerts import MOST_ALERTS, Alert, AlertKind, Raised
from node.errors import Damaged
from node.store.statements import Repository, chunks, insert_rows, rows_in
from node.store.tables.watches import alerts

if TYPE_CHECKING:
    from sqlalchemy import Row

# A literal number, not a parameter: it lets SQLite use the partial index.
_NEW: Final = alerts.c.seen_at == literal_column("0")
# Most alerts may be new. Told so, SQLite looks for what they are about, and does not read all new ones.
_SAME: Final = select(alerts).where(func.likely(_NEW), alerts.c.about.in_(bindparam("about", expanding=True)))
_AGAIN: Final = (
    update(alerts)
    .where(alerts.c.id == bindparam("number"))
    .values(times=alerts.c.times + bindparam("more"), at=bindparam("now"))
)
_COLUMNS: Final = (
    "id", "kind", "about", "reference", "member", "first_at", "at", "times", "seen_at", "seen_by", "hooked",
)  # fmt: skip
_LAST: Final = text("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'alerts'")
_COUNT: Final = select(func.count()).select_from(alerts)


class AlertRows(Repository):
    """`AlertReader` inside one transaction."""

    def alerts(self, *, new: bool = False, case: str = "", before: int = 0, limit: int = 100) -> list[Alert]:
        wanted = select(alerts).order_by(alerts.c.id.desc()).limit(limit)
        if new:
            wanted = wanted.where(_NEW)
        if case:
            wanted = wanted.where(alerts.c.reference == case)
        if before:
            wanted = wanted.where(alerts.c.id < before)
        return [_alert(row) for row in self._connection.execute(wanted)]

    def count_alerts(self, *, unhooked: bool = False) -> int:
        wanted = _COUNT.where(_NEW, alerts.c.hooked == 0) if unhooked else _COUNT.where(_NEW)
        number: int = self._connection.scalar(wanted) or 0
        return number


class AlertWrites(AlertRows):
    """`AlertWriter` inside one transaction."""

    def raise_alerts(self, raised: Sequence[Raised], now: int) -> list[int]:
        times = Counter(raised)
        known: dict[Raised, int] = {}
        for row in rows_in(self._connection, _SAME, "about", {each.about for each in times}):
            known[_alert(row).raised] = row.id
        again = [{"number": known[each], "more": times[each], "now": now} for each in times if each in known]
        if again:
            self._connection.execute(_AGAIN, again)
        last: int = self._connection.scalar(_LAST) or 0
        fresh = [(each, count) for each, count in times.items() if each not in known]
        rows = [
            (number, each.kind.value, each.about, each.case, each.member, now, now, count, 0, "", 0)
            for number, (each, count) in enumerate(fresh, last + 1)
        ]
        insert_rows(self._connection, alerts, _COLUMNS, rows)
        if fresh:
            self._make_room()
        known |= {each: number for number, (each, _) in enumerate(fresh, last + 1)}
        return [known[each] for each in raised]

    def _make_room(self) -> None:
        over = (self._connection.scalar(_COUNT) or 0) - MOST_ALERTS
        if over > 0:
            oldest = select(alerts.c.id).order_by(_NEW, alerts.c.id).limit(over)
            self._connection.execute(delete(alerts).where(alerts.c.id.in_(oldest)))

    def see_alerts(self, ids: Sequence[int], officer: str, now: int) -> list[int]:
        seen: list[int] = []
        for some in chunks(ids):
            those = update(alerts).where(_NEW, alerts.c.id.in_(some)).values(seen_at=now, seen_by=officer)
            seen += self._connection.scalars(those.returning(alerts.c.id))
        return sorted(seen)

    def set_hooked(self) -> None:
        self._connection.execute(update(alerts).where(alerts.c.hooked == 0).values(hooked=1))

    def forget_alerts(self, before: int) -> int:
        old = delete(alerts).where(alerts.c.seen_at > 0, alerts.c.seen_at < before, alerts.c.at < before)
        return self._connection.execute(old).rowcount


def _alert(row: Row[Any]) -> Alert:
    try:
        kind = AlertKind(row.kind)
    except ValueError:
        raise Damaged(
            "the stored kind of an alert is unknown", remedy="run fsck, then restore the newest backup"
        ) from None
    return Alert(
        id=row.id,
        raised=Raised(kind=kind, about=row.about, case=row.reference, member=row.member),
        first_at=row.first_at,
        at=row.at,
        count=row.times,
        seen_at=row.seen_at,
        seen_by=row.seen_by,
        hooked=bool(row.hooked),
    )
