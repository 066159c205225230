"""Contributing: filters narrow, the plan is one, and nobody's record is overwritten or made twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from node.domain.fingerprint_kinds import MD5, SHA256
from node.domain.ids import MemberId
from node.domain.queries import Level
from node.domain.roster import CategoryScheme, MemberStatus, Policy
from node.domain.search_ports import Probe
from node.domain.statements import Category, Contribution, Reason, Tri
from node.domain.wording import Terms, Wording
from node.errors import Misuse, NotFound, Refused, StoreError
from node.usecases.consent import ASK_ABOVE, Consent
from node.usecases.contribution import BATCH, Stand, Wanted
from node.usecases.intake import columns_of
from node.usecases.selection import Named, Selection
from tests.contracts.parts import digests
from tests.simulator.federation import Speaker, roster
from tests.simulator.world import Hub, Node, Wire, World
from tests.unit.usecases.desk import YES, Desk, prints

FR, JP = Speaker.named("FR"), Speaker.named("JP")
B = Category(scheme="uk-caid", version="1", code="B")
C = replace(B, code="C")


@pytest.fixture
def desk() -> Iterator[Desk]:
    world = World([FR, JP])
    made = Desk(Node(world, FR, Wire(Hub(world), FR.id)))
    yield made
    made.close()


def stands(desk: Desk, wanted: Wanted, consent: Consent = YES) -> list[Stand]:
    return [each.stand for each in desk.share(wanted, consent)]


def of(case: str = "", *named: Named, **said: object) -> Wanted:
    return Wanted(selection=Selection(case=case, named=named), **said)  # type: ignore[arg-type]


# --- filters ----------------------------------------------------------------------------------------------------------


def test_a_holding_named_beside_its_case_is_shared_alone(desk: Desk) -> None:
    ids = desk.hold(*range(1, 6))
    (record,) = desk.shared(of("C", Named(holding=ids[2])))
    with desk.node.store.read() as tx:
        assert [each.record for each in tx.holdings()] == [None, None, record, None, None]


def test_a_thing_named_outside_of_the_case_is_an_error_that_names_it(desk: Desk) -> None:
    desk.hold(1)
    (other,) = desk.hold(2, case="OTHER")
    with pytest.raises(NotFound, match=f"holding {other} is held here, but does not belong to the case C"):
        desk.contributing.plan(of("C", Named(holding=other)))
    with pytest.raises(NotFound, match="sha256 000000020000"):
        desk.contributing.plan(of("C", Named(code=SHA256.code, value=prints(2).sha256)))


def test_a_thing_that_is_not_held_is_named_too(desk: Desk) -> None:
    with pytest.raises(NotFound, match="holding 77 is not held here"):
        desk.contributing.plan(of("", Named(holding=77)))
    with pytest.raises(NotFound, match="the case NONE"):
        desk.contributing.plan(of("NONE"))
    with pytest.raises(Misuse, match="nothing was chosen"):
        desk.contributing.plan(of())


def test_an_md5_names_a_holding_and_two_holdings_with_one_md5_are_told_apart_by_sha256(desk: Desk) -> None:
    desk.hold(1, 2)
    assert len(desk.shared(of("", Named(code=MD5.code, value=prints(1).md5)))) == 1
    forged = replace(prints(3), md5=prints(2).md5)
    with desk.node.catalogue.change() as change:
        change.writer.put_holding(forged, level=Level.NATIONAL, case="C", tag=b"", now=1)
    desk.node.catalogue.rebuild()
    with pytest.raises(Misuse, match="several holdings"):
        desk.contributing.plan(of("", Named(code=MD5.code, value=prints(2).md5)))


# --- one plan ---------------------------------------------------------------------------------------------------------


def test_a_dry_run_and_the_run_come_to_the_same(desk: Desk) -> None:
    desk.hold(*range(1, BATCH + 6))
    plan = desk.contributing.plan(of("C"))
    assert plan.records == BATCH + 5
    assert len(desk.shared(of("C"))) == plan.records
    assert desk.contributing.plan(of("C")).records == 0


def test_more_than_ten_records_need_a_yes_to_this_very_plan(desk: Desk) -> None:
    desk.hold(*range(1, ASK_ABOVE + 1))
    assert len(stands(desk, of("C"), Consent())) == ASK_ABOVE
    desk.hold(*range(100, 100 + ASK_ABOVE + 1))
    with pytest.raises(Misuse, match="need a yes"):
        desk.share(of("C"), Consent())
    shown = desk.contributing.plan(of("C"))
    desk.hold(999)
    with pytest.raises(Misuse, match="has changed since it was shown"):
        desk.share(of("C"), Consent(plan=shown.digest))
    again = desk.contributing.plan(of("C"))
    assert stands(desk, of("C"), Consent(plan=again.digest)).count(Stand.SHARED) == ASK_ABOVE + 2


def test_a_yes_to_one_category_is_none_to_another(desk: Desk) -> None:
    desk.hold(*range(1, 20))
    shown = desk.contributing.plan(of("C", wording=Wording(category=B)))
    with pytest.raises(Misuse, match="has changed"):
        desk.share(of("C", wording=Wording(category=C)), Consent(plan=shown.digest))


def test_a_list_with_one_faulty_row_shares_nothing_and_names_each(desk: Desk) -> None:
    desk.hold(1, 2)
    rows = (
        Named(code=SHA256.code, value=prints(1).sha256, row=2),
        Named(code=SHA256.code, value=prints(7).sha256, row=3),
        Named(code=SHA256.code, value=prints(2).sha256, row=4, wording=Wording(language="english")),
    )
    plan = desk.contributing.plan(of("", *rows))
    assert [fault.row for fault in plan.faults] == [3, 4]
    with pytest.raises(Misuse, match="2 lines of the list"):
        list(desk.contributing.carry_out(plan, YES))
    assert desk.contributing.plan(of("C")).records == 2


def test_each_row_of_a_list_has_its_own_words_over_those_of_all(desk: Desk) -> None:
    desk.hold(1, 2)
    rows = (
        Named(code=SHA256.code, value=prints(1).sha256, row=2, wording=Wording(category=C, victim_identified=Tri.YES)),
        Named(code=SHA256.code, value=prints(2).sha256, row=3),
    )
    records = desk.shared(of("", *rows, wording=Wording(category=B, series="Bridge")))
    said = [desk.records.one(record) for record in records]
    bodies = [each.view.body for each in said if each]
    assert [body.category for body in bodies] == [C, B]  # type: ignore[union-attr]
    assert [body.victim_identified for body in bodies] == [Tri.YES, Tri.UNKNOWN]  # type: ignore[union-attr]
    assert [body.series for body in bodies] == ["Bridge", "Bridge"]  # type: ignore[union-attr]


# --- two people -------------------------------------------------------------------------------------------------------


def test_who_contributes_second_is_told_what_the_record_says(desk: Desk) -> None:
    desk.hold(1)
    (record,) = desk.shared(of("C", wording=Wording(category=B)))
    (told,) = desk.share(of("C", wording=Wording(category=C), terms=Terms(code="2")))
    assert (told.stand, told.record, told.differs) == (Stand.DIFFERS, record, ("category", "code"))
    assert told.said is not None
    assert told.said[0].category == B
    assert stands(desk, of("C", wording=Wording(category=B))) == [Stand.BEFORE]
    assert stands(desk, of("C")) == [Stand.BEFORE]


def test_a_plan_is_made_anew_in_the_transaction_that_writes(desk: Desk) -> None:
    """Two people planned the same files before either of them was done."""
    desk.hold(*range(1, 4))
    first, second = of("C", wording=Wording(category=B)), of("C", wording=Wording(category=C))
    plans = [desk.contributing.plan(wanted) for wanted in (first, second)]
    done = [each for batch in desk.contributing.carry_out(plans[0], YES) for each in batch]
    told = [each for batch in desk.contributing.carry_out(plans[1], YES) for each in batch]
    assert [each.stand for each in told] == [Stand.DIFFERS] * 3
    assert [each.record for each in told] == [each.record for each in done]
    assert desk.records.page(mine=True).total == 3


def test_what_was_taken_back_meanwhile_is_not_shared_again_with_its_case(desk: Desk) -> None:
    desk.hold(1)
    (record,) = desk.shared(of("C"))
    plan = desk.contributing.plan(of("C"))
    desk.node.ledger.retract(record)
    assert [each.stand for batch in desk.contributing.carry_out(plan, YES) for each in batch] == [Stand.BEFORE]
    assert stands(desk, of("C")) == [Stand.WITHDRAWN]
    with desk.node.store.read() as tx:
        (holding,) = tx.holdings()
    assert stands(desk, of("C", Named(holding=holding.id))) == [Stand.SHARED]


def test_a_crash_between_two_batches_leaves_what_was_told_and_the_same_command_goes_on(desk: Desk) -> None:
    desk.hold(*range(1, BATCH + 11))
    made = desk.contributing.carry_out(desk.contributing.plan(of("C")), YES)
    assert len(next(made)) == BATCH
    desk.node.store.fail_next_commit = StoreError("killed")
    with pytest.raises(StoreError):
        next(made)
    assert stands(desk, of("C")).count(Stand.SHARED) == 10


# --- our own log recognises what it has -------------------------------------------------------------------------------


def published(desk: Desk) -> None:
    asyncio.run(desk.node.publisher.round())


def test_after_a_restore_the_same_files_belong_to_their_records_again(desk: Desk) -> None:
    desk.hold(1, 2, 3)
    records = desk.shared(of("C", wording=Wording(category=B)))
    published(desk)
    desk.forget_holdings()
    desk.hold(1, 2, 3, 4)
    done = desk.share(of("C"))
    assert [each.stand for each in done] == [Stand.BEFORE] * 3 + [Stand.SHARED]
    assert [each.record for each in done][:3] == records
    with desk.node.store.read() as tx:
        assert [each.record for each in tx.holdings()][:3] == records
        assert {each.level for each in tx.holdings()} == {Level.SHARED}


def test_a_corrected_record_is_recognised_by_its_newest_correction_and_a_retracted_one_is_not(desk: Desk) -> None:
    desk.hold(1, 2)
    first, second = desk.shared(of("C"))
    published(desk)
    fixed = desk.saying.correct(str(first), Wording(series="S"), Terms())
    desk.node.ledger.retract(second)
    desk.forget_holdings()
    desk.hold(1, 2)
    with desk.node.store.read() as tx:
        assert desk.recogniser.find(tx, [prints(1).sha256, prints(2).sha256]) == {prints(1).sha256: fixed}
    published(desk)
    with desk.node.store.read() as tx:
        assert desk.recogniser.find(tx, [prints(1).sha256, prints(2).sha256]) == {prints(1).sha256: fixed}


def test_records_of_an_earlier_epoch_of_our_log_are_recognised_and_anothers_are_not(desk: Desk) -> None:
    desk.hold(1)
    (record,) = desk.shared(of("C"))
    published(desk)
    world, hub = desk.node.world, desk.node.carrier.hub  # type: ignore[attr-defined]
    later = Speaker.named("FR", 2)
    world.roster = roster(FR, later, JP)
    node = Node(world, later, Wire(hub, FR.id), desk.node.store)
    new = Desk(node)
    try:
        new.forget_holdings()
        new.hold(1)
        assert [(each.stand, each.record) for each in new.share(of("C"))] == [(Stand.BEFORE, record)]
    finally:
        new.close()
    theirs = Desk(Node(world, JP, Wire(hub, JP.id), desk.node.store))
    try:
        with desk.node.store.read() as tx:
            assert theirs.recogniser.find(tx, [prints(1).sha256]) == {}
    finally:
        theirs.close()


# --- nonsense ---------------------------------------------------------------------------------------------------------


def test_nonsense_is_refused_before_anything_is_planned_and_names_what_is_known(desk: Desk) -> None:
    desk.hold(1)
    schemes = (CategoryScheme(scheme="uk-caid", version="1", codes=("A", "B")),)
    desk.node.world.roster = replace(desk.node.world.roster, policy=Policy(schemes=schemes))
    with pytest.raises(Refused, match="no category 'C'") as refused:
        desk.contributing.plan(of("C", wording=Wording(category=C)))
    assert "A, B" in refused.value.remedy
    with pytest.raises(Refused, match="no category scheme icse:1"):
        desk.contributing.plan(of("C", wording=Wording(category=replace(B, scheme="icse"))))
    with pytest.raises(Misuse, match="names QQ") as misuse:
        desk.contributing.plan(of("C", terms=Terms(audience=(MemberId("JP"), MemberId("QQ")))))
    assert "FR, JP" in misuse.value.remedy
    for wording in (
        Wording(language="english"),
        Wording(tags=("a\x07b",)),
        Wording(tags=("a", "a")),
        Wording(tags=(" ",)),
    ):
        with pytest.raises(Misuse):
            desk.contributing.plan(of("C", wording=wording))
    with pytest.raises(Misuse, match="baseline"):
        desk.contributing.plan(of("C", wording=Wording(baseline=Tri.YES)))


def test_a_member_that_left_contributes_nothing_more(desk: Desk) -> None:
    desk.hold(1)
    desk.node.world.roster = roster(FR, JP, FR=MemberStatus.LEFT)
    with pytest.raises(Refused, match="left the federation"):
        desk.contributing.plan(of("C"))


# --- digests alone ----------------------------------------------------------------------------------------------------


def test_digests_alone_are_a_record_that_others_take_in_and_find() -> None:
    """Of an archive, a document or a film that nobody can decode: signed, carried, found and retracted like any."""
    world = World([FR, JP])
    hub = Hub(world)
    made, other = Desk(Node(world, FR, Wire(hub, FR.id))), Node(world, JP, Wire(hub, JP.id))
    archive = digests("archive")
    with made.node.catalogue.change() as change:
        number, _ = change.writer.put_holding(archive, level=Level.NATIONAL, case="C", tag=b"", now=1)
        change.hold(columns_of([number], [archive]))
    (done,) = made.share(of("C", wording=Wording(category=B)))
    assert done.stand is Stand.SHARED
    asyncio.run(made.node.publisher.round())
    asyncio.run(other.catch_up())
    (source,) = other.index.sizes()
    for fingerprint in archive.fingerprints():
        probe = Probe(0, fingerprint.code, fingerprint.value)
        assert [(hit.source, hit.row, hit.distance) for hit in other.index.search([probe], 31)] == [(source, 0, 0)]
    (view,) = other.catalogue.records(made.node.origin)
    assert isinstance(view.body, Contribution)
    assert view.body.fingerprints == archive.fingerprints()
    assert (view.body.media_type, view.body.category) == ("application/zip", B)
    assert archive.note not in str(view)
    assert done.record is not None
    made.node.ledger.retract(done.record, Reason.MISTAKE)
    asyncio.run(made.node.publisher.round())
    asyncio.run(other.catch_up())
    assert other.index.sizes() == {}
    made.close()
