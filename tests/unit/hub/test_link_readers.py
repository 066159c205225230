"""The hub gives a link, and what is said of it, to those alone who may read each of its records."""

from __future__ import annotations

from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.record_links import Certainty, RecordLink, Relation
from node.domain.statements import Comment, Opinion, Retraction, Verdict
from tests.simulator.federation import Log, picture
from tests.unit.hub.carriers import DE, FR, JP, ONLY_JP, a_hub, submit
from tests.unit.hub.test_readers import shown

EVERYBODY = {FR.id, JP.id, DE.id}


def link_of(*records: RecordId) -> RecordLink:
    return RecordLink(relation=Relation.SAME_VICTIM, targets=records, certainty=Certainty.CERTAIN)


def readers(hub: object, log: Log, index: int) -> set[str]:
    """Who gets the body of an entry."""
    return {member for member in EVERYBODY if shown(hub, member, log)[index]}  # type: ignore[arg-type]


def test_a_link_goes_to_those_who_may_read_all_its_records_and_to_its_author() -> None:
    """JP links an open record with one for FR and JP: DE does not get it, though the link says that it is for all."""
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    (opened,) = fr.pictures([1])
    (closed,) = fr.pictures([2], handling=ONLY_JP)
    submit(hub, fr.package())
    jp.say(link_of(opened, closed), kind=Kind.LINK)
    submit(hub, jp.package(), JP.id)
    assert readers(hub, jp, 0) == {FR.id, JP.id}


def test_a_link_is_hidden_by_a_correction_that_narrows_a_record_and_comes_back_with_one_that_widens_it() -> None:
    hub, fr, de = a_hub(), Log(FR), Log(DE)
    records = fr.pictures([1, 2])
    submit(hub, fr.package())
    de.say(link_of(*records), kind=Kind.LINK)
    submit(hub, de.package(), DE.id)
    assert readers(hub, de, 0) == EVERYBODY
    narrow = fr.say(picture(3), kind=Kind.CORRECTION, target=records[1], handling=Handling(audience=()))
    submit(hub, fr.package(2))
    assert readers(hub, de, 0) == {FR.id, DE.id}
    fr.say(picture(3), kind=Kind.CORRECTION, target=narrow)
    submit(hub, fr.package(3))
    assert readers(hub, de, 0) == EVERYBODY


def test_a_record_that_comes_after_its_link_decides_all_the_same() -> None:
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    (opened,) = fr.pictures([1])
    submit(hub, fr.package())
    (closed,) = fr.pictures([2], handling=ONLY_JP)
    jp.say(link_of(opened, closed), kind=Kind.LINK)
    submit(hub, jp.package(), JP.id)
    submit(hub, fr.package(1))
    assert readers(hub, jp, 0) == {FR.id, JP.id}


def test_what_is_said_of_a_link_goes_to_nobody_who_may_not_read_its_records() -> None:
    """An opinion or a comment on a link tells about the link."""
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    records = fr.pictures([1, 2])
    submit(hub, fr.package())
    link = jp.say(link_of(*records), kind=Kind.LINK)
    submit(hub, jp.package(), JP.id)
    opinion = fr.say(Opinion(verdict=Verdict.DISPUTE, note="other rooms"), kind=Kind.OPINION, target=link)
    fr.say(Comment(text="look at the window"), kind=Kind.COMMENT, target=opinion)
    submit(hub, fr.package(2))
    assert shown(hub, DE.id, fr)[2:] == [True, True]
    fr.say(picture(3), kind=Kind.CORRECTION, target=records[0], handling=ONLY_JP)
    submit(hub, fr.package(4))
    assert shown(hub, DE.id, fr)[2:4] == [False, False]
    assert shown(hub, JP.id, fr)[2:4] == [True, True]


def test_two_links_of_each_other_end_no_hub() -> None:
    """A revision may name what names it. Nothing but their records decides who reads them."""
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    records = fr.pictures([1, 2])
    submit(hub, fr.package())
    first = jp.say(link_of(*records), kind=Kind.LINK)
    second = jp.say(link_of(first, records[0]), kind=Kind.LINK)
    jp.say(link_of(second, records[1]), kind=Kind.REVISION, target=first)
    submit(hub, jp.package(), JP.id)
    assert shown(hub, DE.id, jp) == [False, True, True]


def test_a_link_has_no_body_after_the_retraction_of_a_record() -> None:
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    records = fr.pictures([1, 2])
    submit(hub, fr.package())
    jp.say(link_of(*records), kind=Kind.LINK)
    submit(hub, jp.package(), JP.id)
    fr.say(Retraction(), kind=Kind.RETRACTION, target=records[0])
    submit(hub, fr.package(2))
    assert readers(hub, jp, 0) == set()
    with hub.store.read() as reader:
        assert reader.mentions(JP.origin, 0, 1) == []
