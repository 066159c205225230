"""The canonical form of a web address: the vectors of the protocol, and what holds for every text."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.address_listings import Granularity
from node.domain.addresses import Address, WebAddress, check_listable, read_address
from node.domain.host_names import shown_host
from node.errors import Misuse, Refused, VigilError

VECTORS = json.loads((Path(__file__).parents[3] / "proto" / "address_vectors.json").read_text())


class FewSuffixes:
    """`PublicSuffixes` of four names."""

    def is_registry(self, name: str) -> bool:
        return name in {"com", "org", "co.uk"}

    def is_shared(self, name: str) -> bool:
        return name == "github.io" or self.is_registry(name)


def vectors(kind: str) -> list[Any]:
    return [pytest.param(each, id=f"{each['granularity']} {ascii(each['input'])[:60]}") for each in VECTORS[kind]]


def granularity(vector: dict[str, Any]) -> Granularity:
    return Granularity[vector["granularity"].upper()]


@pytest.mark.parametrize("vector", vectors("canonical"))
def test_an_address_has_the_canonical_form_and_the_hash_of_the_protocol(vector: dict[str, Any]) -> None:
    form = read_address(vector["input"]).at(granularity(vector))
    assert form.text == vector["canonical"]
    assert form.hash.hex() == vector["sha256"]
    check_listable(form, FewSuffixes())


@pytest.mark.parametrize("vector", vectors("unreadable"))
def test_what_is_no_address_is_refused_with_a_remedy_that_repeats_nothing(vector: dict[str, Any]) -> None:
    with pytest.raises(Misuse) as caught:
        read_address(vector["input"]).at(granularity(vector))
    assert caught.value.remedy
    assert "secret" not in f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize("vector", vectors("refused"))
def test_what_is_not_public_or_belongs_to_many_is_not_listed(vector: dict[str, Any]) -> None:
    form = read_address(vector["input"]).at(granularity(vector))
    with pytest.raises(Refused) as caught:
        check_listable(form, FewSuffixes())
    assert caught.value.remedy


@pytest.mark.parametrize("vector", vectors("doubtful"))
def test_names_that_mislead_a_reader_are_doubtful(vector: dict[str, Any]) -> None:
    assert [each.value for each in read_address(vector["input"]).doubts] == vector["doubts"]


def test_a_shared_host_itself_can_be_listed() -> None:
    check_listable(read_address("http://github.io/a").at(Granularity.URL), FewSuffixes())
    check_listable(read_address("github.io").at(Granularity.HOST), FewSuffixes())


def test_an_address_is_never_read_as_more_than_was_typed() -> None:
    assert read_address("www.example.org").given is Granularity.HOST
    assert read_address("198.51.100.7:81").given is Granularity.HOST
    assert read_address("http://www.example.org").given is Granularity.URL
    assert read_address("www.example.org/a").given is Granularity.URL


def test_an_address_is_covered_by_its_host_and_by_each_domain_above_it() -> None:
    covering = read_address("http://a.b.example.org:81/x?y").covering()
    assert [(each.granularity, each.text) for each in covering] == [
        (Granularity.URL, "a.b.example.org:81/x?y"),
        (Granularity.HOST, "a.b.example.org:81"),
        (Granularity.HOST, "a.b.example.org"),
        (Granularity.DOMAIN, "a.b.example.org"),
        (Granularity.DOMAIN, "b.example.org"),
        (Granularity.DOMAIN, "example.org"),
    ]


def test_an_ip_address_is_covered_by_no_domain() -> None:
    covering = read_address("http://[2001:db8::1]/x").covering()
    assert [each.granularity for each in covering] == [Granularity.URL, Granularity.HOST]


def test_a_name_is_shown_in_its_own_letters() -> None:
    assert shown_host("xn--bcher-kva.example") == "b\u00fccher.example"
    assert shown_host("198.51.100.7") == "198.51.100.7"


TRICKY = st.one_of(st.characters(), st.sampled_from("/\\?#@:[](){}.%-_xn0aA1 \u00e9\u3002\u2665\u0663\u05d0\u200d"))
TEXTS = st.text(TRICKY, max_size=40)
A_LABELS = st.text(st.sampled_from("abxn-0123456789"), max_size=12).map(lambda each: f"xn--{each}.example")
ADDRESSES = st.one_of(
    TEXTS,
    TEXTS.map(lambda each: f"http://{each}"),
    TEXTS.map(lambda each: f"http://{each}.example/"),
    TEXTS.map(lambda each: f"http://www.example.org/{each}"),
    A_LABELS,
)


def read(text: str) -> WebAddress | None:
    """None for what is no address. Any other failure than a refusal is a fault."""
    try:
        return read_address(text)
    except VigilError:
        return None


def forms(address: WebAddress) -> list[Address]:
    wanted = [each for each in Granularity if each is not Granularity.DOMAIN or not address.is_ip]
    return [address.at(each) for each in wanted]


@given(ADDRESSES)
def test_the_canonical_form_of_any_text_is_a_fixed_point(text: str) -> None:
    address = read(text)
    for form in forms(address) if address else []:
        again = read_address(form.text)
        assert again.at(form.granularity) == form
        assert address is not None
        assert again.doubts == address.doubts
        assert form.text.isascii()
        assert form.text.isprintable()
        assert " " not in form.text
        assert form.hash == hashlib.sha256(form.text.encode()).digest()
        with suppress(Refused):
            check_listable(form, FewSuffixes())


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z][a-z0-9]{0,8}){1,3}", fullmatch=True)
PATHS = st.from_regex(r"(/[A-Za-z0-9~._-]{0,6}){0,4}(\?[a-z=&]{0,8})?", fullmatch=True)


@given(NAMES, PATHS, st.randoms(use_true_random=False))
def test_spellings_that_browsers_open_as_one_address_are_one(name: str, path: str, chance: Any) -> None:
    def escaped(text: str) -> str:
        return "".join(f"%{ord(each):02x}" if each.isalnum() and chance.random() < 0.3 else each for each in text)

    plain = read_address(f"http://{name}{path}").at(Granularity.URL)
    scheme = chance.choice(["http://", "HTTPS://", "hxxp://", "hxxps[:]//", "//", "http:\\\\"])
    host = chance.choice([name, name.upper(), f"{name}.", name.replace(".", "\u3002"), escaped(name)])
    port = chance.choice(["", ":", ":80", ":443", ":0443"])
    other = read_address(f" {scheme}{host}{port}{escaped(path)}#part\n")
    assert other.at(Granularity.URL) == plain
    assert other.at(Granularity.URL).hash == plain.hash


@given(NAMES, PATHS)
def test_every_covering_form_is_that_of_a_listing_of_its_own(name: str, path: str) -> None:
    for form in read_address(f"http://{name}:81{path}").covering():
        assert read_address(form.text).at(form.granularity) == form
