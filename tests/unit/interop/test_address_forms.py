"""What filters get: a policy zone, a hosts file, CSV; and what each form cannot say."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.address_listings import Granularity
from node.domain.address_standing import Force, Standing
from node.domain.addresses import Address, read_address
from node.domain.ids import MemberId
from node.interop.address_forms import IP, LONG, MAX_ZONE_NAME, NARROWED, PORT, URL, WRITERS
from node.interop.left_out import LeftOut

AT = 1_790_000_000
SAID = Standing(force=Force.IN_FORCE, members=(MemberId("FR"), MemberId("JP")), last_day=20_092)
EVERY = [
    ("bad.example", Granularity.DOMAIN),
    ("www.bad.example", Granularity.HOST),
    ("www.bad.example:8080", Granularity.HOST),
    ("198.51.100.7", Granularity.HOST),
    ("[2001:db8::1]", Granularity.HOST),
    ("bad.example/a?b,c", Granularity.URL),
]
OWNER = re.compile(r"(?:@|(?:\*\.)?[a-z0-9_.-]+)")


def rows(*texts: tuple[str, Granularity]) -> list[tuple[Address, Standing]]:
    return [(Address(granularity=granularity, text=text), SAID) for text, granularity in texts]


def written(form: str, *texts: tuple[str, Granularity]) -> tuple[str, Counter[str]]:
    left_out = LeftOut()
    return b"".join(WRITERS[form](rows(*texts), left_out, AT)).decode("ascii"), left_out


def test_a_zone_blocks_names_and_what_is_below_a_domain() -> None:
    zone, left_out = written("rpz", *EVERY)
    assert zone.splitlines()[4:] == ["bad.example CNAME .", "*.bad.example CNAME .", "www.bad.example CNAME ."]
    assert dict(left_out) == {PORT: 1, IP: 2, URL: 1}


def test_a_zone_is_a_master_file_with_one_soa_and_one_ns() -> None:
    zone, _ = written("rpz", *EVERY)
    lines = [line for line in zone.splitlines() if not line.startswith(";")]
    assert lines[0] == "$TTL 300"
    soa = lines[1].split()
    assert soa[:3] == ["@", "IN", "SOA"]
    assert soa[5:] == [str(AT), "3600", "600", "604800", "300"]
    assert lines[2].split() == ["@", "IN", "NS", "localhost."]
    for line in lines[3:]:
        owner, kind, target = line.split(" ")
        assert OWNER.fullmatch(owner)
        assert (kind, target) == ("CNAME", ".")


def test_a_later_zone_has_a_higher_serial() -> None:
    left_out = LeftOut()
    serials = [
        int(b"".join(WRITERS["rpz"]([], left_out, at)).split(b"hostmaster.localhost. ")[1].split()[0])
        for at in (AT, AT + 1)
    ]
    assert serials[0] < serials[1]


def test_a_name_that_does_not_fit_into_a_zone_is_counted() -> None:
    name = ".".join(["a" * 49] * 4) + ".example"
    assert len(name) > MAX_ZONE_NAME
    zone, left_out = written("rpz", (name, Granularity.DOMAIN))
    assert name not in zone
    assert dict(left_out) == {LONG: 1}


def test_a_hosts_file_has_each_name_once_and_says_what_it_does_not_cover() -> None:
    hosts, left_out = written("hosts", *EVERY, ("bad.example", Granularity.HOST))
    assert hosts.splitlines()[1:] == [
        "0.0.0.0 bad.example",
        ":: bad.example",
        "0.0.0.0 www.bad.example",
        ":: www.bad.example",
    ]
    assert dict(left_out) == {NARROWED: 1, PORT: 1, IP: 2, URL: 1}


def test_csv_has_every_address() -> None:
    text, left_out = written("csv", *EVERY)
    read = list(csv.DictReader(io.StringIO(text)))
    assert [(each["address"], each["granularity"]) for each in read] == [
        (text, granularity.name.lower()) for text, granularity in EVERY
    ]
    assert read[0]["sha256"] == read_address("bad.example").at(Granularity.DOMAIN).hash.hex()
    assert {each["members"] for each in read} == {"FR JP"}
    assert {each["in_force_until"] for each in read} == {"2025-01-04"}
    assert not left_out


def test_no_cell_is_a_formula() -> None:
    text, _ = written("csv", ("-1.example", Granularity.HOST))
    assert "'-1.example" in text


@pytest.mark.parametrize("form", sorted(WRITERS))
def test_the_same_addresses_give_the_same_bytes(form: str) -> None:
    assert written(form, *EVERY) == written(form, *EVERY)


NAMES = st.from_regex(r"[a-z0-9_-]{1,9}(\.[a-z0-9_-]{1,9}){0,2}\.example", fullmatch=True)


@given(st.lists(st.tuples(NAMES, st.sampled_from([Granularity.DOMAIN, Granularity.HOST])), max_size=5))
def test_every_name_in_a_zone_is_one_that_was_listed(texts: list[tuple[str, Granularity]]) -> None:
    zone, _ = written("rpz", *texts)
    every = [line.split(" ")[0] for line in zone.splitlines()[4:]]
    owners = set(every)
    assert len(every) == len(owners), "each once"
    domains = {text for text, granularity in texts if granularity is Granularity.DOMAIN}
    assert owners == {text for text, _ in texts} | {f"*.{text}" for text in domains}
