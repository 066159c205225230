"""Stating a link: between records that this member may read, for those who may read all of them."""

from __future__ import annotations

import pytest

from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId, RecordId
from node.domain.record_links import MOST_TARGETS, Certainty, RecordLink, Relation
from node.domain.statements import Comment, Opinion, Retraction, Verdict
from node.domain.wording import Terms
from node.errors import Misuse, NotFound, Refused
from node.usecases.consent import Consent
from node.usecases.linking import LinkWording
from node.usecases.retraction import Named, Wanted
from tests.simulator.federation import picture
from tests.unit.usecases.linked import Bench, link_of, only


def said(bench: Bench, link: RecordId) -> tuple[RecordLink, Handling]:
    shown = bench.records.one(link)
    assert shown is not None
    assert isinstance(shown.view.body, RecordLink)
    assert shown.view.handling is not None
    return shown.view.body, shown.view.handling


def members(*names: str) -> tuple[MemberId, ...]:
    return tuple(map(MemberId, names))


def test_a_link_of_open_records_is_open_and_names_them_in_their_order() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    (theirs,) = bench.logs["JP"].pictures([2])
    bench.send()
    body, handling = said(bench, bench.link(theirs, mine))
    assert body.targets == (theirs, mine)
    assert body.certainty is Certainty.PROBABLE
    assert handling.audience is None


def test_a_link_is_for_those_who_may_read_every_record_owners_included() -> None:
    """JP may read its own record, whoever else it names; what only one of the records allows is not in."""
    bench = Bench()
    (mine,) = bench.mine(1, handling=only("JP", "DE"))
    (theirs,) = bench.logs["JP"].pictures([2], handling=Handling(audience=members("FR", "BR", "DE"), code="2"))
    bench.send()
    _, handling = said(bench, bench.link(mine, theirs))
    assert handling.audience == members("DE", "FR", "JP")
    assert handling.code == "2"


def test_a_link_that_no_other_member_could_read_is_refused_unless_it_is_meant_so() -> None:
    bench = Bench()
    (mine,) = bench.mine(1, handling=only("DE"))
    (theirs,) = bench.logs["JP"].pictures([2], handling=only("FR", "BR"))
    bench.send()
    with pytest.raises(Refused, match="no other member"):
        bench.link(mine, theirs)
    _, handling = said(bench, bench.link(mine, theirs, terms=Terms(audience=members("FR"))))
    assert handling.audience == members("FR")


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (Terms(everyone=True), "more readers"),
        (Terms(audience=members("JP", "BR")), "more readers"),
        (Terms(code="1"), "more freely"),
        (Terms(purposes=("prosecution",)), "more purposes"),
    ],
)
def test_a_link_says_no_more_to_no_more_members_than_each_record(terms: Terms, why: str) -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    (theirs,) = bench.logs["JP"].pictures([2], handling=Handling(audience=members("FR"), code="2"))
    bench.send()
    with pytest.raises(Refused, match=why) as refused:
        bench.link(mine, theirs, terms=terms)
    assert "leave out" in refused.value.remedy


def test_a_record_that_is_not_here_or_may_not_be_read_is_not_linked() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    (hidden,) = bench.logs["JP"].pictures([2], handling=only("DE"))
    bench.send()
    for other in (hidden, RecordId(hidden.origin, bytes(32))):
        with pytest.raises(NotFound, match="does not have the record"):
            bench.link(mine, other)


def test_a_retracted_record_is_not_linked() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    (gone,) = bench.logs["JP"].pictures([2])
    bench.logs["JP"].say(Retraction(), kind=Kind.RETRACTION, target=gone)
    bench.send()
    with pytest.raises(Refused, match="was retracted"):
        bench.link(mine, gone)


def test_only_records_are_linked() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    remark = bench.logs["JP"].say(Comment(text="seen"), kind=Kind.COMMENT, target=mine)
    bench.send()
    with pytest.raises(Misuse, match="is not a record"):
        bench.link(mine, remark)


def test_each_record_is_named_once_by_any_version_and_the_newest_is_linked() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    first = bench.logs["JP"].pictures([2])[0]
    newest = bench.logs["JP"].say(picture(3), kind=Kind.CORRECTION, target=first)
    bench.send()
    body, _ = said(bench, bench.link(mine, first))
    assert body.targets == (mine, newest)
    with pytest.raises(Misuse, match="named twice"):
        bench.link(mine, first, newest)


@pytest.mark.parametrize("number", [0, 1, MOST_TARGETS + 1])
def test_a_link_has_a_bounded_number_of_records(number: int) -> None:
    bench = Bench()
    with pytest.raises(Misuse, match="2 to 32 records"):
        bench.link(*[RecordId(bench.node.origin, bytes([each]) * 32) for each in range(number)])


def test_a_record_that_waits_for_its_place_is_linked() -> None:
    """The hub may be out of reach: sharing and linking go on."""
    bench = Bench()
    waiting = bench.mine(1, 2)
    body, _ = said(bench, bench.link(*waiting))
    assert body.targets == tuple(waiting)


def test_a_revision_keeps_what_is_not_given_and_drops_readers_that_may_not_read_any_more() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    (theirs,) = bench.logs["JP"].pictures([2])
    bench.send()
    link = bench.link(mine, theirs)
    bench.publish()
    bench.logs["JP"].say(picture(2), kind=Kind.CORRECTION, target=theirs, handling=only("FR", "DE"))
    bench.send()
    revised = bench.linking.revise(str(link), LinkWording(certainty=Certainty.CERTAIN, note="seen again"), Terms())
    body, handling = said(bench, revised)
    assert (body.relation, body.targets) == (Relation.SAME_VICTIM, (mine, theirs))
    assert (body.certainty, body.note) == (Certainty.CERTAIN, "seen again")
    assert handling.audience == members("DE", "FR", "JP")


def test_a_revision_that_changes_nothing_or_is_of_no_link_is_refused() -> None:
    bench = Bench()
    mine = bench.mine(1, 2)
    link = bench.link(*mine)
    with pytest.raises(Misuse, match="exactly this"):
        bench.linking.revise(str(link), LinkWording(certainty=Certainty.PROBABLE), Terms())
    with pytest.raises(NotFound, match="no such link"):
        bench.linking.revise(str(mine[0]), LinkWording(certainty=Certainty.CERTAIN), Terms())


def test_a_link_of_another_member_is_not_revised() -> None:
    bench = Bench()
    mine = bench.mine(1, 2)
    link = bench.logs["JP"].say(link_of(*mine), kind=Kind.LINK)
    bench.send()
    with pytest.raises(Refused, match="another member"):
        bench.linking.revise(str(link), LinkWording(certainty=Certainty.CERTAIN), Terms())


def test_the_audit_log_has_the_records_and_not_the_note() -> None:
    bench = Bench()
    mine = bench.mine(1, 2)
    bench.linking.link(
        LinkWording(records=tuple(map(str, mine)), relation=Relation.COPY, note="the blue sofa"), Terms()
    )
    (act, outcome) = bench.acts()
    assert act["what"] == "link"
    assert act["records"] == list(map(str, mine))
    assert outcome["outcome"] == "done"
    assert "sofa" not in str(bench.acts())


def test_a_link_is_retracted_and_disputed_like_a_record() -> None:
    bench = Bench()
    mine = bench.mine(1, 2)
    ours = bench.link(*mine)
    bench.publish()
    theirs = bench.logs["JP"].say(link_of(*mine), kind=Kind.LINK)
    bench.send()
    opinion, about = bench.saying.opine(str(theirs), Opinion(verdict=Verdict.DISPUTE))
    assert about == theirs
    bench.publish()
    (retracted,) = bench.retracting.carry_out(
        bench.retracting.plan(Wanted(named=(Named(text=str(ours)),))), Consent(yes=True)
    )
    assert retracted[0].retraction is not None
    shown = bench.around(mine[0])
    assert [each.link for each in shown.links] == [theirs]
    assert opinion.origin.member == "FR"
    assert shown.links[0].verification.disputed == members("FR")
