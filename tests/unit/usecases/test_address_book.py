"""Addresses taken in with their evidence, checked against the listings, and chosen for an export."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from node.domain.address_book import MAX_NOTE, Evidence
from node.domain.address_listings import AddressListing, Granularity
from node.domain.address_standing import Force, Standing
from node.domain.addresses import Address
from node.domain.handling import Handling
from node.errors import Misuse, NotFound, Refused
from node.usecases import address_book
from node.usecases.address_book import Given, Typed
from node.usecases.address_export import AddressExports
from tests.simulator.federation import TODAY
from tests.unit.usecases.address_federation import DAY, Country, Federation

PAGE = "http://bad.example/a?b"


@pytest.fixture
def federation() -> Iterator[Federation]:
    made = Federation()
    yield made
    made.close()


@pytest.fixture
def fr(federation: Federation) -> Country:
    return federation.fr


def known(country: Country) -> list[str]:
    return [each.known.address.text for each in country.book.page(0, 100).shown]


def test_a_bad_address_stops_only_itself(fr: Country) -> None:
    taken = fr.add("http://10.0.0.1/", PAGE, "not an address", "co.example", "bad.example")
    assert [each.error is None for each in taken] == [False, True, False, False, True]
    assert [type(each.error) for each in taken if each.error] == [Refused, Misuse, Refused]
    assert all(each.error.remedy for each in taken if each.error)
    assert known(fr) == ["bad.example/a?b", "bad.example"]


def test_one_address_in_two_spellings_is_new_once(fr: Country) -> None:
    fr.add(PAGE)
    taken = fr.add("HTTPS://BAD.example:443/a?b#x", "hxxp://bad[.]example/a?b")
    assert [each.new for each in taken] == [False, False]
    page = fr.book.page(0, 10)
    (shown,) = page.shown
    assert (page.total, page.next) == (1, None)
    assert len(shown.known.evidence) == 1, "the same evidence once"


def test_many_addresses_are_taken_in_by_the_batch(fr: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address_book, "BATCH", 2)
    fr.add(*(f"http://bad.example/{number}" for number in range(5)))
    assert len(known(fr)) == 5
    assert [each["addresses"] for each in fr.audited() if each["what"] == "addresses add"] == [2, 2, 1]


@pytest.mark.parametrize(
    ("evidence", "error"),
    [
        (Evidence(day=TODAY), Misuse),
        (Evidence(day=TODAY + 3, note="seen"), Misuse),
        (Evidence(day=TODAY, holding=7), NotFound),
        (Evidence(day=TODAY, note="two\nlines"), Misuse),
        (Evidence(day=TODAY, note="x" * (MAX_NOTE + 1)), Misuse),
    ],
)
def test_without_evidence_nothing_is_taken_in(fr: Country, evidence: Evidence, error: type[Exception]) -> None:
    with pytest.raises(error):
        fr.book.add([Typed(text=PAGE)], Given(evidence=evidence))
    assert known(fr) == []
    assert fr.audited()[0]["what"] == "addresses list", "nothing else was done"


@pytest.mark.parametrize("name", ["p\u0430ypal.example", "\u0440\u0430\u0443.example", "i\u2764.example"])
def test_a_name_that_misleads_a_reader_needs_a_confirmation(fr: Country, name: str) -> None:
    (taken,) = fr.add(name)
    assert isinstance(taken.error, Refused)
    assert "--confirm-unusual" in taken.error.remedy
    (taken,) = fr.add(name, unusual=True)
    assert taken.new
    assert taken.doubts


def test_a_bare_name_is_a_host_and_can_be_found_as_a_domain(fr: Country) -> None:
    fr.add("bad.example", granularity=Granularity.DOMAIN)
    assert fr.submit("bad.example")[0].error is None
    fr.add("bad.example")
    both = fr.submit("bad.example")[0]
    assert isinstance(both.error, Misuse), "which one is meant"
    assert fr.submit("bad.example", granularity=Granularity.HOST)[0].error is None
    assert isinstance(fr.submit("http://bad.example/")[0].error, NotFound), "a page is not its host"


def test_forgetting_deletes_what_is_not_listed(fr: Country) -> None:
    fr.list_(PAGE)
    fr.add("bad.example")
    with pytest.raises(Refused):
        fr.book.forget([Typed(text="bad.example"), Typed(text=PAGE)], None)
    with pytest.raises(NotFound):
        fr.book.forget([Typed(text="bad.example"), Typed(text="other.example")], None)
    assert len(known(fr)) == 2, "all or none"
    fr.book.forget([Typed(text="bad.example")], None)
    fr.withdraw(PAGE)
    fr.book.forget([Typed(text=PAGE)], None)
    assert known(fr) == []


def test_pages_of_known_addresses(fr: Country) -> None:
    fr.add(*(f"http://bad.example/{number}" for number in range(5)))
    first = fr.book.page(0, 3)
    assert first.total == 5
    assert first.next is not None
    rest = fr.book.page(first.next, 2)
    assert rest.next is None, "nothing follows a full page at the end"
    assert [each.known.address.text[-1] for each in (*first.shown, *rest.shown)] == list("01234")


# --- checks -----------------------------------------------------------------------------------------------------------


def test_what_covers_an_address_is_found_at_every_granularity(federation: Federation) -> None:
    for country in (federation.fr, federation.jp):
        country.list_("bad.example", granularity=Granularity.DOMAIN)
        country.list_("http://www.bad.example/a")
    federation.fr.list_("198.51.100.7")
    federation.settle()
    asked = ["http://www.bad.example/a", "https://x.y.bad.example:8080/", "bad.example", "http://198.51.100.7/x"]
    checked = federation.it.checks.check([Typed(text=text) for text in [*asked, "good.example", "a b"]])
    covered = [[each.address.text for each in one.covered] for one in checked]
    assert covered == [
        ["www.bad.example/a", "bad.example"],
        ["bad.example"],
        ["bad.example"],
        ["198.51.100.7"],
        [],
        [],
    ]
    assert [each.in_force for each in checked] == [True, True, True, False, False, False]
    assert [each.error is not None for each in checked] == [False] * 5 + [True]
    assert not any(each.known for one in checked for each in one.covered), "only the hashes are here"
    assert all(each.known for each in federation.fr.checks.check([Typed(text=asked[0])])[0].covered)


def test_a_listing_of_a_registry_covers_nothing(federation: Federation) -> None:
    registry = Address(granularity=Granularity.DOMAIN, text="co.example")
    for country in (federation.fr, federation.jp):
        listing = AddressListing(address=registry.hash, granularity=Granularity.DOMAIN, evidence_day=TODAY)
        country.node.ledger.state(listing, Handling())
    federation.settle()
    listed = federation.it.of("co.example", Granularity.DOMAIN)
    assert listed is not None
    assert listed.standing.force is Force.IN_FORCE, "two members say so"
    (checked,) = federation.it.checks.check([Typed(text="http://shop.co.example/")])
    assert checked.covered == ()


# --- exports ----------------------------------------------------------------------------------------------------------


def exports(country: Country) -> AddressExports:
    def write(form: str, rows: Sequence[tuple[Address, Standing]], at: int) -> tuple[Iterator[bytes], Counter[str]]:
        assert form == "plain"
        assert at == TODAY * DAY
        return iter([f"{address.text}\n".encode() for address, _ in rows]), Counter({"a reason": 1})

    return AddressExports(
        checks=country.checks, write=write, forms=["plain"], audit=country.audit, clock=country.node.world.clock
    )


def test_only_what_is_in_force_and_known_is_exported_and_the_rest_is_counted(federation: Federation) -> None:
    federation.fr.list_("http://bad.example/1", "http://bad.example/2", "http://bad.example/3")
    federation.jp.list_("http://bad.example/2", "http://bad.example/1", "http://bad.example/4")
    federation.de.list_("http://bad.example/4")
    federation.fr.add("http://bad.example/5")
    federation.settle()
    file = exports(federation.fr).begin("plain")
    data = file.piece()
    assert file.piece() == b""
    done = file.end()
    assert data == b"bad.example/1\nbad.example/2\n"
    assert (done.addresses, done.unknown, done.dormant) == (2, 1, 2)
    assert (done.size, done.sha256) == (len(data), hashlib.sha256(data).digest())
    assert done.left_out == {"a reason": 1}
    assert federation.fr.audited()[-1]["sha256_of_file"] == done.sha256.hex()


def test_an_unknown_form_is_refused_before_anything_is_recorded(fr: Country) -> None:
    with pytest.raises(Misuse):
        exports(fr).begin("exe")
    assert fr.audited() == []


def test_an_empty_export_is_a_file_too(fr: Country) -> None:
    file = exports(fr).begin("plain")
    assert file.piece() == b""
    assert file.end().addresses == 0
