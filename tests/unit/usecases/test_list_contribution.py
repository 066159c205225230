"""Rows of a list as records: which are shared, what the records say, and that nothing is shared twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from node.domain.queries import Level
from node.domain.references import ListHead
from node.domain.statements import Tri
from node.domain.wording import Terms
from node.errors import Misuse, NotFound, Refused
from node.usecases.consent import Consent
from node.usecases.list_contribution import Wanted
from node.usecases.list_sharing_rules import RowStand
from node.usecases.lists import ListTerms
from node.usecases.retraction import Named
from node.usecases.retraction import Wanted as ToRetract
from tests.simulator.world import Hub, Node, Wire, World
from tests.unit.usecases.desk import YES
from tests.unit.usecases.list_desk import FR, Shelf
from tests.unit.usecases.listed import row, value


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    world = World([FR])
    made = Shelf(Node(world, FR, Wire(Hub(world), FR.id)))
    yield made
    made.close()


def test_a_record_says_what_its_row_says_and_no_word_of_its_file_more(shelf: Shelf) -> None:
    rich = row(
        1,
        sha1=value(1, 20),
        photodna=value(1, 144),
        pdq=value(1, 32),
        series="Bridge",
        victim_identified=Tri.YES,
        offender_identified=Tri.NO,
        baseline=Tri.YES,
        media_type="image",
        tags="secret place",
        said='{"Name": "secret.jpg"}',
    )
    shelf.take([rich], ListTerms(code="2", retain_until_day=30_000))
    (judged,) = shelf.told()
    assert judged.stand is RowStand.SHARED
    body, handling = shelf.said(judged)
    assert [(each.code, each.value) for each in body.fingerprints] == [
        (1, value(1, 16)),
        (2, value(1, 20)),
        (6, value(1, 144)),
    ], "a PDQ whose quality nobody states is not shared"
    assert body.category is not None
    assert (body.category.scheme, body.category.version, body.category.code) == ("us-vics", "1", "1")
    assert body.category.baseline is Tri.YES
    assert (body.series, body.victim_identified, body.offender_identified) == ("Bridge", Tri.YES, Tri.NO)
    assert (body.media_type, body.tags, body.language) == ("image", (), "")
    assert (handling.code, handling.retain_until_day, handling.audience) == ("2", 30_000, None)


def test_what_is_not_vouched_for_is_not_shared_and_is_counted(shelf: Shelf) -> None:
    shelf.take(
        [
            row(1),
            row(2, code="0"),
            row(3, code="4"),
            row(4, code="5"),
            row(5, code=None),
            row(6, audience="organisation only"),
            row(7, handling="tlp:red"),
            row(8, handling="tlp:green"),
            row(9, md5=b"", pdq=value(9, 32), pdq_quality=40),
        ]
    )
    plan = shelf.sharing.plan(Wanted(list="L"))
    assert plan.counts == {
        RowStand.NEW: 3,
        RowStand.CATEGORY: 3,
        RowStand.RESTRICTED: 2,
        RowStand.NOTHING: 1,
    }
    assert shelf.records.page().total == 0, "a plan changes nothing"
    stands = shelf.stands(all_categories=True)
    assert [number for number, stand in stands.items() if stand is RowStand.SHARED] == [1, 2, 3, 4, 5, 8]


def test_a_code_without_a_scheme_is_not_shared(shelf: Shelf) -> None:
    shelf.take([row(1, code="5"), row(2, code=None)], head=ListHead(format="vics"))
    assert shelf.stands() == {1: RowStand.CATEGORY, 2: RowStand.SHARED}
    (judged,) = [each for each in shelf.told(all_categories=True) if each.stand is RowStand.SHARED]
    assert shelf.said(judged)[0].category is None


def test_a_list_that_is_not_of_child_abuse_is_refused(shelf: Shelf) -> None:
    shelf.take([row(1)], head=ListHead(format="stopncii", is_abuse=False))
    with pytest.raises(Refused):
        shelf.sharing.plan(Wanted(list="L", all_categories=True))
    with pytest.raises(NotFound):
        shelf.sharing.plan(Wanted(list="other"))


def test_what_was_shared_is_known_before_and_after_it_has_a_place_in_the_log(shelf: Shelf) -> None:
    shelf.take([row(1), row(2), row(1, id="again", at=row(3).at)])
    assert shelf.stands() == {1: RowStand.SHARED, 2: RowStand.SHARED, 3: RowStand.REPEATED}
    assert set(shelf.stands().values()) == {RowStand.BEFORE, RowStand.REPEATED}
    asyncio.run(shelf.node.publisher.round())
    assert set(shelf.stands().values()) == {RowStand.BEFORE}
    assert shelf.records.page().total == 2
    shelf.take([row(1, said="other words"), row(2), row(5)])
    assert shelf.stands()[1] is RowStand.BEFORE, "the row has a new id, and the record has its hash"
    assert shelf.records.page().total == 3


def test_a_retracted_row_is_shared_again_only_by_name(shelf: Shelf) -> None:
    shelf.take([row(1), row(2)])
    first = shelf.told()[0]
    plan = shelf.retracting.plan(ToRetract(named=(Named(text=str(first.record)),)))
    assert len([each for page in shelf.retracting.carry_out(plan, YES) for each in page]) == 1
    assert shelf.stands() == {1: RowStand.WITHDRAWN, 2: RowStand.BEFORE}
    assert shelf.stands(rows=(shelf.rows()[1],)) == {1: RowStand.SHARED}


def test_chosen_rows_alone_are_shared_and_a_missing_one_is_named(shelf: Shelf) -> None:
    shelf.take([row(1), row(2), row(3)])
    ids = shelf.rows()
    assert shelf.stands(rows=(ids[3], ids[1])) == {1: RowStand.SHARED, 3: RowStand.SHARED}
    with pytest.raises(NotFound):
        shelf.told(rows=(ids[3] + 100,))


def test_more_than_a_few_need_a_yes_to_this_very_plan(shelf: Shelf) -> None:
    shelf.take([row(each) for each in range(1, 12)])
    with pytest.raises(Misuse):
        shelf.told(consent=Consent())
    plan = shelf.sharing.plan(Wanted(list="L"))
    other = shelf.sharing.plan(Wanted(list="L", terms=Terms(code="3")))
    with pytest.raises(Misuse):
        shelf.told(consent=Consent(plan=other.digest))
    assert sum(each.stand is RowStand.SHARED for each in shelf.told(consent=Consent(plan=plan.digest))) == 11


def test_a_list_that_answers_stays_a_list_when_its_rows_are_shared(shelf: Shelf) -> None:
    shelf.take([row(1)], ListTerms(level=Level.HIT_NO_HIT))
    shelf.told()
    assert shelf.lists.named("L").level is Level.HIT_NO_HIT
    assert shelf.lists.named("L").rows == 1
