"""Kept watches and alerts of the store in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.alerts import MOST_ALERTS, Alert
from node.domain.kept_watches import LIVE, KeptWatch, Told, WatchLoad, WatchStanding

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.alerts import Raised
    from node.domain.ids import MemberId, RecordId


@dataclass(slots=True)
class WatchTables:
    """Watches and alerts by their numbers; what the askers were told; what waits."""

    watches: dict[int, KeptWatch] = field(default_factory=dict)
    last_watch: int = 0
    told: set[tuple[int, bytes]] = field(default_factory=set)
    rows: set[tuple[int, int]] = field(default_factory=set)
    alerts: dict[int, Alert] = field(default_factory=dict)
    last_alert: int = 0

    def note(self, source: int, row: int) -> None:
        """A holding waits, if any watch is kept."""
        if any(each.standing in LIVE for each in self.watches.values()):
            self.rows.add((source, row))

    def note_list(self, source: int, after: int) -> None:
        """The rows of a list above `after` wait."""
        if any(of == source and row <= after for of, row in self.rows):
            return
        self.rows = {each for each in self.rows if each[0] != source}
        self.note(source, after)


class MemoryWatches:
    """`WatchWriter` and `AlertWriter` over `WatchTables`."""

    def __init__(self, tables: WatchTables) -> None:
        self._watching = tables

    def kept_watch(self, number: int) -> KeptWatch | None:
        return self._watching.watches.get(number)

    def kept_watch_of(self, root: RecordId) -> KeptWatch | None:
        return next((each for each in self._watching.watches.values() if each.root == root), None)

    def kept_watches(
        self, standings: Collection[WatchStanding], *, after: int = 0, limit: int = 1_000
    ) -> list[KeptWatch]:
        found = [each for number, each in sorted(self._watching.watches.items()) if number > after]
        return [each for each in found if each.standing in standings][:limit]

    def watches_for_officers(self, limit: int, *, decided: bool = False) -> list[KeptWatch]:
        found = [
            each
            for _, each in sorted(self._watching.watches.items(), reverse=True)
            if each.standing is WatchStanding.WAITING
            or (each.standing is WatchStanding.KEPT and each.told is Told.WAITING)
            or (decided and each.decided_at)
        ]
        return found[:limit]

    def watch_loads(self) -> Mapping[MemberId, WatchLoad]:
        loads: dict[MemberId, WatchLoad] = {}
        for each in self._watching.watches.values():
            if each.standing in LIVE:
                before = loads.get(each.asker, WatchLoad())
                loads[each.asker] = WatchLoad(before.watches + 1, before.fingerprints + each.cost)
        return loads

    def watched_rows(self, limit: int) -> list[tuple[int, int]]:
        return sorted(self._watching.rows)[:limit]

    def told_records(self, number: int, leaves: Collection[bytes]) -> set[bytes]:
        return {leaf for leaf in leaves if (number, leaf) in self._watching.told}

    def put_watch(self, watch: KeptWatch) -> KeptWatch:
        if not watch.id:
            self._watching.last_watch += 1
            watch = replace(watch, id=self._watching.last_watch)
        self._watching.watches[watch.id] = watch
        return watch

    def put_told_records(self, number: int, leaves: Collection[bytes]) -> None:
        self._watching.told.update((number, leaf) for leaf in leaves)

    def end_watched_rows(self, rows: Sequence[tuple[int, int]]) -> None:
        self._watching.rows.difference_update(rows)

    def advance_watched_list(self, source: int, row: int, to: int) -> None:
        self._watching.rows.discard((source, row))
        self._watching.note_list(source, to)

    def forget_ended_watches(self, before: int) -> int:
        gone = {
            number
            for number, each in self._watching.watches.items()
            if each.standing not in LIVE and each.at < before and each.decided_at < before
        }
        for number in gone:
            del self._watching.watches[number]
        self._watching.told = {each for each in self._watching.told if each[0] not in gone}
        return len(gone)

    # --- alerts ---------------------------------------------------------------------------------------------------

    def alerts(self, *, new: bool = False, case: str = "", before: int = 0, limit: int = 100) -> list[Alert]:
        found = [
            each
            for number, each in sorted(self._watching.alerts.items(), reverse=True)
            if (not new or not each.seen_at) and case in ("", each.raised.case) and (not before or number < before)
        ]
        return found[:limit]

    def count_alerts(self, *, unhooked: bool = False) -> int:
        return sum(not each.seen_at and not (unhooked and each.hooked) for each in self._watching.alerts.values())

    def raise_alerts(self, raised: Sequence[Raised], now: int) -> list[int]:
        return [self._raise(each, now) for each in raised]

    def _raise(self, raised: Raised, now: int) -> int:
        for number, each in self._watching.alerts.items():
            if each.raised == raised and not each.seen_at:
                self._watching.alerts[number] = replace(each, count=each.count + 1, at=now)
                return number
        if len(self._watching.alerts) >= MOST_ALERTS:
            del self._watching.alerts[min(self._watching.alerts.values(), key=lambda one: (not one.seen_at, one.id)).id]
        self._watching.last_alert += 1
        number = self._watching.last_alert
        self._watching.alerts[number] = Alert(id=number, raised=raised, first_at=now, at=now)
        return number

    def see_alerts(self, ids: Sequence[int], officer: str, now: int) -> list[int]:
        fresh = sorted({at for at in ids if at in self._watching.alerts and not self._watching.alerts[at].seen_at})
        for number in fresh:
            self._watching.alerts[number] = replace(self._watching.alerts[number], seen_at=now, seen_by=officer)
        return fresh

    def set_hooked(self) -> None:
        for number, each in self._watching.alerts.items():
            self._watching.alerts[number] = replace(each, hooked=True)

    def forget_alerts(self, before: int) -> int:
        gone = [
            number for number, each in self._watching.alerts.items() if 0 < each.seen_at < before and each.at < before
        ]
        for number in gone:
            del self._watching.alerts[number]
        return len(gone)
