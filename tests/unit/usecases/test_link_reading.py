"""The component around a record: who links what, who disputes it, what contradicts itself, and what is not shown."""

from __future__ import annotations

import pytest

from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.record_links import Relation
from node.domain.statements import Category, Contribution, Retraction, Tri, Verdict
from node.errors import Misuse, NotFound
from node.usecases import series_search
from node.usecases.link_contradictions import Clash
from node.usecases.link_reading import WantedLinks
from node.usecases.link_views import Sight
from node.usecases.publication import Publication
from tests.simulator.federation import picture
from tests.unit.usecases.linked import Bench, link_of, only


def stated(number: int, **said: object) -> Contribution:
    """A contribution that states this."""
    return Contribution(**{"fingerprints": picture(number).fingerprints, **said})  # type: ignore[arg-type]


def test_series_of_two_countries_that_a_link_joins_are_one_component() -> None:
    """Each country has its own name of the series, and that is no contradiction."""
    bench = Bench()
    jp, br = bench.logs["JP"], bench.logs["BR"]
    bridges = [jp.say(stated(number, series="Bridge")) for number in range(3)]
    pontes = [br.say(stated(number, series="Ponte")) for number in range(10, 12)]
    alone = br.say(stated(20, series="Ponte"))
    jp.say(link_of(*bridges, relation=Relation.SAME_SERIES), kind=Kind.LINK)
    br.say(link_of(*pontes, relation=Relation.SAME_SERIES), kind=Kind.LINK)
    br.say(link_of(pontes[0], bridges[2], relation=Relation.SAME_SERIES), kind=Kind.LINK)
    bench.send()
    found = bench.around(bridges[0])
    assert [each.member for each in found.links] == ["JP", "BR", "BR"]
    assert {each.root for each in found.records} == {*bridges, *pontes}
    assert {each.said.series for each in found.records if each.said} == {"Bridge", "Ponte"}
    assert found.contradictions == []
    assert found.is_whole
    named = bench.reading.component(WantedLinks(series="Ponte"))
    assert {each.root for each in named.records} == {*bridges, *pontes, alone}
    assert {each.link for each in named.links if each.depth == 0} == {each.link for each in found.links[1:]}


def test_a_record_without_links_is_a_component_of_itself() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    found = bench.around(mine)
    assert found.links == []
    assert [(each.root, each.sight) for each in found.records] == [(mine, Sight.READ)]
    assert [each.root for each in bench.reading.component(WantedLinks(series="series 1")).records] == [mine]
    with pytest.raises(NotFound, match="of this series"):
        bench.reading.component(WantedLinks(series="series"))


def test_the_records_of_a_series_are_those_whose_newest_version_says_so() -> None:
    bench = Bench()
    jp, br = bench.logs["JP"], bench.logs["BR"]
    moved = jp.say(stated(1, series="Ponte"))
    here = jp.say(stated(1, series="Bridge", media_type="image/png"), kind=Kind.CORRECTION, target=moved)
    left = br.say(stated(2, series="Bridge"))
    br.say(stated(2, series="Ponte", media_type="image/png"), kind=Kind.CORRECTION, target=left)
    gone = br.say(stated(3, series="Bridge"))
    br.say(Retraction(), kind=Kind.RETRACTION, target=gone)
    br.say(stated(4, series="Bridgeport"))
    br.say(stated(5, tags=("Bridge",)))
    bench.send()
    found = bench.reading.component(WantedLinks(series="Bridge"))
    assert [(each.root, each.record) for each in found.records] == [(moved, here)]
    assert found.is_whole


def test_what_is_not_read_or_shown_of_a_series_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    for number in range(4):
        bench.logs["JP"].say(stated(number, series="Bridge"))
    bench.send()
    page = bench.reading.component(WantedLinks(series="Bridge", limit=3))
    assert (len(page.records), page.all_records, page.is_whole) == (3, 4, True)
    monkeypatch.setattr(series_search, "MOST_READ", 2)
    part = bench.reading.component(WantedLinks(series="Bridge"))
    assert (part.all_records, part.is_whole) == (2, False)


@pytest.mark.parametrize("wanted", [WantedLinks(), WantedLinks(record="00112233", series="Bridge")])
def test_a_record_or_a_series_is_named(wanted: WantedLinks) -> None:
    with pytest.raises(Misuse, match="one record, or a series"):
        Bench().reading.component(wanted)


def test_a_link_shows_who_says_it_who_agrees_and_who_does_not() -> None:
    bench = Bench()
    mine = bench.mine(1, 2)
    link = bench.logs["JP"].say(link_of(*mine, note="same birthmark"), kind=Kind.LINK)
    bench.send()
    bench.opine("BR", link, Verdict.CONFIRM)
    bench.opine("DE", link, Verdict.DISPUTE)
    bench.send()
    (shown,) = bench.around(mine[0]).links
    assert (shown.link, shown.member, shown.said.note) == (link, "JP", "same birthmark")
    assert list(shown.verification.confirmed) == ["BR"]
    assert list(shown.verification.disputed) == ["DE"]
    (clash,) = bench.around(mine[1]).contradictions
    assert (clash.clash, clash.link) == (Clash.DISPUTED, link)


def test_a_record_that_this_member_may_not_read_is_shown_by_its_name_with_its_link() -> None:
    """JP links our record with one that only JP and DE read: the hub withholds the link from us. A link of records of
    which one is not here yet comes, and is shown.
    """
    bench = Bench()
    (mine,) = bench.mine(1)
    (hidden,) = bench.logs["JP"].pictures([2], handling=only("DE"))
    bench.logs["JP"].say(link_of(mine, hidden), kind=Kind.LINK)
    nowhere = RecordId(bench.logs["DE"].speaker.origin, bytes([7]) * 32)
    shown = bench.logs["BR"].say(link_of(mine, nowhere), kind=Kind.LINK)
    bench.send()
    found = bench.around(mine)
    assert [each.link for each in found.links] == [shown]
    assert [(each.root, each.sight, each.said) for each in found.records[1:]] == [(nowhere, Sight.NOT_HERE, None)]
    assert found.contradictions == []


def test_a_link_leaves_with_any_of_its_records() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    theirs = bench.logs["JP"].pictures([2, 3])
    bench.logs["BR"].say(link_of(mine, theirs[0]), kind=Kind.LINK)
    bench.logs["BR"].say(link_of(*theirs), kind=Kind.LINK)
    bench.send()
    assert len(bench.around(mine).links) == 2
    bench.logs["JP"].say(Retraction(), kind=Kind.RETRACTION, target=theirs[0])
    bench.send()
    assert bench.around(mine).links == []
    assert bench.around(theirs[1]).links == []


def test_links_follow_a_record_through_its_corrections() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    (theirs,) = bench.logs["JP"].pictures([2])
    link = bench.logs["BR"].say(link_of(mine, theirs), kind=Kind.LINK)
    newest = bench.logs["JP"].say(picture(3), kind=Kind.CORRECTION, target=theirs)
    bench.send()
    for name in (mine, theirs):
        assert [each.link for each in bench.around(name).links] == [link]
    found = bench.around(newest)
    assert [each.link for each in found.links] == [link]
    assert [(each.root, each.record) for each in found.records if each.root == theirs] == [(theirs, newest)]


def test_a_revised_link_says_what_its_newest_version_says() -> None:
    bench = Bench()
    mine = bench.mine(1, 2, 3)
    first = bench.logs["JP"].say(link_of(*mine[:2]), kind=Kind.LINK)
    newest = bench.logs["JP"].say(link_of(*mine[1:]), kind=Kind.REVISION, target=first)
    bench.send()
    assert bench.around(mine[0]).links == []
    (shown,) = bench.around(mine[2]).links
    assert (shown.link, shown.root) == (newest, first)


def test_what_a_page_leaves_out_is_counted_and_the_nearest_come_first() -> None:
    bench = Bench()
    records = bench.logs["JP"].pictures(range(6))
    for at in range(5):
        bench.logs["JP"].say(link_of(records[at], records[at + 1]), kind=Kind.LINK)
    bench.send()
    page = bench.around(records[2], limit=2)
    assert (len(page.links), page.all_links, page.all_records) == (2, 5, 6)
    assert {each.depth for each in page.links} == {0}
    near = bench.around(records[0], depth=2)
    assert (near.all_links, near.all_records, near.beyond) == (2, 3, 3)


def test_only_links_of_one_relation_are_followed_where_this_is_asked_for() -> None:
    bench = Bench()
    records = bench.logs["JP"].pictures(range(4))
    for at, relation in enumerate((Relation.SAME_VICTIM, Relation.SAME_PLACE, Relation.SAME_VICTIM)):
        bench.logs["JP"].say(link_of(records[at], records[at + 1], relation=relation), kind=Kind.LINK)
    bench.send()
    found = bench.around(records[0], relation=Relation.SAME_VICTIM)
    assert {each.root for each in found.records} == set(records[:2])
    assert bench.around(records[0]).all_links == 3


def test_links_that_close_a_cycle_are_marked_and_counted() -> None:
    bench = Bench()
    records = bench.logs["JP"].pictures(range(3))
    for pair in ((0, 1), (1, 2), (0, 2), (0, 1)):
        bench.logs["JP"].say(link_of(*(records[each] for each in pair)), kind=Kind.LINK)
    bench.send()
    found = bench.around(records[0])
    assert found.cycles == 2
    assert sum(each.is_closing for each in found.links) == 2
    assert not found.links[0].is_closing


@pytest.mark.parametrize(
    ("relation", "first", "second", "clash"),
    [
        (Relation.SAME_VICTIM, {"victim_identified": Tri.YES}, {"victim_identified": Tri.NO}, Clash.VICTIM),
        (Relation.SAME_VICTIM, {"victim_identified": Tri.YES}, {}, None),
        (Relation.SAME_PLACE, {"victim_identified": Tri.YES}, {"victim_identified": Tri.NO}, None),
        (Relation.SAME_OFFENDER, {"offender_identified": Tri.YES}, {"offender_identified": Tri.NO}, Clash.OFFENDER),
        (Relation.COPY, {"category": Category(scheme="a", version="1", code="1")},
         {"category": Category(scheme="a", version="1", code="2")}, Clash.CATEGORY),
        (Relation.COPY, {"category": Category(scheme="a", version="1", code="1")},
         {"category": Category(scheme="b", version="1", code="2")}, None),
        (Relation.COPY, {"media_type": "image/png"}, {"media_type": "video/mp4"}, Clash.MEDIA),
        (Relation.COPY, {"media_type": "image/png"}, {"media_type": "image/jpeg"}, None),
        (Relation.SAME_SERIES, {"series": "Bridge"}, {"series": "Ponte"}, None),
    ],
)  # fmt: skip
def test_a_contradiction_is_what_cannot_both_be_right(
    relation: Relation, first: dict[str, object], second: dict[str, object], clash: Clash | None
) -> None:
    bench = Bench()
    records = [bench.logs["JP"].say(stated(1, **first)), bench.logs["BR"].say(stated(2, **second))]
    bench.logs["DE"].say(link_of(*records, relation=relation), kind=Kind.LINK)
    bench.send()
    found = bench.around(records[0]).contradictions
    assert [each.clash for each in found] == ([clash] if clash else [])
    assert all(set(each.records) == set(records) for each in found)


def test_our_links_that_wait_are_shown_as_not_sent_with_what_they_lead_to() -> None:
    bench = Bench()
    mine = bench.mine(1, 2)
    theirs = bench.logs["JP"].pictures([3, 4])
    bench.logs["JP"].say(link_of(*theirs), kind=Kind.LINK)
    bench.send()
    waiting = bench.link(mine[1], theirs[0])
    found = bench.around(mine[1])
    assert [each.publication for each in found.links] == [Publication.QUEUED, None]
    assert {each.root for each in found.records} == {mine[1], *theirs}
    assert [each.link for each in bench.own.page(limit=10).links] == [waiting]
    bench.publish()
    assert [each.publication for each in bench.around(mine[1]).links] == [None, None]


def test_our_own_links_are_listed_in_pages_without_those_that_ended() -> None:
    bench = Bench()
    mine = bench.mine(*range(4))
    links = [bench.link(mine[at], mine[at + 1]) for at in range(3)]
    bench.publish()
    bench.logs["JP"].say(link_of(*mine[:2]), kind=Kind.LINK)
    bench.send()
    page = bench.own.page(limit=2)
    assert ([each.link for each in page.links], page.next) == (links[:2], 2)
    rest = bench.own.page(after=2, limit=2)
    assert ([each.link for each in rest.links], rest.next) == (links[2:], None)
    bench.node.ledger.retract(links[1])
    assert [each.link for each in bench.own.page(limit=10).links] == [links[0], links[2]]


def test_the_component_of_a_link_is_that_of_its_records() -> None:
    bench = Bench()
    mine = bench.mine(1, 2)
    link = bench.logs["JP"].say(link_of(*mine), kind=Kind.LINK)
    bench.send()
    assert [each.link for each in bench.around(link).links] == [link]


def test_the_audit_log_has_who_looks_before_anything_is_read() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    bench.around(mine)
    (look,) = bench.acts()
    assert (look["what"], look["record"]) == ("links", str(mine))
