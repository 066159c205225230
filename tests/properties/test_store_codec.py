"""What is sealed is opened as it was, and what is cut short is called damaged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure
from node.errors import Damaged, Misuse
from node.store import codec

NONCES = st.one_of(st.binary(min_size=32, max_size=32), st.binary(max_size=255))
DISCLOSURES = st.one_of(
    st.builds(Disclosure, nonce=NONCES, body=st.binary(max_size=300), handling_nonce=NONCES, handling=st.binary()),
    st.just(Disclosure(nonce=b"", body=b"", handling_nonce=b"", handling=b"")),
)


def columns(rows: list[Disclosure]) -> codec.Columns:
    return codec.Columns(
        [row.nonce for row in rows],
        [row.body for row in rows],
        [row.handling_nonce for row in rows],
        [row.handling for row in rows],
    )


@given(st.lists(DISCLOSURES, max_size=20))
def test_columns_come_back_as_they_went_in(rows: list[Disclosure]) -> None:
    sealed = codec.seal_columns(*columns(rows))
    assert len(sealed) == len(rows)
    assert codec.open_columns(sealed) == columns(rows)


@given(DISCLOSURES)
def test_one_is_sealed_as_a_column_of_one(row: Disclosure) -> None:
    assert codec.seal(row) == codec.seal_columns(*columns([row]))[0]
    assert codec.open_disclosure(codec.seal(row)) == row


def test_the_bytes_are_these() -> None:
    row = Disclosure(nonce=b"nn", body=b"body", handling_nonce=b"h", handling=b"xyz")
    assert codec.seal(row) == b"\x02\x01\x00\x00\x00\x03" + b"nn" + b"h" + b"xyz" + b"body"


def test_an_absent_disclosure_takes_no_bytes() -> None:
    assert codec.seal(Disclosure(nonce=b"", body=b"", handling_nonce=b"", handling=b"")) == b""


@given(DISCLOSURES.filter(lambda row: bool(row.nonce)), st.data())
def test_a_row_cut_before_its_body_is_damaged(row: Disclosure, data: st.DataObject) -> None:
    sealed = codec.seal(row)
    cut = data.draw(st.integers(1, len(sealed) - len(row.body) - 1))
    with pytest.raises(Damaged):
        codec.open_disclosure(sealed[:cut])
    with pytest.raises(Damaged):
        codec.open_columns([b"", sealed[:cut], sealed])


def test_a_nonce_too_long_to_be_one_is_refused() -> None:
    with pytest.raises(Misuse):
        codec.seal(Disclosure(nonce=bytes(256), body=b"", handling_nonce=b"", handling=b""))


def test_every_state_is_one_byte_and_a_repaired_body_is_shown_as_held() -> None:
    stored = [codec.state_byte(state) for state in BodyState]
    assert {len(each) for each in [*stored, codec.REPAIRED]} == {1}
    assert codec.REPAIRED not in stored
    assert codec.shown_states([*stored, codec.REPAIRED]) == bytes([*BodyState, BodyState.HELD])
