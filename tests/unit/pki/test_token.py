"""A token is read back as it was printed, or it is refused with a hint."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.ids import MemberId, parse_spiffe_id, spiffe_id, spoken
from node.domain.token import PREFIX, Token, address, format_token, parse_token
from node.errors import Malformed, Misuse
from tests.unit.pki.example_token import TEXT, TOKEN
from tests.unit.pki.federation import FEDERATION, FR

tokens = st.builds(
    Token,
    federation=st.just(FEDERATION),
    member=st.from_regex(r"[A-Z][A-Z0-9-]{1,15}", fullmatch=True).map(MemberId),
    hub=st.from_regex(r"[a-z0-9]{1,60}:[1-9][0-9]{0,3}", fullmatch=True),
    enrolment=st.just("127.0.0.1:65535"),
    ca_sha256=st.binary(min_size=32, max_size=32),
    root_version=st.integers(0, 2**32 - 1),
    root_sha256=st.binary(min_size=32, max_size=32),
    secret=st.binary(min_size=32, max_size=32),
    expires=st.integers(0, 2**64 - 1),
)


@given(token=tokens)
def test_every_token_comes_back_as_it_was(token: Token) -> None:
    assert parse_token(format_token(token)) == token


def test_a_token_is_one_word_that_can_be_pasted() -> None:
    assert TEXT.startswith(PREFIX)
    assert TEXT.split() == [TEXT]
    assert len(TEXT) < 400


@settings(max_examples=300)
@given(place=st.integers(0, len(TEXT) - 1), letter=st.sampled_from("Aaz09-_.= \n+/é"))
def test_a_slip_in_copying_is_told(place: int, letter: str) -> None:
    wrong = TEXT[:place] + letter + TEXT[place + 1 :]
    if wrong == TEXT:
        return
    with pytest.raises(Malformed):
        parse_token(wrong)


def test_a_slip_is_called_one() -> None:
    middle = len(TEXT) // 2
    with pytest.raises(Malformed, match="copying error"):
        parse_token(TEXT[:middle] + ("A" if TEXT[middle] != "A" else "B") + TEXT[middle + 1 :])


@given(cut=st.integers(0, len(TEXT) - 1))
def test_a_cut_token_is_told(cut: int) -> None:
    for part in (TEXT[:cut], TEXT[cut + 1 :], TEXT + TEXT[:cut] + "A"):
        with pytest.raises(Malformed):
            parse_token(part)


@given(junk=st.text(max_size=200))
def test_junk_is_no_token(junk: str) -> None:
    for text in (junk, PREFIX + junk):
        with pytest.raises(Malformed):
            parse_token(text)


@pytest.mark.parametrize(
    "change",
    [
        {"hub": "HUB:1"},
        {"hub": "hub"},
        {"enrolment": "hub:0"},
        {"secret": b"short"},
        {"ca_sha256": b""},
        {"root_version": -1},
        {"expires": 2**64},
        {"member": "fr"},
        {"hub": "a" * 260 + ":1"},
    ],
)
def test_a_token_that_could_not_be_read_back_is_not_made(change: dict[str, object]) -> None:
    with pytest.raises(Misuse):
        format_token(replace(TOKEN, **change))  # type: ignore[arg-type]


def test_the_secret_is_in_no_repr() -> None:
    assert TOKEN.secret.hex() not in repr(TOKEN)
    assert repr(TOKEN.secret) not in repr(TOKEN)


@pytest.mark.parametrize("text", ["a:1", "hub.example.org:7443", "127.0.0.1:65535", "[::1]:443"])
def test_addresses_are_host_and_port(text: str) -> None:
    assert address(text) == text


@pytest.mark.parametrize(
    "text", ["", "a", "a:", ":1", "a:0", "a:01", "a:65536", "a:1 ", "http://a:1", "A:1", "a b:1", "a:1\n", "-a:1"]
)
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(Malformed):
        address(text)


def test_digits_are_spoken_in_short_groups() -> None:
    assert spoken(bytes(range(32))) == "0001 0203 0405 0607 0809 0a0b 0c0d 0e0f"


def test_a_certificates_name_is_read_back_strictly() -> None:
    assert parse_spiffe_id(spiffe_id(FEDERATION, FR)) == (FEDERATION, FR)
    for wrong in (
        "",
        "spiffe://federation.example/hub",
        "spiffe://federation.example/member/fr",
        "spiffe://federation.example/member/FR/",
        "spiffe://federation.example/member/FR/JP",
        "https://federation.example/member/FR",
        "spiffe:///member/FR",
        "spiffe://FEDERATION.example/member/FR",
        "spiffe://federation.example/member/FR\n",
    ):
        with pytest.raises(Malformed):
            parse_spiffe_id(wrong)
