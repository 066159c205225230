"""What a bundle has: whole logs, and of the bodies those that are chosen and may leave."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

import pytest

from node.domain.batch import BodyState
from node.domain.handling import Handling
from node.domain.lists import shared_row
from node.domain.queries import Level
from node.domain.statements import Comment, Opinion, Verdict
from node.errors import Misuse, NotFound
from node.usecases.audit import AuditLog
from node.usecases.bundle_choice import NOT_PUBLISHED, NOT_SHARED, choose
from node.usecases.bundle_format import Frame, read_log_head
from node.usecases.bundle_writing import REMARK, BundleWriting, Wanted
from node.usecases.export_rules import AUDIENCE, CODE, EXPIRED
from node.usecases.export_sources import Selection
from node.usecases.intake import columns_of
from node.usecases.ledger import Draft
from node.usecases.lists import Lists, ListTerms
from node.wire.convert_federation import decode_package, encode_package
from tests.simulator.federation import TODAY, picture
from tests.simulator.world import CODEC, Node
from tests.unit.usecases.bundles import ASK_FIRST, FOR_JP, FOR_LAB, FR, JP, LAB, Sea, bundle, frames_of, written
from tests.unit.usecases.listed import HEAD, prints, row


@pytest.fixture
def sea() -> Sea:
    return Sea()


def bodies(data: bytes) -> dict[str, list[bool]]:
    """For each log of a bundle: which entries have their body."""
    found: dict[str, list[bool]] = {}
    for kind, content in frames_of(data):
        if kind is Frame.PACKAGE:
            package = decode_package(content)
            whole = [package.nonces, package.bodies, package.handling_nonces, package.handlings]
            given = [sum(map(bool, row)) for row in zip(*whole, strict=True)]
            found.setdefault(package.origin.member, []).extend(each > 0 for each in given)
    return found


def test_what_may_not_leave_stays_and_is_counted(sea: Sea) -> None:
    over = Handling(retain_until_day=TODAY)
    for number, handling in enumerate((Handling(), FOR_LAB, FOR_JP, ASK_FIRST, over)):
        sea.share(sea.fr, [number], handling)
    data, counts, left_out = written(sea.fr, today=TODAY + 1)
    assert bodies(data) == {"FR": [True, False, False, False, False]}
    assert (counts.written, left_out) == (1, {AUDIENCE: 2, CODE: 1, EXPIRED: 1})
    data, counts, left_out = written(sea.fr, to=LAB.id)
    assert bodies(data) == {"FR": [True, True, False, True, True]}
    assert (counts.written, left_out) == (4, {AUDIENCE: 1})


def test_what_this_node_may_not_read_is_not_in_its_bundle(sea: Sea) -> None:
    sea.share(sea.fr, [1], FOR_LAB)
    data, counts, left_out = written(sea.jp, to=LAB.id)
    assert (bodies(data), counts.written, left_out) == ({"FR": [False]}, 0, {})


def test_the_owner_gets_its_own_records_back_whoever_may_read_them(sea: Sea) -> None:
    sea.share(sea.fr, [1], FOR_JP)
    assert bodies(bundle(sea.jp, to=FR.id)) == {"FR": [True]}


def test_a_retraction_always_leaves_and_a_remark_leaves_with_its_record(sea: Sea) -> None:
    kept, gone, other = sea.share(sea.fr, [0, 1, 2])
    confirm = Opinion(verdict=Verdict.CONFIRM)
    for record in (kept, other):
        sea.jp.ledger.opine(record, confirm)
    sea.jp.ledger.comment(kept, Comment(text="here"), Handling(audience=(FR.id,)))
    sea.fr.ledger.retract(gone)
    sea.publish(sea.fr, sea.jp)
    data, counts, left_out = written(sea.fr, Selection(series="series 0"))
    assert bodies(data) == {"FR": [True, False, False, True], "JP": [True, False, False]}
    assert (counts.written, left_out) == (1, {REMARK + AUDIENCE: 1})
    assert bodies(bundle(sea.fr))["JP"] == [True, True, False]
    assert bodies(bundle(sea.fr, to=LAB.id))["JP"] == [True, True, False]


def test_a_remark_on_a_record_that_stays_stays(sea: Sea) -> None:
    (record,) = sea.share(sea.fr, [1], ASK_FIRST)
    sea.jp.ledger.opine(record, Opinion(verdict=Verdict.CONFIRM), Handling())
    sea.publish(sea.jp)
    assert bodies(bundle(sea.fr)) == {"FR": [False], "JP": [False]}
    assert bodies(bundle(sea.fr, to=LAB.id)) == {"FR": [True], "JP": [True]}


def test_records_are_chosen_by_series_and_by_day(sea: Sea) -> None:
    sea.share(sea.fr, [0, 1])
    sea.world.clock.now += 2 * 86_400
    sea.share(sea.fr, [3])
    assert bodies(bundle(sea.fr, selection=Selection(series="series 0"))) == {"FR": [True, False, True]}
    late = Selection(since=(TODAY + 1) * 86_400)
    assert bodies(bundle(sea.fr, selection=late)) == {"FR": [False, False, True]}
    assert bodies(bundle(sea.fr, selection=Selection(series="series 1", since=late.since))) == {"FR": [False] * 3}


def hold(node: Node, number: int, case: str) -> int:
    """A holding of a case."""
    with node.catalogue.change() as change:
        made = prints(number)
        holding, _ = change.writer.put_holding(made, level=Level.NATIONAL, case=case, tag=b"", now=1)
        change.hold(columns_of([holding], [made]))
    return holding


def test_a_case_gives_the_newest_versions_of_its_records(sea: Sea) -> None:
    ids = [hold(sea.fr, number, "C" if number < 3 else "D") for number in range(4)]
    drafts = [Draft(statement=picture(n), handling=Handling(), holding=ids[n]) for n in (0, 1, 3)]
    first, *_ = sea.fr.ledger.contribute(drafts)
    sea.publish(sea.fr)
    sea.fr.ledger.correct(first, picture(9), Handling())
    sea.publish(sea.fr)
    data, counts, left_out = written(sea.fr, Selection(case="C"))
    assert bodies(data) == {"FR": [False, True, False, True]}
    assert (counts.written, left_out) == (2, {NOT_SHARED: 1})
    with pytest.raises(NotFound):
        written(sea.fr, Selection(case="E"))


def test_a_list_gives_the_newest_versions_of_its_records(sea: Sea) -> None:
    audit = AuditLog(
        store=sea.fr.store, origin=replace(FR.origin, stream="audit"), clock=sea.world.clock, random=os.urandom
    )
    lists = Lists(store=sea.fr.store, catalogue=sea.fr.catalogue, audit=audit)
    taking = lists.begin("L", ListTerms(level=Level.NATIONAL), b"f" * 32, "officer")
    taking.take([row(number) for number in range(4)])
    of = taking.finish(HEAD)
    first, second, _ = sea.share(sea.fr, [0, 1, 2])
    with sea.fr.store.write() as tx:
        rows = [each.id for each in tx.rows_of_list(of.number, 0, 10)]
        for id_, note in zip(rows, (str(first).encode(), str(second).encode(), b"1"), strict=False):
            tx.set_setting(shared_row(id_), note)
    sea.fr.ledger.correct(first, picture(9), Handling())
    sea.publish(sea.fr)
    choice, left_out = choose(sea.fr.store, CODEC, Selection(list="L"), of)
    writing = BundleWriting(sea.fr.store, CODEC, encode_package, Wanted(choice=choice, today=TODAY))
    assert bodies(b"".join(writing.pieces())) == {"FR": [False, True, False, True]}
    assert (writing.written, left_out) == (2, {NOT_SHARED: 2})
    audit.close()


def test_what_the_hub_has_not_cosigned_is_counted(sea: Sea) -> None:
    sea.share(sea.fr, [1])
    holding = hold(sea.fr, 2, "C")
    sea.fr.ledger.contribute([Draft(statement=picture(2), handling=Handling(), holding=holding)])
    _, counts, left_out = written(sea.fr, Selection(case="C"))
    assert (counts.written, left_out) == (0, {NOT_PUBLISHED: 1})
    sea.fr.own.reconcile(asyncio.run(sea.fr.carrier.heads([FR.origin]))[0])
    sea.fr.own.place_and_sign()
    for selection, rows in ((Selection(case="C"), 0), (Selection(), 1)):
        data, counts, left_out = written(sea.fr, selection)
        assert (counts.written, left_out) == (rows, {NOT_PUBLISHED: 1})
        assert len(bodies(data)["FR"]) == 1


def test_only_what_the_reader_lacks_is_written(sea: Sea) -> None:
    sea.share(sea.fr, [1, 2])
    sea.share(sea.jp, [3])
    data = bundle(sea.fr, sizes={FR.origin: 1, JP.origin: 1})
    heads = [read_log_head(content) for kind, content in frames_of(data) if kind is Frame.LOG]
    assert [(each.origin, each.start) for each in heads] == [(FR.origin, 1)]
    assert bodies(bundle(sea.fr, sizes={FR.origin: 99})) == {"JP": [True]}


def test_a_choice_and_sizes_exclude_each_other(sea: Sea) -> None:
    with pytest.raises(Misuse, match="whole logs"):
        written(sea.fr, Selection(series="S"), sizes={FR.origin: 1})


def test_the_same_store_gives_the_same_bytes(sea: Sea) -> None:
    sea.share(sea.fr, [1, 2])
    assert bundle(sea.fr) == bundle(sea.fr)
    assert bundle(sea.jp) == bundle(sea.fr)


def test_entries_that_come_while_it_is_written_are_in_the_next_one(sea: Sea) -> None:
    sea.share(sea.fr, [1])
    choice, _ = choose(sea.fr.store, CODEC, Selection(), None)
    writing = BundleWriting(sea.fr.store, CODEC, encode_package, Wanted(choice=choice, today=TODAY))
    sea.share(sea.fr, [2])
    assert bodies(b"".join(writing.pieces())) == {"FR": [True]}


def test_a_purged_body_is_not_in_it(sea: Sea) -> None:
    (record,) = sea.share(sea.fr, [1])
    sea.fr.ledger.retract(record)
    sea.publish(sea.fr)
    assert sea.jp.states(FR.origin) == [BodyState.PURGED, BodyState.HELD]
    assert bodies(bundle(sea.jp)) == {"FR": [False, True]}
