"""Every pair of `ProtoCodec` comes back as it went in, and no bytes get out of decoding but as `Malformed`."""

import functools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.envelope import Kind, replaced_by
from node.domain.handling import Handling
from node.domain.queries import Answer, QueryHeader, QueryPayload
from node.domain.statements import KIND_OF as COOPERATION_KINDS
from node.domain.statements import Comment, Contribution, Cooperation, NotUnderstood, Opinion, Retraction, Statement
from node.errors import Malformed
from node.wire.convert import ProtoCodec
from tests.properties import wire_strategies as wire

codec = ProtoCodec()
KIND_OF: dict[Any, Kind] = {
    Contribution: Kind.CONTRIBUTION,
    Retraction: Kind.RETRACTION,
    Opinion: Kind.OPINION,
    Comment: Kind.COMMENT,
}
KIND_OF.update(COOPERATION_KINDS)


@given(wire.statements())
def test_a_statement_comes_back_from_its_body(statement: Statement) -> None:
    assert codec.decode_body(KIND_OF[type(statement)], codec.encode_body(statement)) == statement


@given(wire.contributions())
def test_a_correction_carries_a_contribution(contribution: Contribution) -> None:
    assert codec.decode_body(Kind.CORRECTION, codec.encode_body(contribution)) == contribution


@given(wire.cooperation())
def test_a_revision_carries_what_can_be_revised_and_nothing_else(statement: Cooperation) -> None:
    body = codec.encode_body(statement)
    if replaced_by(COOPERATION_KINDS[type(statement)]) == Kind.REVISION:
        assert codec.decode_body(Kind.REVISION, body) == statement
    else:
        with pytest.raises(Malformed, match="another kind"):
            codec.decode_body(Kind.REVISION, body)


@given(wire.cooperation(), st.integers(15, 127))
def test_a_kind_of_a_later_version_is_not_understood(statement: Cooperation, kind: int) -> None:
    assert isinstance(codec.decode_body(kind, codec.encode_body(statement)), NotUnderstood)


@given(wire.statements(), st.sampled_from(sorted(KIND_OF.values())))
def test_a_body_cannot_be_read_as_another_kind(statement: Statement, kind: Kind) -> None:
    body = codec.encode_body(statement)
    if kind == KIND_OF[type(statement)]:
        codec.decode_body(kind, body)
    else:
        with pytest.raises(Malformed, match="another kind"):
            codec.decode_body(kind, body)


@given(wire.handlings())
def test_a_handling_comes_back(handling: Handling) -> None:
    assert codec.decode_handling(codec.encode_handling(handling)) == handling


@given(wire.headers())
def test_a_query_header_comes_back(header: QueryHeader) -> None:
    assert codec.decode_header(codec.encode_header(header)) == header


@given(wire.payloads())
def test_a_query_payload_comes_back(payload: QueryPayload) -> None:
    assert codec.decode_payload(codec.encode_payload(payload)) == payload


@given(wire.answers())
def test_an_answer_comes_back(answer: Answer) -> None:
    assert codec.decode_answer(codec.encode_answer(answer)) == answer


def _decoders() -> list[Callable[[bytes], Any]]:
    bodies = [functools.partial(codec.decode_body, kind) for kind in (*KIND_OF.values(), 2, 6, 200)]
    return [*bodies, codec.decode_handling, codec.decode_header, codec.decode_payload, codec.decode_answer]


@given(st.binary(max_size=200))
def test_no_bytes_let_anything_out_but_malformed(data: bytes) -> None:
    for decode in _decoders():
        try:
            decode(data)
        except Malformed:
            continue


@given(
    st.one_of(
        wire.statements().map(codec.encode_body),
        wire.handlings().map(codec.encode_handling),
        wire.headers().map(codec.encode_header),
        wire.payloads().map(codec.encode_payload),
        wire.answers().map(codec.encode_answer),
    ),
    st.data(),
)
def test_no_damaged_bytes_let_anything_out_but_malformed(data: bytes, choose: st.DataObject) -> None:
    at = choose.draw(st.integers(0, len(data) - 1))
    damaged = data[:at] + bytes((choose.draw(st.integers(0, 255)),)) + data[at + 1 :]
    for decode in _decoders():
        try:
            decode(damaged)
        except Malformed:
            continue
