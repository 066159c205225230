"""Kept watches, what waits to be matched against them, and alerts: the same over every store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain import alerts as alerts_of
from node.domain.alerts import AlertKind, Raised
from node.domain.ids import Origin, RecordId, federation_id, member_id
from node.domain.kept_watches import KeptWatch, Told, WatchLoad, WatchStanding
from node.domain.lists import LIST_SOURCES, ReferenceList
from node.domain.queries import Level
from node.domain.references import At, ListHead, Reference
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.stores import NodeStore
from tests.simulator.arriving import still

LOG = Origin(federation_id("test.vigil"), member_id("FR"), 1)
OTHER = Origin(federation_id("test.vigil"), member_id("JP"), 1)
NOW = 1_800_000_000


def watch(number: int, origin: Origin = LOG, **other: object) -> KeptWatch:
    made = KeptWatch(
        root=RecordId(origin, bytes([number]) * 32),
        head=(origin, number),
        standing=WatchStanding.KEPT,
        cost=number,
        until_day=20_900,
        at=NOW,
    )
    return replace(made, **other)  # type: ignore[arg-type]


def put(store: NodeStore, *watches: KeptWatch) -> list[KeptWatch]:
    with store.write() as tx:
        return [tx.put_watch(each) for each in watches]


def waiting(store: NodeStore) -> list[tuple[int, int]]:
    with store.read() as tx:
        return tx.watched_rows(100)


def take(store: NodeStore, word: str, level: Level) -> int:
    with store.write() as tx:
        return tx.put_holding(still(word), level=level, case="", tag=b"", now=NOW)[0]


def test_a_watch_is_found_by_its_number_and_its_first_version(store: NodeStore) -> None:
    (kept,) = put(store, watch(1, why="near something", told=Told.WAITING, algorithm="pdq", records=2, decided_at=3))
    assert kept.id
    with store.read() as tx:
        assert tx.kept_watch(kept.id) == kept
        assert tx.kept_watch_of(kept.root) == kept
        assert tx.kept_watch(kept.id + 1) is None
        assert tx.kept_watch_of(watch(2).root) is None


def test_a_watch_that_is_put_again_is_changed(store: NodeStore) -> None:
    (kept,) = put(store, watch(1))
    changed = replace(kept, standing=WatchStanding.ENDED, head=(LOG, 9))
    assert put(store, changed) == [changed]
    with store.read() as tx:
        assert tx.kept_watches(set(WatchStanding)) == [changed]


def test_watches_come_in_order_and_in_pages(store: NodeStore) -> None:
    first, second, third = put(store, watch(1), watch(2, standing=WatchStanding.REFUSED), watch(3))
    with store.read() as tx:
        assert tx.kept_watches({WatchStanding.KEPT}) == [first, third]
        assert tx.kept_watches({WatchStanding.KEPT}, after=first.id) == [third]
        assert tx.kept_watches(set(WatchStanding), limit=2) == [first, second]


def test_only_live_watches_count_for_their_asker(store: NodeStore) -> None:
    put(
        store,
        watch(1),
        watch(2, standing=WatchStanding.WAITING),
        watch(3, standing=WatchStanding.REFUSED),
        watch(4, standing=WatchStanding.ENDED),
        watch(5, OTHER),
    )
    with store.read() as tx:
        assert tx.watch_loads() == {"FR": WatchLoad(2, 3), "JP": WatchLoad(1, 5)}


def test_an_officer_sees_what_waits_and_later_what_was_decided(store: NodeStore) -> None:
    kept, waits, hit, decided = put(
        store,
        watch(1),
        watch(2, standing=WatchStanding.WAITING),
        watch(3, told=Told.WAITING),
        watch(4, standing=WatchStanding.REFUSED, decided_at=NOW),
    )
    ended = watch(5, told=Told.WAITING, standing=WatchStanding.ENDED)
    put(store, ended)
    with store.read() as tx:
        assert tx.watches_for_officers(10) == [hit, waits]
        assert tx.watches_for_officers(10, decided=True) == [decided, hit, waits]
        assert tx.watches_for_officers(1) == [hit]
    assert kept.id


def test_ended_watches_are_forgotten_with_what_was_told(store: NodeStore) -> None:
    old, live = put(store, watch(1, standing=WatchStanding.ENDED, at=5), watch(2, at=5))
    put(store, watch(3, standing=WatchStanding.REFUSED, at=5, decided_at=NOW))
    with store.write() as tx:
        tx.put_told_records(old.id, [b"a" * 32])
        tx.put_told_records(live.id, [b"a" * 32])
        assert tx.forget_ended_watches(NOW) == 1
    with store.read() as tx:
        assert tx.kept_watch(old.id) is None
        assert tx.told_records(old.id, [b"a" * 32]) == set()
        assert tx.told_records(live.id, [b"a" * 32]) == {b"a" * 32}


def test_a_record_is_told_once(store: NodeStore) -> None:
    (kept,) = put(store, watch(1))
    with store.write() as tx:
        tx.put_told_records(kept.id, [b"a" * 32, b"b" * 32])
        tx.put_told_records(kept.id, [b"a" * 32])
        tx.put_told_records(kept.id, [])
    with store.read() as tx:
        assert tx.told_records(kept.id, [b"a" * 32, b"c" * 32]) == {b"a" * 32}


def test_nothing_waits_while_no_watch_is_kept(store: NodeStore) -> None:
    put(store, watch(1, standing=WatchStanding.REFUSED), watch(2, standing=WatchStanding.ENDED))
    number = take(store, "a", Level.HIT_NO_HIT)
    with store.write() as tx:
        tx.set_level(number, Level.SHARED)
    assert waiting(store) == []


def test_a_holding_waits_once_others_may_learn_of_it(store: NodeStore) -> None:
    put(store, watch(1))
    hidden, answers = take(store, "national", Level.NATIONAL), take(store, "answers", Level.HIT_NO_HIT)
    assert waiting(store) == [(HOLDINGS_SOURCE, answers)]
    with store.write() as tx:
        tx.end_watched_rows([(HOLDINGS_SOURCE, answers)])
    with store.write() as tx:
        tx.set_level(hidden, Level.HIT_NO_HIT)
        tx.set_level(answers, Level.NATIONAL)
    assert waiting(store) == [(HOLDINGS_SOURCE, hidden)]
    assert take(store, "answers", Level.HIT_NO_HIT) == answers
    assert waiting(store) == [(HOLDINGS_SOURCE, hidden), (HOLDINGS_SOURCE, answers)]


def test_a_watch_counts_from_its_own_transaction_on(store: NodeStore) -> None:
    with store.write() as tx:
        before, _ = tx.put_holding(still("before"), level=Level.HIT_NO_HIT, case="", tag=b"", now=NOW)
        tx.put_watch(watch(1))
        after, _ = tx.put_holding(still("after"), level=Level.HIT_NO_HIT, case="", tag=b"", now=NOW)
    assert before != after
    assert waiting(store) == [(HOLDINGS_SOURCE, after)]


def listed(level: Level) -> ReferenceList:
    return ReferenceList(number=0, name="names", head=ListHead(format="hashes"), level=level)


def rows(start: int, count: int) -> list[Reference]:
    return [Reference(At(), sha256=number.to_bytes(32, "big")) for number in range(start, start + count)]


def test_the_new_rows_of_a_list_that_answers_wait_as_one(store: NodeStore) -> None:
    put(store, watch(1))
    with store.write() as tx:
        number = tx.put_list(listed(Level.HIT_NO_HIT))
        first = tx.put_rows(number, 1, rows(1, 3)).added[0]
        tx.put_rows(number, 1, rows(4, 3))
    source = LIST_SOURCES + number
    assert waiting(store) == [(source, first - 1)]
    with store.write() as tx:
        tx.advance_watched_list(source, first - 1, first + 1)
    assert waiting(store) == [(source, first + 1)]


def test_a_list_that_begins_to_answer_waits_whole(store: NodeStore) -> None:
    put(store, watch(1))
    with store.write() as tx:
        number = tx.put_list(listed(Level.NATIONAL))
        tx.put_rows(number, 1, rows(1, 3))
    assert waiting(store) == []
    with store.write() as tx:
        tx.set_list(replace(listed(Level.HIT_NO_HIT), number=number))
    assert waiting(store) == [(LIST_SOURCES + number, 0)]


# --- alerts ---------------------------------------------------------------------------------------------------------

HIT = Raised(kind=AlertKind.CASE_HIT, about="record", case="C-1", member="JP")
ANSWER = Raised(kind=AlertKind.WATCH_ANSWERED, about="watch", member="JP")


def test_the_same_again_is_one_alert_with_a_count(store: NodeStore) -> None:
    with store.write() as tx:
        first = tx.raise_alerts([HIT], NOW)[0]
        assert tx.raise_alerts([HIT], NOW + 5)[0] == first
        other = tx.raise_alerts([ANSWER], NOW + 6)[0]
    with store.read() as tx:
        found = tx.alerts()
        assert [(each.id, each.count, each.first_at, each.at) for each in found] == [
            (other, 1, NOW + 6, NOW + 6),
            (first, 2, NOW, NOW + 5),
        ]
        assert found[1].raised == HIT
        assert tx.alerts(case="C-1") == found[1:]
        assert tx.alerts(before=other) == found[1:]
        assert tx.alerts(limit=1) == found[:1]
        assert tx.count_alerts() == 2


def test_an_alert_is_seen_once_and_what_happens_later_is_a_new_one(store: NodeStore) -> None:
    with store.write() as tx:
        first = tx.raise_alerts([HIT], NOW)[0]
        assert tx.see_alerts([first, 999], "Dupont", NOW + 1) == [first]
        assert tx.see_alerts([first], "Martin", NOW + 2) == []
        again = tx.raise_alerts([HIT], NOW + 3)[0]
    assert again != first
    with store.read() as tx:
        assert [each.id for each in tx.alerts(new=True)] == [again]
        seen = tx.alerts()[-1]
        assert (seen.seen_by, seen.seen_at) == ("Dupont", NOW + 1)


def test_the_hook_is_told_of_each_alert_once(store: NodeStore) -> None:
    with store.write() as tx:
        tx.raise_alerts([HIT], NOW)[0]
        tx.see_alerts([tx.raise_alerts([ANSWER], NOW)[0]], "", NOW)
        assert tx.count_alerts(unhooked=True) == 1
        tx.set_hooked()
        assert tx.count_alerts(unhooked=True) == 0
        tx.raise_alerts([HIT], NOW)[0]
        assert tx.count_alerts(unhooked=True) == 0
        assert tx.count_alerts() == 1


def test_seen_alerts_are_forgotten_and_new_ones_stay(store: NodeStore) -> None:
    with store.write() as tx:
        new = tx.raise_alerts([HIT], 5)[0]
        tx.see_alerts([tx.raise_alerts([ANSWER], 5)[0]], "", 6)
        assert tx.forget_alerts(6) == 0
        assert tx.forget_alerts(7) == 1
    with store.read() as tx:
        assert [each.id for each in tx.alerts()] == [new]


def test_alerts_are_bounded_and_seen_ones_go_first(store: NodeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("node.store.alerts", "tests.simulator.memory_watches"):
        monkeypatch.setattr(f"{module}.MOST_ALERTS", 3)
    assert alerts_of.MOST_ALERTS > 3
    with store.write() as tx:
        numbers = [tx.raise_alerts([HIT._replace(about=str(n))], NOW)[0] for n in range(3)]
        tx.see_alerts([numbers[1]], "", NOW)
        numbers += [tx.raise_alerts([HIT._replace(about=str(n))], NOW)[0] for n in range(3, 5)]
    with store.read() as tx:
        assert [each.id for each in tx.alerts()] == [numbers[4], numbers[3], numbers[2]]
