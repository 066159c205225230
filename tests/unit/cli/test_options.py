"""Options are read strictly: one spelling a value, and a usage error that says which."""

import datetime as dt
from collections.abc import Callable

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from node.cli import options
from node.domain import calendar

MEMBERS = st.from_regex(r"[A-Z][A-Z0-9-]{1,15}", fullmatch=True)
WORDS = st.from_regex(r"[a-z0-9.-]{1,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5s", 5.0),
        ("500ms", 0.5),
        ("2m", 120.0),
        ("48h", 172_800.0),
        ("30d", 2_592_000.0),
        ("0.5s", 0.5),
        ("1ms", 0.001),
    ],
)
def test_a_time_is_a_number_and_its_unit(text: str, seconds: float) -> None:
    assert options.duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "5", "s", "-5s", "+5s", "5 s", "05s", "5S", "1e3s", "5s5s", "0s", "0.0001s", "inf", "nan", "367d", "\u0665s"],
)
def test_a_time_without_unit_or_of_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        options.duration(text)


@given(st.integers(min_value=1, max_value=options.MAX_DURATION_SECONDS * 1000))
def test_every_time_of_whole_milliseconds_is_read_as_it_is_spelt(milliseconds: int) -> None:
    assert options.duration(f"{milliseconds / 1000:.3f}s") == milliseconds / 1000


@given(st.dates(min_value=dt.date(1970, 1, 2)))
def test_every_day_is_read_as_it_is_spelt(date: dt.date) -> None:
    assert calendar.spell_day(options.day(date.isoformat())) == date.isoformat()


def test_a_day_counts_from_the_first_of_1970() -> None:
    assert options.day("1970-01-02") == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1969-12-31",
        "1970-01-01",
        "2031",
        "2031-2-3",
        "20310203",
        "2031-02-30",
        "2031-W01-1",
        "03/02/2031",
        "2031-02-03 ",
    ],
)
def test_a_day_that_does_not_exist_or_is_spelt_otherwise_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        options.day(text)


@given(st.lists(MEMBERS, min_size=1, max_size=9, unique=True))
def test_members_are_read_as_they_are_spelt(names: list[str]) -> None:
    assert options.members(",".join(names)) == tuple(names)


@pytest.mark.parametrize("text", ["", "FR,", ",FR", "FR, JP", "fr", "FR;JP", "FR,FR", "F", "everyone"])
def test_members_that_are_empty_double_or_misspelt_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        options.members(text)


def test_everyone_is_an_audience_of_its_own() -> None:
    assert options.audience("everyone") == ("everyone",)
    assert options.audience("FR,JP") == ("FR", "JP")


@given(WORDS, WORDS, WORDS)
def test_a_category_has_its_scheme_and_its_version(scheme: str, version: str, code: str) -> None:
    assert options.category(f"{scheme}:{version}:{code}") == f"{scheme}:{version}:{code}"


@pytest.mark.parametrize("text", ["", "1", "icse:1", "icse::1", "icse:1:2:3", "icse:1:a b", ":1:1"])
def test_a_bare_category_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        options.category(text)


@pytest.mark.parametrize("text", ["hub.example.org:8443", "127.0.0.1:0", "[2001:db8::1]:65535", "localhost:1"])
def test_an_address_is_a_host_and_a_port(text: str) -> None:
    assert options.address(text) == text


@pytest.mark.parametrize(
    "text", ["", "host", "host:", ":1", "host:65536", "host:01", "host:-1", "::1:80", "a b:1", "h:x"]
)
def test_an_address_without_host_or_port_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        options.address(text)


@given(st.binary(min_size=32, max_size=32))
def test_a_record_is_named_whole_or_by_its_first_digits(leaf: bytes) -> None:
    whole = f"vigil.example/FR/log/1#{leaf.hex()}"
    assert options.record(whole) == whole
    assert options.record(leaf.hex()[:8]) == leaf.hex()[:8]
    assert options.sha256(leaf.hex().upper()) == leaf.hex()
    assert options.query_id(leaf[:16].hex()) == leaf[:16].hex()


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (options.record, ""),
        (options.record, "abcdef0"),
        (options.record, "ABCDEF01"),
        (options.record, "x#abcdef01"),
        (options.record, "a" * 65),
        (options.sha256, "a" * 63),
        (options.sha256, "g" * 64),
        (options.query_id, "a" * 64),
        (options.federation, "Example"),
        (options.member, "FR\n"),
    ],
)
def test_an_id_that_is_cut_short_or_misspelt_is_refused(reader: Callable[[str], object], text: str) -> None:
    with pytest.raises(typer.BadParameter):
        reader(text)
