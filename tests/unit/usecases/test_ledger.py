"""What this member says: acknowledged, corrected, retracted, and said about others' records."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from node.domain.calendar import LAST_DAY
from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import PDQ, PHOTODNA
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.ids import MemberId, RecordId
from node.domain.material import PictureFingerprints
from node.domain.queries import Level
from node.domain.roster import CategoryScheme
from node.domain.statements import Category, Comment, Contribution, Opinion, Reason, Verdict
from node.errors import Misuse, NotFound, Refused
from node.usecases.ledger import Draft
from tests.simulator.federation import NOW, TODAY, picture
from tests.simulator.world import Hub, Node, Wire, World
from tests.unit.usecases.ledger_nodes import (
    DE,
    FR,
    FR_AND_DE,
    HELD,
    JP,
    NOT_FOR_US,
    NOTHING_YET,
    PURGED,
    a_crash,
    a_node,
    drafts,
    pending,
    published,
    view,
)

# --- acknowledged -----------------------------------------------------------------------------------------------------


def test_a_record_has_its_name_before_it_has_a_place() -> None:
    node = a_node()
    records = node.ledger.contribute(drafts(1, 2))
    assert (pending(node), node.size(FR.origin)) == (2, 0)
    node.own.reconcile(NOTHING_YET)
    node.own.place_and_sign()
    assert [view(node, each).index for each in records] == [0, 1]
    assert pending(node) == 0
    assert node.finds(1)


def test_what_was_not_acknowledged_is_not_there_and_what_was_survives_a_restart() -> None:
    node = a_node()
    with a_crash(node):
        node.ledger.contribute(drafts(1, 2))
    assert pending(node) == 0
    node.ledger.contribute(drafts(3))
    assert pending(node.restarted()) == 1


def test_every_acknowledgement_wakes_the_publisher() -> None:
    node, woken = a_node(), []
    node.ledger._acknowledged = lambda: woken.append(1)
    (record,) = node.ledger.contribute(drafts(1))
    node.ledger.correct(record, picture(2), Handling())
    assert len(woken) == 2


def test_only_fingerprints_that_may_leave_are_contributed() -> None:
    node = a_node()
    poor = Fingerprint(code=PDQ.code, value=bytes(32), quality=49)
    good = picture(1)
    (record,) = node.ledger.contribute([Draft(statement=replace(good, fingerprints=(*good.fingerprints, poor)))])
    published(node)
    body = view(node, record).body
    assert isinstance(body, Contribution)
    assert body.fingerprints == good.fingerprints
    with pytest.raises(Refused):
        node.ledger.contribute([Draft(statement=Contribution(fingerprints=(poor,)))])


def test_what_the_policy_does_not_know_is_refused() -> None:
    node = a_node()
    scheme = CategoryScheme(scheme="icse", version="1", codes=("1",))
    node.world.roster = replace(node.world.roster, policy=replace(node.world.roster.policy, schemes=(scheme,)))
    named = replace(picture(1), category=Category(scheme="uk-caid", version="1", code="A"))
    with pytest.raises(Refused):
        node.ledger.contribute([Draft(statement=named)])
    for handling in (Handling(purposes=("curiosity",)), Handling(code="9")):
        with pytest.raises(Refused):
            node.ledger.contribute([Draft(statement=picture(1), handling=handling)])
    for day in (TODAY - 1, LAST_DAY + 1):
        with pytest.raises(Misuse):
            node.ledger.contribute([Draft(statement=picture(1), handling=Handling(retain_until_day=day))])
    assert pending(node) == 0


def a_holding(node: Node) -> int:
    prints = PictureFingerprints(
        media_type="image/png",
        size=1,
        md5=bytes(16),
        sha1=bytes(20),
        sha256=bytes(32),
        pdq=bytes(32),
        pdq_quality=90,
        pdq_orientations=(bytes(32),) * 8,
        phash=bytes(8),
        width=1,
        height=1,
    )
    with node.store.write() as writer:
        return writer.put_holding(prints, level=Level.NATIONAL, case="c", tag=bytes(32), now=NOW)[0]


def test_a_holding_follows_its_record_from_national_to_shared_and_back() -> None:
    node = a_node()
    number = a_holding(node)

    def stands() -> tuple[RecordId | None, Level]:
        with node.store.read() as reader:
            holding = reader.holding(number)
        assert holding is not None
        return holding.record, holding.level

    (record,) = node.ledger.contribute([Draft(statement=picture(1), holding=number)])
    assert node.ledger.contribute([Draft(statement=picture(1), holding=number)]) == [record]
    assert stands() == (record, Level.SHARED)
    published(node)
    fixed = node.ledger.correct(record, picture(2), Handling())
    assert stands() == (fixed, Level.SHARED)
    node.ledger.retract(fixed)
    assert stands() == (None, Level.NATIONAL)
    with pytest.raises(NotFound):
        node.ledger.contribute([Draft(statement=picture(1), holding=99)])


def test_a_statement_that_is_too_long_to_travel_is_refused() -> None:
    node = a_node()
    many = tuple(Fingerprint(code=PHOTODNA.code, value=bytes(144)) for _ in range(3_900))
    with pytest.raises(Misuse):
        node.ledger.contribute([Draft(statement=replace(picture(1), fingerprints=(*picture(1).fingerprints, *many)))])


# --- corrected and retracted ------------------------------------------------------------------------------------------


def test_what_never_got_a_place_never_leaves() -> None:
    node = a_node()
    first, second = node.ledger.contribute(drafts(1, 2))
    fixed = node.ledger.correct(first, picture(3), Handling())
    assert node.ledger.retract(second) is None
    published(node)
    assert node.states(FR.origin) == [HELD]
    assert view(node, fixed).kind == Kind.CONTRIBUTION
    assert (node.finds(1), node.finds(2), node.finds(3)) == (False, False, True)


def test_a_correction_replaces_the_head_once() -> None:
    node = a_node()
    (record,) = node.ledger.contribute(drafts(1))
    published(node)
    fixed = node.ledger.correct(record, picture(2), FR_AND_DE)
    with pytest.raises(Refused):
        node.ledger.correct(record, picture(3), Handling())
    published(node)
    with pytest.raises(Refused):
        node.ledger.correct(record, picture(3), Handling())
    assert node.states(FR.origin) == [PURGED, HELD]
    assert (view(node, fixed).kind, view(node, fixed).open) == (Kind.CORRECTION, False)


def test_a_retracted_body_is_gone_at_once_with_its_whole_chain() -> None:
    node = a_node()
    (record,) = node.ledger.contribute(drafts(1))
    published(node)
    fixed = node.ledger.correct(record, picture(2), Handling())
    published(node)
    waiting = node.ledger.correct(fixed, picture(3), Handling())
    node.ledger.retract(fixed, Reason.MISTAKE)
    assert node.states(FR.origin) == [PURGED, PURGED]
    assert not any(map(node.finds, (1, 2, 3)))
    published(node)
    assert node.states(FR.origin) == [PURGED, PURGED, HELD]
    assert node.catalogue.record(waiting) is None
    for each in (record, fixed):
        with pytest.raises(Refused):
            node.ledger.retract(each)


def test_retracting_a_correction_that_still_waits_retracts_what_it_would_have_replaced() -> None:
    node = a_node()
    (record,) = node.ledger.contribute(drafts(1))
    published(node)
    waiting = node.ledger.correct(record, picture(2), Handling())
    gone = node.ledger.retract(waiting)
    published(node)
    assert gone is not None
    assert view(node, gone).target == record
    assert node.states(FR.origin) == [PURGED, HELD]


def test_a_retraction_that_still_waits_is_not_said_twice() -> None:
    node = a_node()
    (record,) = node.ledger.contribute(drafts(1))
    published(node)
    gone = node.ledger.retract(record)
    for target in (record, gone):
        assert target is not None
        with pytest.raises(Refused):
            node.ledger.retract(target)
    with pytest.raises(Refused):
        node.ledger.correct(record, picture(2), Handling())


def test_nobody_corrects_or_retracts_anothers_record_or_one_that_is_not_there() -> None:
    node = a_node()
    for target, error in ((RecordId(JP.origin, bytes(32)), Refused), (RecordId(FR.origin, bytes(32)), NotFound)):
        with pytest.raises(error):
            node.ledger.retract(target)
        with pytest.raises(error):
            node.ledger.correct(target, picture(1), Handling())


# --- about others' ----------------------------------------------------------------------------------------------------


def test_an_opinion_has_the_readers_of_its_record_and_no_more() -> None:
    async def story() -> None:
        world = World([FR, JP, DE])
        hub = Hub(world)
        fr, de, jp = (Node(world, each, Wire(hub, each.id)) for each in (FR, DE, JP))
        open_one, closed = fr.ledger.contribute(
            [Draft(statement=picture(1)), Draft(statement=picture(2), handling=FR_AND_DE)]
        )
        await fr.publisher.round()
        await asyncio.gather(de.catch_up(), jp.catch_up())
        view_of_it = Opinion(verdict=Verdict.CONFIRM)
        de.ledger.opine(open_one, view_of_it)
        closed_opinion = de.ledger.opine(closed, view_of_it)
        de.ledger.comment(closed, Comment(text="ours too"), Handling(audience=(MemberId("FR"),)))
        with pytest.raises(Refused):
            de.ledger.opine(closed, view_of_it, Handling())
        with pytest.raises(Refused):
            de.ledger.opine(closed, view_of_it, Handling(audience=(MemberId("FR"), MemberId("JP"))))
        with pytest.raises(NotFound):
            jp.ledger.opine(closed, view_of_it)
        with pytest.raises(Refused):
            fr.ledger.opine(open_one, view_of_it)
        await de.publisher.round()
        await asyncio.gather(fr.catch_up(), jp.catch_up())
        assert fr.states(DE.origin) == [HELD, HELD, HELD]
        assert jp.states(DE.origin) == [HELD, NOT_FOR_US, NOT_FOR_US]
        handling = view(fr, closed_opinion).handling
        assert handling is not None
        assert handling.audience == ("DE", "FR")
        assert len(view(fr, closed).remarks) == 2

    asyncio.run(story())
