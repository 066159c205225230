"""Single values: what is taken, and what is bad."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.fingerprint_kinds import MD5, PDQ, SHA1, SHA256, FingerprintKind
from node.domain.references import EMPTY_DIGESTS, EMPTY_INPUT, PLACEHOLDER
from node.domain.statements import Tri
from node.interop.hash_values import MAX_SIZE, digest, flag, is_date, photodna, refusal, size

KINDS = (MD5, SHA1, SHA256, PDQ)
WIDE = {48 + n: 0xFF10 + n for n in range(10)}  # the digits of East Asian typewriters
ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text()), st.binary())


@given(st.sampled_from(KINDS), st.binary(min_size=32, max_size=32), st.sampled_from(("", " ", "\t", "\r\n")))
def test_digits_of_either_case_are_a_hash(kind: FingerprintKind, value: bytes, space: str) -> None:
    value = value[: kind.size]
    assert digest(kind, space + value.hex().upper() + space) == value
    assert digest(kind, value.hex()) == value


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_hash_of_its_kind(kind: FingerprintKind) -> None:
    digits = "3f" * kind.size
    inner_space = digits[:2] + "  " + digits[4:]
    for bad in (
        "",
        digits[1:],
        digits[2:],
        digits + "0",
        digits + "00",
        "g" + digits[1:],
        inner_space,
        "0x" + digits[2:],
    ):
        assert digest(kind, bad) is None, bad
    assert digest(kind, ("12" * kind.size).translate(WIDE)) is None
    others: tuple[object, ...] = (None, 12, int("12" * kind.size), True, digits.encode(), [digits])
    for other in others:
        assert digest(kind, other) is None, other


@given(st.binary(min_size=144, max_size=144).filter(any))
def test_photodna_is_base64_or_hex(value: bytes) -> None:
    text = base64.b64encode(value).decode()
    assert photodna(text) == photodna(f" {text}\n") == photodna(value.hex()) == photodna(value.hex().upper()) == value


def test_photodna_is_strict() -> None:
    value = bytes(range(1, 145))
    text = base64.b64encode(value).decode()
    short = base64.b64encode(value[:141]).decode()
    long = base64.b64encode(value + b"\1").decode()
    zeros = base64.b64encode(bytes(144)).decode()
    inner = (text[:9] + "!" + text[9:], text[:9] + "\n" + text[9:], text[:9] + "=" + text[9:], text[:-1] + "-")
    for bad in ("", short, long, zeros, bytes(144).hex(), text + "====", value.hex()[:-1], *inner, None, 3, value):
        assert photodna(bad) is None, bad


YES: tuple[object, ...] = (True, 1, "1", "true", "True", "YES", "y", " T ")
NO: tuple[object, ...] = (False, 0, "0", "false", "FALSE", "No", "n", "f")
UNSAID: tuple[object, ...] = (None, "", "  ")
NO_FLAG: tuple[object, ...] = ("maybe", 2, -1, 1.5, "10", "ja", [], {}, [True], "unknown")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((each, (Tri.YES, False)) for each in YES),
        *((each, (Tri.NO, False)) for each in NO),
        *((each, (Tri.UNKNOWN, False)) for each in UNSAID),
        *((each, (Tri.UNKNOWN, True)) for each in NO_FLAG),
    ],
)
def test_flags(value: object, expected: tuple[Tri, bool]) -> None:
    assert flag(value) == expected


SIZES: tuple[tuple[object, int], ...] = (
    (0, 0),
    ("0", 0),
    ("00012", 12),
    (" 12 ", 12),
    (2**53 + 1, 2**53 + 1),
    (str(2**53 + 1), 2**53 + 1),
    (MAX_SIZE, MAX_SIZE),
    (str(MAX_SIZE), MAX_SIZE),
    (None, -1),
    ("", -1),
    (" ", -1),
)
BAD_SIZES: tuple[object, ...] = (MAX_SIZE + 1, str(MAX_SIZE + 1), -1, "-1", "+1", 1.0, 1e999, True, "1 kB", "²", [], {})
NO_SIZES: tuple[object, ...] = (*BAD_SIZES, "9" * 5_000, "1_000", "12".translate(WIDE))


@pytest.mark.parametrize(
    ("value", "expected"),
    [*((value, (most, False)) for value, most in SIZES), *((value, (-1, True)) for value in NO_SIZES)],
)
def test_sizes(value: object, expected: tuple[int, bool]) -> None:
    assert size(value) == expected


def test_dates() -> None:
    good = (None, "", "2019-01-02", "2024-05-06T07:08:09Z", "2024-05-06T07:08:09.0000123Z", "2023-06-07T02:31:49.8300Z")
    for each in (*good, "2024-05-06T07:08:09.010+02:00"):
        assert is_date(each), each
    bad: tuple[object, ...] = (
        "2024-05-06T07:08:09.010+02:00Z",
        "2024-05-06T07:08:09.010+2:00Z",
        "2024-13-06",
        "yesterday",
        20240506,
        [],
    )
    for value in bad:
        assert not is_date(value), value


def test_hashes_that_refuse_their_row() -> None:
    good = bytes(range(16))
    assert refusal() == refusal(b"") == refusal(good, b"") == ""
    for empty in EMPTY_DIGESTS:
        assert refusal(good, empty) == EMPTY_INPUT
    for length in (16, 20, 32):
        assert refusal(good, bytes(length)) == PLACEHOLDER


@given(ANYTHING, st.sampled_from(KINDS))
def test_no_value_raises(value: Any, kind: FingerprintKind) -> None:
    found = digest(kind, value)
    assert found is None or len(found) == kind.size
    found = photodna(value)
    assert found is None or len(found) == 144
    assert flag(value)[0] in Tri
    assert -1 <= size(value)[0] <= MAX_SIZE
    assert is_date(value) in (True, False)
