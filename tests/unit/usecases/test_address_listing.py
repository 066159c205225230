"""Listing addresses with the federation: in force with two members, for three months, unless disputed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node.domain.address_book import Evidence
from node.domain.address_listings import Granularity
from node.domain.address_standing import VALID_DAYS, Force
from node.domain.envelope import Kind
from node.domain.ids import MemberId
from node.domain.roster import MemberStatus
from node.domain.wording import Terms
from node.errors import Misuse, NotFound, Refused
from node.usecases import listed_addresses
from node.usecases.address_book import Given, Typed
from node.usecases.address_listing import Done
from node.usecases.consent import Consent
from node.usecases.listing_filing import file_all
from tests.contracts.holdings import put
from tests.simulator.federation import TODAY, roster
from tests.simulator.world import CODEC
from tests.unit.usecases.address_federation import SPEAKERS, Country, Federation, kinds_in

PAGE = "http://bad.example/a?b"


@pytest.fixture
def federation() -> Iterator[Federation]:
    made = Federation()
    yield made
    made.close()


def force(country: Country, text: str = PAGE, granularity: Granularity | None = None) -> Force:
    listed = country.of(text, granularity)
    return listed.standing.force if listed else Force.UNLISTED


def test_an_address_is_in_force_once_two_members_list_it(federation: Federation) -> None:
    (first,) = federation.fr.list_(PAGE)
    assert (first.done, first.error) == (Done.LISTED, None)
    federation.settle()
    assert force(federation.it) is Force.TOO_FEW
    federation.jp.list_("HTTPS://BAD.example:443/a?b#c")
    federation.settle()
    for country in federation.countries.values():
        listed = country.of(PAGE)
        assert listed is not None
        assert listed.standing.force is Force.IN_FORCE
        assert listed.standing.members == ("FR", "JP")
        assert listed.standing.last_day == TODAY + VALID_DAYS


def test_another_granularity_is_another_address(federation: Federation) -> None:
    federation.fr.list_("bad.example", granularity=Granularity.DOMAIN)
    federation.jp.list_("bad.example", granularity=Granularity.HOST)
    federation.settle()
    assert force(federation.it, "bad.example", Granularity.DOMAIN) is Force.TOO_FEW
    assert force(federation.it, "bad.example", Granularity.HOST) is Force.TOO_FEW


def test_a_listing_counts_for_three_months_and_a_renewal_for_three_more(federation: Federation) -> None:
    federation.fr.list_(PAGE)
    federation.jp.list_(PAGE)
    federation.settle()
    federation.days_pass(VALID_DAYS)
    assert force(federation.de) is Force.IN_FORCE
    federation.days_pass(1)
    assert force(federation.de) is Force.UNLISTED
    later = TODAY + VALID_DAYS + 1
    assert [each.done for each in federation.fr.submit(PAGE)] == [Done.REFUSED], "nobody has looked at it again"
    for country in (federation.fr, federation.jp):
        assert [each.done for each in country.list_(PAGE, day=later)] == [Done.RENEWED]
    federation.settle()
    listed = federation.de.of(PAGE)
    assert listed is not None
    assert listed.standing.force is Force.IN_FORCE
    assert len(listed.listings) == 2, "a renewal replaces the listing"
    assert kinds_in(federation.fr.node) == [Kind.ADDRESS_LISTING, Kind.REVISION]


def test_listing_again_with_the_same_evidence_changes_nothing(federation: Federation) -> None:
    federation.fr.list_(PAGE)
    assert [each.done for each in federation.fr.submit(PAGE)] == [Done.UNCHANGED]
    federation.settle()
    assert [each.done for each in federation.fr.submit(PAGE)] == [Done.UNCHANGED]
    assert kinds_in(federation.fr.node) == [Kind.ADDRESS_LISTING]


def test_a_listing_that_was_never_sent_is_replaced_and_withdrawn_without_a_trace(federation: Federation) -> None:
    federation.fr.list_(PAGE, day=TODAY - 5)
    assert [each.done for each in federation.fr.list_(PAGE)] == [Done.RENEWED]
    assert [each.done for each in federation.fr.withdraw(PAGE)] == [Done.WITHDRAWN]
    federation.settle()
    assert kinds_in(federation.fr.node) == []
    assert force(federation.it) is Force.UNLISTED


def test_a_renewal_that_waits_is_withdrawn_with_what_it_renews(federation: Federation) -> None:
    federation.fr.list_(PAGE, day=TODAY - 5)
    federation.settle()
    federation.fr.list_(PAGE)
    assert [each.done for each in federation.fr.withdraw(PAGE)] == [Done.WITHDRAWN]
    federation.settle()
    assert kinds_in(federation.fr.node) == [Kind.ADDRESS_LISTING, Kind.RETRACTION]
    assert federation.it.of(PAGE) is None


def test_a_withdrawal_ends_a_listing_everywhere_and_leaves_no_hash(federation: Federation) -> None:
    federation.fr.list_(PAGE)
    federation.jp.list_(PAGE)
    federation.settle()
    assert [each.done for each in federation.fr.withdraw(PAGE)] == [Done.WITHDRAWN]
    assert federation.fr.lists() == 0
    federation.settle()
    for country in federation.countries.values():
        assert force(country) is Force.TOO_FEW
    with federation.it.node.store.read() as tx:
        assert dict(tx.count_listings()) == {federation.jp.node.origin: 1}
    assert [each.done for each in federation.fr.withdraw(PAGE)] == [Done.REFUSED]
    assert [each.done for each in federation.fr.submit(PAGE)] == [Done.LISTED], "it can be listed again"


def test_as_many_disputes_as_listings_put_an_address_under_review(federation: Federation) -> None:
    federation.fr.list_(PAGE)
    federation.jp.list_(PAGE)
    federation.settle()
    said = federation.it.listings.dispute(Typed(text=PAGE), None, "a news site")
    assert len(said.records) == 2, "of each listing"
    federation.settle()
    listed = federation.de.of(PAGE)
    assert listed is not None
    assert listed.standing.force is Force.IN_FORCE
    assert listed.standing.disputed_by == ("IT",)
    federation.de.listings.dispute(Typed(text=PAGE), None, "")
    federation.settle()
    for country in federation.countries.values():
        assert force(country) is Force.UNDER_REVIEW


def test_a_dispute_stays_with_a_renewed_listing_and_ends_when_it_is_retracted(federation: Federation) -> None:
    federation.fr.list_(PAGE, day=TODAY - 9)
    federation.jp.list_(PAGE, day=TODAY - 9)
    federation.settle()
    said = federation.it.listings.dispute(Typed(text=PAGE), None, "")
    federation.settle()
    federation.fr.list_(PAGE)
    federation.jp.list_(PAGE)
    federation.settle()
    listed = federation.de.of(PAGE)
    assert listed is not None
    assert listed.standing.disputed_by == ("IT",)
    federation.it.node.ledger.retract_all(list(said.records))
    federation.settle()
    listed = federation.de.of(PAGE)
    assert listed is not None
    assert listed.standing.disputed_by == ()


def test_only_what_another_lists_can_be_disputed(federation: Federation) -> None:
    federation.fr.list_(PAGE)
    with pytest.raises(NotFound):
        federation.fr.listings.dispute(Typed(text=PAGE), None, "")
    with pytest.raises(NotFound):
        federation.it.listings.dispute(Typed(text="http://other.example/"), None, "")


def test_a_member_that_is_suspended_does_not_count(federation: Federation) -> None:
    federation.fr.list_(PAGE)
    federation.jp.list_(PAGE)
    federation.settle()
    federation.world.roster = roster(*SPEAKERS, JP=MemberStatus.SUSPENDED)
    assert force(federation.de) is Force.TOO_FEW


def test_a_listing_is_for_its_audience_alone(federation: Federation) -> None:
    terms = Terms(audience=(MemberId("DE"),))
    federation.fr.add(PAGE)
    federation.fr.listings.submit([Typed(text=PAGE)], None, terms, Consent())
    federation.settle()
    assert force(federation.de) is Force.TOO_FEW
    assert federation.it.of(PAGE) is None


def test_a_flooding_member_counts_with_its_first_listings_alone(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [f"http://bad.example/{number}" for number in range(4)]
    federation.fr.list_(*pages)
    federation.jp.list_(*pages)
    federation.settle()
    monkeypatch.setattr(listed_addresses, "MEMBER_LISTINGS", 2)
    assert [force(federation.it, page) for page in pages] == [Force.IN_FORCE] * 2 + [Force.UNLISTED] * 2
    listed = federation.it.of(pages[3])
    assert listed is not None
    assert listed.left_out == 2


def test_many_need_a_yes(federation: Federation) -> None:
    pages = [f"http://bad.example/{number}" for number in range(11)]
    federation.fr.add(*pages)
    typed = [Typed(text=page) for page in pages]
    with pytest.raises(Misuse):
        federation.fr.listings.submit(typed, None, Terms(), Consent())
    assert [each.done for each in federation.fr.submit(*pages)] == [Done.LISTED] * 11


def test_what_cannot_be_listed_stops_only_itself(federation: Federation) -> None:
    federation.fr.add(PAGE)
    federation.fr.add("http://old.example/", day=TODAY - VALID_DAYS - 1)
    done = federation.fr.submit("http://unknown.example/", "http://old.example/", PAGE)
    assert [each.done for each in done] == [Done.REFUSED, Done.REFUSED, Done.LISTED]
    assert [type(each.error) for each in done] == [NotFound, Refused, type(None)]
    assert all(each.error.remedy for each in done if each.error)


def test_our_listings_that_end_soon_are_due(federation: Federation) -> None:
    federation.fr.list_("http://bad.example/1", day=TODAY - 60)
    federation.fr.list_("http://bad.example/2", day=TODAY - 80)
    federation.fr.list_("http://bad.example/3")
    federation.fr.add("http://bad.example/4", day=TODAY - 90)
    due = federation.fr.listings.due(14)
    assert [(each.known.address.text, each.last_day - TODAY) for each in due] == [("bad.example/2", 12)]
    federation.days_pass(VALID_DAYS + 30)
    assert [each.known.address.text[-1] for each in federation.fr.listings.due(14)] == ["2", "1", "3"]


def test_a_listing_whose_evidence_is_gone_is_due(federation: Federation) -> None:
    with federation.fr.node.store.write() as tx:
        holding = put(tx, "a screenshot")
    given = Given(evidence=Evidence(day=TODAY, holding=holding))
    federation.fr.book.add([Typed(text=PAGE)], given)
    federation.fr.submit(PAGE)
    assert federation.fr.listings.due(14) == []
    with federation.fr.node.store.write() as tx:
        tx.delete_holding(holding)
    assert [each.known.evidence for each in federation.fr.listings.due(14)] == [()]
    (refused,) = federation.fr.submit(PAGE)
    assert isinstance(refused.error, Refused)


def test_listings_that_an_older_program_stored_are_filed_at_the_start(federation: Federation) -> None:
    federation.fr.list_(PAGE)
    federation.settle()
    node = federation.it.node
    before = dict(node.store._state.addresses.listings)
    assert before
    with node.store.write() as tx:
        tx.forget_all_listings()
        tx.set_setting("address-listings-filed", b"")
    node.catalogue.start()
    assert node.store._state.addresses.listings == before
    with node.store.write() as tx:
        tx.forget_all_listings()
    node.catalogue.start()
    assert node.store._state.addresses.listings == {}, "once is enough"


def test_the_rows_are_the_same_when_they_are_filed_again(federation: Federation) -> None:
    pages = [f"http://bad.example/{number}" for number in range(5)]
    federation.fr.list_(*pages, day=TODAY - 3)
    federation.jp.list_(*pages)
    federation.settle()
    federation.fr.list_(*pages[:2])
    federation.fr.withdraw(pages[4])
    federation.settle()
    before = dict(federation.it.node.store._state.addresses.listings)
    assert len(before) == 9
    file_all(federation.it.node.store, CODEC)
    assert federation.it.node.store._state.addresses.listings == before


def test_the_audit_log_has_numbers_and_digests_and_no_address(federation: Federation) -> None:
    federation.fr.list_(PAGE, "http://bad.example/other")
    federation.jp.list_(PAGE)
    federation.settle()
    federation.it.listings.dispute(Typed(text=PAGE), None, "bad.example is a news site")
    federation.fr.checks.check([Typed(text=PAGE)])
    federation.fr.checks.exportable("csv")
    federation.fr.book.page(0, 10)
    federation.fr.withdraw(PAGE)
    federation.fr.book.forget([Typed(text=PAGE)], None)
    bodies = federation.fr.audited() + federation.it.audited()
    assert "bad.example" not in str(bodies)
    what = [each["what"] for each in bodies if each["what"] != "outcome"]
    assert what == [
        "addresses add",
        "addresses submit",
        "addresses check",
        "addresses export",
        "addresses list",
        "addresses withdraw",
        "addresses forget",
        "addresses dispute",
    ]
