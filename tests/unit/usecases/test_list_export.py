"""Exporting: what leaves, what stays and why, and which words never leave."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.handling import Handling
from node.domain.holdings import withdrawn
from node.domain.ids import RecordId
from node.domain.lists import ReferenceList
from node.domain.queries import Level
from node.domain.references import At, ListCase, ListHead, Reference, Withdrawal
from node.domain.statements import Category, Contribution, Tri
from node.errors import Misuse, NotFound, Refused
from node.usecases.export_rules import (
    ALLOWED,
    AUDIENCE,
    BELOW,
    CODE,
    EXPIRED,
    NOT_READABLE,
    RETRACTED,
    TLP,
    level_reason,
    list_reason,
    row_reason,
)
from node.usecases.export_sources import Selection
from node.usecases.ledger import Draft
from node.usecases.list_export import NO_WITHDRAWALS, Export, Exporting
from node.usecases.lists import ListTerms
from tests.simulator.federation import TODAY, Speaker, picture
from tests.simulator.world import Hub, Node, Wire, World
from tests.unit.usecases.desk import Desk, prints
from tests.unit.usecases.listed import HEAD, Shelf, opened, row

FR, JP = Speaker.named("FR"), Speaker.named("JP")
FOR_JP = Handling(audience=(JP.id,))
US_1 = Category(scheme="us-vics", version="2.0", code="1", baseline=Tri.YES)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with opened(tmp_path / "vigil.db") as made:
        yield made


@pytest.fixture
def desk() -> Iterator[Desk]:
    world = World([FR, JP])
    made = Desk(Node(world, FR, Wire(Hub(world), FR.id)))
    yield made
    made.close()


def of_shelf(shelf: Shelf, **selection: Any) -> Export:
    exporting = Exporting(store=shelf.store, catalogue=shelf.catalogue, clock=lambda: shelf.now)
    return exporting.begin(Selection(**selection))


def of_desk(desk: Desk, **selection: Any) -> Export:
    node = desk.node
    return Exporting(store=node.store, catalogue=node.catalogue, clock=node.world.clock).begin(Selection(**selection))


def left(export: Export) -> tuple[int, dict[str, int]]:
    """How many rows leave, and what stays."""
    rows = list(export.rows())
    assert len(rows) == export.written
    return len(rows), dict(export.left_out)


def gone(export: Export) -> list[str | bytes]:
    """The ids of the withdrawals, or the SHA-256 of those that have none."""
    found = [each for each in export.changes() if isinstance(each, Withdrawal)]
    assert len(found) == export.withdrawn
    return [each.reference.sha256 if each.reference else each.id for each in found]


def say(desk: Desk, *drafts: Draft) -> None:
    desk.node.ledger.contribute(list(drafts))
    asyncio.run(desk.node.publisher.round())


def said(number: int, **more: Any) -> Contribution:
    base = picture(number)
    fields = {name: getattr(base, name) for name in Contribution.__dataclass_fields__}
    return Contribution(**{**fields, "series": "S", **more})


# --- levels -----------------------------------------------------------------------------------------------------------


@given(st.sampled_from(Level), st.sampled_from(Level))
def test_nothing_below_the_stated_level_leaves(level: Level, lowest: Level) -> None:
    assert (level_reason(level, lowest) == "") == (level >= lowest)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(Level), max_size=8), st.sampled_from(Level))
def test_holdings_leave_by_their_level_and_the_others_are_counted(levels: list[Level], lowest: Level) -> None:
    world = World([FR])
    desk = Desk(Node(world, FR, Wire(Hub(world), FR.id)))
    try:
        ids = desk.hold(*range(1, len(levels) + 1))
        with desk.node.store.write() as tx:
            for row_id, level in zip(ids, levels, strict=True):
                tx.set_level(row_id, level)
        export = of_desk(desk, level=lowest)
        rows = list(export.rows())
        leaving = [number for number, level in enumerate(levels, 1) if level >= lowest]
        assert [each.sha256 for each in rows] == [prints(number).sha256 for number in leaving]
        assert sum(export.left_out.values()) == len(levels) - len(leaving)
        assert set(export.left_out) <= {BELOW[level] for level in Level if level < lowest}
    finally:
        desk.close()


def test_by_default_nothing_national_leaves(desk: Desk) -> None:
    desk.hold(1, 2)
    assert left(of_desk(desk, case="C")) == (0, {"level national": 2})
    assert left(of_desk(desk, case="C", level=Level.NATIONAL)) == (2, {})


def test_a_row_of_a_holding_has_its_hashes_and_no_case(desk: Desk) -> None:
    desk.hold(7, case="2031-117")
    (made,) = of_desk(desk, level=Level.NATIONAL).rows()
    one = prints(7)
    assert made == Reference(
        At(),
        md5=one.md5,
        sha1=one.sha1,
        sha256=one.sha256,
        pdq=one.pdq,
        pdq_quality=90,
        media_type="image/jpeg",
        size=7,
    )


def test_since_leaves_out_what_was_added_before(desk: Desk) -> None:
    desk.hold(1)
    assert left(of_desk(desk, level=Level.NATIONAL, since=1))[0] == 1
    assert left(of_desk(desk, level=Level.NATIONAL, since=2)) == (0, {})


def test_an_allowed_and_a_retracted_holding_stay(desk: Desk) -> None:
    first, second, _ = desk.hold(1, 2, 3)
    with desk.node.store.write() as tx:
        tx.allow([prints(1).sha256], 1)
        tx.set_setting(withdrawn(second), b"1")
    assert first != second
    assert left(of_desk(desk, level=Level.NATIONAL)) == (1, {ALLOWED: 1, RETRACTED: 1, NO_WITHDRAWALS: 2})
    assert gone(of_desk(desk, level=Level.NATIONAL)) == [prints(1).sha256, prints(2).sha256]
    # What was allowed at a lower level was never exported at this one. A retracted holding is national since.
    assert gone(of_desk(desk, level=Level.SHARED)) == [prints(2).sha256]
    assert gone(of_desk(desk, level=Level.SHARED, since=2)) == [prints(2).sha256]


def test_an_unknown_case_is_an_error(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no such case"):
        of_desk(desk, case="nowhere")


# --- records ----------------------------------------------------------------------------------------------------------


def test_a_shared_holding_states_what_its_record_states(desk: Desk) -> None:
    (holding,) = desk.hold(1)
    say(desk, Draft(statement=said(1, category=US_1, tags=("a", "b"), victim_identified=Tri.NO), holding=holding))
    with desk.node.store.write() as tx:
        tx.set_level(holding, Level.SHARED)
    export = of_desk(desk, case="C")
    (made,) = export.rows()
    assert (export.head.scheme, export.head.scheme_version) == ("us-vics", "2.0")
    assert (made.code, made.baseline, made.series, made.tags) == ("1", Tri.YES, "S", "a, b")
    assert made.victim_identified is Tri.NO
    assert made.size == 1


@pytest.mark.parametrize(
    ("handling", "reason"),
    [
        (Handling(), ""),
        (Handling(audience=(JP.id,)), AUDIENCE),
        (Handling(code="2"), CODE),
        (Handling(code="3"), CODE),
        (Handling(retain_until_day=TODAY), ""),
    ],
)
def test_a_record_leaves_if_its_handling_admits_everyone(desk: Desk, handling: Handling, reason: str) -> None:
    (holding,) = desk.hold(1)
    say(desk, Draft(statement=said(1), handling=handling, holding=holding))
    with desk.node.store.write() as tx:
        tx.set_level(holding, Level.SHARED)
    wanted = (0, {reason: 1}) if reason else (1, {})
    assert left(of_desk(desk, series="S")) == wanted
    assert left(of_desk(desk, case="C")) == wanted
    assert left(of_desk(desk, case="C", level=Level.NATIONAL)) == wanted


def test_an_expired_record_stays(desk: Desk) -> None:
    say(desk, Draft(statement=said(1), handling=Handling(retain_until_day=TODAY + 1)))
    desk.node.world.clock.now += 3 * 86_400
    assert left(of_desk(desk, series="S")) == (0, {EXPIRED: 1, NO_WITHDRAWALS: 1})
    assert len(gone(of_desk(desk, series="S"))) == 1
    assert gone(of_desk(desk, series="S", since=(TODAY + 3) * 86_400)) == []


def test_a_holding_whose_record_has_no_place_yet_stays(desk: Desk) -> None:
    (holding,) = desk.hold(1)
    desk.node.ledger.contribute([Draft(statement=said(1), holding=holding)])
    with desk.node.store.write() as tx:
        tx.set_level(holding, Level.SHARED)
    assert left(of_desk(desk, case="C")) == (0, {NOT_READABLE: 1})


def test_a_series_is_exported_by_itself_and_its_rows_name_their_records(desk: Desk) -> None:
    say(desk, Draft(statement=said(1)), Draft(statement=said(2, series="other")))
    (made,) = of_desk(desk, series="S").rows()
    assert made.id.startswith("sim.example/FR/log/1#")


def test_a_corrected_and_a_retracted_record_are_withdrawn_and_the_new_version_leaves(desk: Desk) -> None:
    say(desk, *(Draft(statement=said(number)) for number in (1, 2, 3)), Draft(statement=said(4), handling=FOR_JP))
    first, second, third = (row.id for row in of_desk(desk, series="S").rows())
    day = 86_400
    desk.node.world.clock.now += 2 * day
    desk.node.ledger.correct(RecordId.parse(first), said(1, tags=("new",)), Handling())
    asyncio.run(desk.node.publisher.round())
    desk.node.world.clock.now += 2 * day
    desk.node.ledger.retract(RecordId.parse(second))
    asyncio.run(desk.node.publisher.round())
    export = of_desk(desk, series="S")
    assert gone(export) == [first, second]
    assert (export.written, export.left_out) == (2, {AUDIENCE: 1})
    assert {row.id for row in of_desk(desk, series="S").rows()} > {third}
    # Of another series too: a record that is gone has none any more.
    assert gone(of_desk(desk, series="other")) == [first, second]
    assert gone(of_desk(desk, series="S", since=(TODAY + 3) * day)) == [second]
    assert gone(of_desk(desk, series="S", since=(TODAY + 5) * day)) == []


def test_what_was_never_open_to_all_is_not_withdrawn(desk: Desk) -> None:
    say(desk, Draft(statement=said(1), handling=FOR_JP))
    with desk.node.store.read() as tx:
        (origin,) = [log.origin for log in tx.logs() if log.origin.stream == "log"]
    (view,) = desk.node.catalogue.records(origin)
    desk.node.ledger.retract(view.record)
    asyncio.run(desk.node.publisher.round())
    assert gone(of_desk(desk, series="S")) == []


def test_a_category_of_another_scheme_is_a_tag(desk: Desk) -> None:
    other = Category(scheme="uk-caid", version="1", code="B")
    say(desk, Draft(statement=said(1, category=US_1)), Draft(statement=said(2, category=other, tags=("t",))))
    export = of_desk(desk, series="S")
    assert export.head.scheme == ""
    assert [(each.code, each.tags) for each in export.rows()] == [(None, "us-vics:2.0:1"), (None, "t, uk-caid:1:B")]


# --- lists ------------------------------------------------------------------------------------------------------------


def test_a_local_list_leaves_by_explicit_wish_alone_and_without_its_words(shelf: Shelf) -> None:
    shelf.take("L", [row(n) for n in range(1, 4)])
    assert left(of_shelf(shelf, list="L")) == (0, {"level national": 3})
    export = of_shelf(shelf, list="L", level=Level.NATIONAL)
    assert [each.said for each in export.rows()] == ["", "", ""]
    assert export.head.scheme == "us-vics"


def test_a_list_whose_source_must_be_asked_stays_whatever_the_wish(shelf: Shelf) -> None:
    shelf.take("L", [row(1)])
    shelf.lists.change("L", ListTerms(code="2"))
    assert left(of_shelf(shelf, list="L", level=Level.NATIONAL)) == (0, {CODE: 1})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"audience": "organisation only (0)"}, AUDIENCE),
        ({"audience": "sharing group (4) x: y"}, AUDIENCE),
        ({"audience": "this community only (1)"}, ""),
        ({"handling": "tlp:red pap:green"}, TLP),
        ({"handling": "tlp:amber+strict"}, TLP),
        ({"handling": "tlp:amber"}, ""),
    ],
)
def test_a_row_that_is_not_for_others_stays(shelf: Shelf, said: dict[str, str], reason: str) -> None:
    assert row_reason(row(1, **said)) == reason
    shelf.take("L", [row(1, **said), row(2)])
    wanted = (1, {reason: 1}) if reason else (2, {})
    assert left(of_shelf(shelf, list="L", level=Level.NATIONAL)) == wanted


def test_a_row_whose_handling_was_narrowed_is_withdrawn_and_a_list_that_stays_withdraws_nothing(shelf: Shelf) -> None:
    shelf.take("L", [row(1, id="one"), row(2, id="two"), row(3)])
    assert gone(of_shelf(shelf, list="L", level=Level.NATIONAL)) == []
    shelf.take("L", [row(1, id="one", audience="organisation only (0)"), row(2, id="two"), row(3, handling="tlp:red")])
    export = of_shelf(shelf, list="L", level=Level.NATIONAL)
    # Hashes would be the only name of the third row: whoever guesses them could ask whether it is here.
    assert gone(export) == ["one"]
    assert (export.written, dict(export.left_out)) == (1, {AUDIENCE: 1, TLP: 1})
    assert gone(of_shelf(shelf, list="L")) == []
    shelf.lists.change("L", ListTerms(code="2"))
    assert gone(of_shelf(shelf, list="L", level=Level.NATIONAL)) == []


def test_a_list_past_its_retention_stays() -> None:
    of = ReferenceList(number=1, name="L", head=ListHead(format="csv"), retain_until_day=9)
    assert list_reason(of, Level.NATIONAL, 9) == ""
    assert list_reason(of, Level.NATIONAL, 10) == EXPIRED


def test_a_list_on_its_way_or_unknown_is_not_exported(shelf: Shelf) -> None:
    shelf.begin("L", [row(1)])
    with pytest.raises(Refused, match="being imported"):
        of_shelf(shelf, list="L")
    with pytest.raises(NotFound):
        of_shelf(shelf, list="M")
    with pytest.raises(Misuse, match="as a whole"):
        of_shelf(shelf, list="L", series="S")


def test_a_list_that_changes_meanwhile_is_refused(shelf: Shelf) -> None:
    shelf.take("L", [row(1), row(2)])
    export = of_shelf(shelf, list="L", level=Level.NATIONAL)
    rows = export.rows()
    next(rows)
    shelf.lists.remove("L")
    with pytest.raises(Refused, match="meanwhile"):
        list(rows)


def test_passes_that_differ_are_refused(desk: Desk) -> None:
    desk.hold(1)
    export = of_desk(desk, level=Level.NATIONAL)
    assert len(list(export.rows())) == len(list(export.rows())) == 1
    desk.hold(2)
    with pytest.raises(Refused, match="meanwhile"):
        list(export.rows())


def test_a_case_that_came_with_a_list_is_exported_by_the_rules_of_its_list(shelf: Shelf) -> None:
    """One of this node comes first; one that several lists have needs the name of its list."""
    for name, cases in (("A", {"K-1": [1, 2], "C": [3]}), ("B", {"K-1": [4]})):
        taking = shelf.begin(name, [])
        for at, (case, listed) in enumerate(cases.items()):
            taking.take([ListCase(at=At(offset=at), number=case), *map(row, listed)])
        taking.finish(HEAD)
    shelf.hold(7, case="C")

    def numbers(**selection: Any) -> list[int]:
        export = of_shelf(shelf, level=Level.NATIONAL, **selection)
        return [each.at.record for each in export.rows()]

    assert numbers(case="K-1", list="A") == [1, 2]
    assert numbers(case="C", list="A") == [3]
    assert of_shelf(shelf, case="C", level=Level.NATIONAL).list == ""
    assert left(of_shelf(shelf, case="K-1", list="B")) == (0, {BELOW[Level.NATIONAL]: 1})
    with pytest.raises(Misuse, match="several lists"):
        of_shelf(shelf, case="K-1")
    with pytest.raises(Misuse, match="as a whole"):
        of_shelf(shelf, case="K-1", list="A", series="S")
    with pytest.raises(NotFound):
        of_shelf(shelf, case="C", list="B")
    shelf.lists.remove("B")
    export = of_shelf(shelf, case="K-1", level=Level.NATIONAL)
    assert (export.list, [each.at.record for each in export.rows()]) == ("A", [1, 2])
    with pytest.raises(Misuse, match="as a whole"):
        of_shelf(shelf, case="K-1", since=1)
    with pytest.raises(NotFound):
        of_shelf(shelf, case="none")
