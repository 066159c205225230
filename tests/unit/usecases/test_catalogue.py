"""Store and index in step, and records as a person reads them."""

from __future__ import annotations

import pytest

from node.control.record_lines import record_line
from node.domain.batch import BodyState
from node.domain.envelope import OUTSIDE_CALENDAR, Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.log_ports import StoredRun
from node.domain.queries import Level
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.statements import Comment, Contribution, Retraction
from node.errors import Damaged
from node.match.index import LocalIndex
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.recordlist import Shown
from node.usecases.replica import Rules, position, verify_package
from tests.simulator.federation import Log, Speaker, picture, roster
from tests.simulator.memory_store import MemoryReader, MemoryStore
from tests.simulator.world import CODEC
from tests.unit.usecases.catalogued import holding, pdq

FR, JP = Speaker.named("FR"), Speaker.named("JP")


def take(catalogue: Catalogue, store: MemoryStore, log: Log) -> None:
    with store.write() as writer:
        at = position(writer, writer.open_log(log.speaker.origin))
    rules = Rules(roster=roster(FR, JP), copy=Copy(reader=MemberId("JP")), cosigned=True)
    verified = verify_package(at, log.package(at.state.size, hub=True), rules, Handlings(CODEC.decode_handling))
    with catalogue.change() as change:
        change.apply(verified)


def test_an_index_made_anew_finds_what_the_old_one_found() -> None:
    """Dying between commit and index loses nothing."""
    store, log = MemoryStore(), Log(FR)
    records = log.pictures(range(40))
    log.say(Retraction(), kind=Kind.RETRACTION, target=records[7])
    log.say(b"of a kind nobody knows yet", kind=77)
    take(Catalogue(store=store, index=LocalIndex(), codec=CODEC), store, log)
    with store.write() as writer:
        for number in (100, 101):
            writer.put_holding(holding(number), level=Level.NATIONAL, case="c", tag=bytes(32), now=1)
    fresh = LocalIndex()
    seen: list[tuple[int, int]] = []
    Catalogue(store=store, index=fresh, codec=CODEC).rebuild(lambda done, total: seen.append((done, total)))
    assert [bool(fresh.search([pdq(number)], 31)) for number in (0, 7, 39, 40)] == [True, False, True, False]
    hits = fresh.search([pdq(101)], 31)
    assert [(hit.source, hit.row) for hit in hits] == [(HOLDINGS_SOURCE, 2)]
    assert seen[-1] == (44, 44)
    assert sorted(seen) == seen


def test_a_rebuild_forgets_what_the_store_does_not_have() -> None:
    store, index, log = MemoryStore(), LocalIndex(), Log(FR)
    log.pictures([1])
    catalogue = Catalogue(store=store, index=index, codec=CODEC)
    take(catalogue, store, log)
    assert index.search([pdq(1)], 31)
    Catalogue(store=MemoryStore(), index=index, codec=CODEC).rebuild()
    assert not index.search([pdq(1)], 31)


def test_a_hub_keeps_the_catalogue_without_an_index() -> None:
    store, log = MemoryStore(), Log(FR)
    (record,) = log.pictures([1])
    catalogue = Catalogue(store=store, index=None, codec=CODEC)
    take(catalogue, store, log)
    catalogue.rebuild()
    assert catalogue.record(record) is not None


def test_a_record_is_shown_with_what_was_said_about_it() -> None:
    store, fr, jp = MemoryStore(), Log(FR), Log(JP)
    catalogue = Catalogue(store=store, index=LocalIndex(), codec=CODEC)
    first, second = fr.pictures([1, 2], handling=Handling(retain_until_day=30_000))
    jp.say(Comment(text="seen before"), kind=Kind.COMMENT, target=first)
    fixed = fr.say(picture(3), kind=Kind.CORRECTION, target=second)
    take(catalogue, store, fr)
    take(catalogue, store, jp)
    view = catalogue.record(first)
    assert view is not None
    assert (view.index, view.kind, view.state, view.expiry_day) == (0, Kind.CONTRIBUTION, BodyState.HELD, 30_000)
    assert isinstance(view.body, Contribution)
    assert [(each.speaker, each.body) for each in view.remarks] == [(JP.origin, Comment(text="seen before"))]
    assert (view.remarks[0].earlier, view.remarks[0].about) == (False, first)
    replaced = catalogue.record(second)
    assert replaced is not None
    assert (replaced.replaced, replaced.state, replaced.body) == (True, BodyState.PURGED, None)
    assert replaced.newest is not None
    newest = catalogue.record(replaced.newest)
    assert newest is not None
    assert (newest.replaced, newest.newest, newest.kind) == (False, None, Kind.CORRECTION)
    assert [each.record for each in catalogue.records(FR.origin)] == [first, second, fixed]
    assert [each.record for each in catalogue.records(FR.origin, after=1, limit=1)] == [second]
    assert catalogue.record(RecordId(FR.origin, bytes(32))) is None


def test_what_is_not_understood_or_set_aside_is_shown_as_such() -> None:
    store, log = MemoryStore(), Log(FR)
    catalogue = Catalogue(store=store, index=LocalIndex(), codec=CODEC)
    log.add(b"\x02 by a later version")
    log.add(b"\x01 malformed")
    log.say(b"\xff not a body")
    take(catalogue, store, log)
    later, malformed, unreadable = catalogue.records(FR.origin)
    assert (later.kind, later.body, later.reason) == (0, None, "")
    assert malformed.state is BodyState.QUARANTINED
    assert malformed.reason
    assert (unreadable.state, unreadable.body) == (BodyState.HELD, None)


def test_what_was_said_of_earlier_versions_is_shown_with_every_version_and_marked() -> None:
    store, fr, jp = MemoryStore(), Log(FR), Log(JP)
    catalogue = Catalogue(store=store, index=LocalIndex(), codec=CODEC)
    (first,) = fr.pictures([1])
    second = fr.say(picture(2), kind=Kind.CORRECTION, target=first)
    words = [
        jp.say(Comment(text=text), kind=Kind.COMMENT, target=about)
        for text, about in (("later", second), ("early", first))
    ]
    take(catalogue, store, jp)
    take(catalogue, store, fr)
    for version in (first, second):
        view = catalogue.record(version)
        assert view is not None
        told = [(each.record, each.body, each.about, each.earlier) for each in view.remarks]
        assert told == [
            (words[1], Comment(text="early"), first, True),
            (words[0], Comment(text="later"), second, False),
        ]
    assert [each.said for each in catalogue.records(FR.origin)] == [0, 2]
    fr.say(Retraction(), kind=Kind.RETRACTION, target=first)
    take(catalogue, store, fr)
    ended = catalogue.record(second)
    assert ended is not None
    assert (ended.replaced, ended.newest, ended.remarks) == (True, None, ())


def test_a_record_dated_behind_the_calendar_is_set_aside_and_the_list_goes_on() -> None:
    store, log = MemoryStore(), Log(FR)
    log.pictures([1])
    log.say(picture(2), issued_day=4_000_000_000)
    log.say(picture(3), handling=Handling(retain_until_day=4_000_000_000))
    log.pictures([4])
    catalogue = Catalogue(store=store, index=LocalIndex(), codec=CODEC)
    take(catalogue, store, log)
    views = catalogue.records(FR.origin)
    held, aside = BodyState.HELD, BodyState.QUARANTINED
    assert [view.state for view in views] == [held, aside, aside, held]
    assert {view.reason for view in views} == {"", OUTSIDE_CALENDAR}


def test_a_malformed_body_is_said_to_be_malformed() -> None:
    store, log = MemoryStore(), Log(FR)
    log.say(b"\xff no body")
    log.pictures([1])
    catalogue = Catalogue(store=store, index=LocalIndex(), codec=CODEC)
    take(catalogue, store, log)
    bad, good = catalogue.records(FR.origin)
    assert (bad.state, bad.body) == (BodyState.HELD, None)
    assert "malformed" in bad.fault
    assert not good.fault
    assert record_line(Shown(view=bad), whole=False)["state"] == "malformed"


def test_a_remark_with_a_malformed_body_is_said_to_be_malformed() -> None:
    store, log, other = MemoryStore(), Log(FR), Log(JP)
    (record,) = log.pictures([1])
    other.say(b"\xff no body", kind=Kind.COMMENT, target=record)
    catalogue = Catalogue(store=store, index=LocalIndex(), codec=CODEC)
    for each in (log, other):
        take(catalogue, store, each)
    view = catalogue.record(record)
    assert view is not None
    line = record_line(Shown(view=view), whole=True)
    assert line["remarks"][0]["says"].startswith("malformed: ")


def test_one_damaged_body_is_a_line_that_says_so_and_the_others_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    store, log = MemoryStore(), Log(FR)
    log.pictures([1, 2, 3])
    catalogue = Catalogue(store=store, index=LocalIndex(), codec=CODEC)
    take(catalogue, store, log)
    whole = MemoryReader.run

    def torn(self: MemoryReader, origin: Origin, start: int, stop: int, most: int) -> StoredRun:
        if start <= 1 < stop:
            raise Damaged("a stored body is shorter than it says")
        return whole(self, origin, start, stop, most)

    monkeypatch.setattr(MemoryReader, "run", torn)
    views = catalogue.records(FR.origin)
    assert [view.index for view in views] == [0, 1, 2]
    assert [bool(view.fault) for view in views] == [False, True, False]
    assert "fsck" in views[1].fault
