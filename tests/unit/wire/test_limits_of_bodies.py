"""Limits hold both ways: what is past them is our misuse when we write it, and malformed when a peer does."""

from typing import Any

import pytest

from node.domain import statements as say
from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import FRAME, MD5, PDQ, SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.ids import MemberId
from node.domain.queries import Answer, MatchRule, Outcome, QueryPayload, Subject
from node.errors import Malformed, Misuse
from node.wire.convert import ProtoCodec
from node.wire.pb import record_pb2 as pb

codec = ProtoCodec()
LONG = "x" * (say.MAX_TEXT + 1)
WORDY = "x" * 129
SOUND = Fingerprint(code=SHA256.code, value=bytes(32))


def _said(**fields: Any) -> say.Contribution:
    return say.Contribution(**{"fingerprints": (SOUND,), **fields})


PAST: dict[str, say.Statement] = {
    "too many fingerprints": _said(fingerprints=(SOUND,) * (say.MAX_FINGERPRINTS + 1)),
    "a short value": _said(fingerprints=(Fingerprint(code=MD5.code, value=bytes(15)),)),
    "a long value": _said(fingerprints=(Fingerprint(code=PDQ.code, value=bytes(33), quality=50),)),
    "a quality past 100": _said(fingerprints=(Fingerprint(code=PDQ.code, value=bytes(32), quality=101),)),
    "a quality below unstated": _said(fingerprints=(Fingerprint(code=PDQ.code, value=bytes(32), quality=-2_000),)),
    "a quality of a digest": _said(fingerprints=(Fingerprint(code=MD5.code, value=bytes(16), quality=3),)),
    "a quality of a frame past 100": _said(fingerprints=(Fingerprint(code=FRAME.code, value=bytes(32), quality=101),)),
    "a short frame": _said(fingerprints=(Fingerprint(code=FRAME.code, value=bytes(31), quality=50),)),
    "a frame before the start": _said(fingerprints=(Fingerprint(code=FRAME.code, value=bytes(32), at=-1),)),
    "a frame after seven weeks": _said(fingerprints=(Fingerprint(code=FRAME.code, value=bytes(32), at=2**32),)),
    "kind 0": _said(fingerprints=(Fingerprint(code=0, value=b"x"),)),
    "a vast value of an unknown kind": _said(fingerprints=(Fingerprint(code=99, value=bytes(4_097)),)),
    "a long series": _said(series=LONG),
    "a long media type": _said(media_type=WORDY),
    "a long language": _said(language=WORDY),
    "too many tags": _said(tags=("x",) * (say.MAX_TAGS + 1)),
    "a long tag": _said(tags=(WORDY,)),
    "an escape sequence": _said(series="\x1b[2J"),
    "a NUL": _said(tags=("a\x00b",)),
    "half a surrogate pair": _said(series="\ud800"),
    "a bare category": _said(category=say.Category(scheme="", version="1", code="1")),
    "a category without a version": _said(category=say.Category(scheme="icse", version="", code="1")),
    "a long comment": say.Comment(text=LONG),
    "a long note": say.Opinion(verdict=say.Verdict.CONFIRM, note=LONG),
}


@pytest.mark.parametrize("statement", PAST.values(), ids=PAST)
def test_what_is_past_a_limit_is_never_written(statement: say.Statement) -> None:
    with pytest.raises(Misuse):
        codec.encode_body(statement)


def _body(**contribution: Any) -> bytes:
    fields = {"fingerprints": pb.Fingerprints(kind=[3], value=[bytes(32)], quality=[-2]), **contribution}
    return pb.Body(min_reader=1, plain=pb.Statement(contribution=pb.Contribution(**fields))).SerializeToString()


FOREIGN = {
    "unequal columns": _body(fingerprints=pb.Fingerprints(kind=[3, 3], value=[bytes(32)], quality=[-2])),
    "no quality column": _body(fingerprints=pb.Fingerprints(kind=[3], value=[bytes(32)])),
    "a short value": _body(fingerprints=pb.Fingerprints(kind=[3], value=[bytes(31)], quality=[-2])),
    "a quality past 100": _body(fingerprints=pb.Fingerprints(kind=[4], value=[bytes(32)], quality=[101])),
    "too many": _body(fingerprints=pb.Fingerprints(kind=[9] * 4_001, value=[b""] * 4_001, quality=[-2] * 4_001)),
    "a long series": _body(series=LONG),
    "an unknown word for yes": _body(victim_identified=3),
    "a bare category": _body(category=pb.Category(code="1")),
    "no reader": pb.Body(plain=pb.Statement(contribution=pb.Contribution())).SerializeToString(),
    "bad UTF-8": bytes.fromhex("080112050a031201ff"),
    "cut short": _body()[:-1],
}


@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
def test_what_is_past_a_limit_is_malformed_and_costs_the_bulk_path_that_body_alone(body: bytes) -> None:
    with pytest.raises(Malformed):
        codec.decode_body(Kind.CONTRIBUTION, body)
    bodies = [_body(), body] * 20
    decoded = codec.decode_bodies(range(40), b"\x01" * 40, bodies)
    assert decoded.understood == b"\x01\x00" * 20
    assert [column.rows.tolist() for column in decoded.fingerprints.columns] == [list(range(0, 40, 2))]


def test_columns_that_come_in_two_parts_are_one_column_on_both_paths() -> None:
    """Protobuf joins a message that comes twice. The second part stands where the bulk path sees a tail."""
    part = pb.Fingerprints(kind=[3], value=[b"\x33" * 32], quality=[-2]).SerializeToString()
    contribution = (b"\x0a" + bytes([len(part)]) + part) * 2
    body = b"\x08\x01\x12" + bytes([len(contribution) + 2]) + b"\x0a" + bytes([len(contribution)]) + contribution
    said = codec.decode_body(Kind.CONTRIBUTION, body)
    assert isinstance(said, say.Contribution)
    assert len(said.fingerprints) == 2
    decoded = codec.decode_bodies(range(20), b"\x01" * 20, [body] * 20)
    (column,) = decoded.fingerprints.columns
    assert column.rows.tolist() == [row for row in range(20) for _ in range(2)]
    assert decoded.understood == b"\x01" * 20


def test_columns_of_unequal_length_are_the_caller_s_mistake() -> None:
    with pytest.raises(Misuse):
        codec.decode_bodies(range(2), b"\x01", [b"", b""])


def test_no_bodies_give_no_columns() -> None:
    decoded = codec.decode_bodies([], b"", [])
    assert (list(decoded.fingerprints.columns), decoded.understood) == ([], b"")


def test_a_handling_that_is_not_understood_is_carried_and_never_written() -> None:
    for handling in (Handling(understood=False), Handling(code="9")):
        with pytest.raises(Misuse):
            codec.encode_handling(handling)
    with pytest.raises(Misuse):
        codec.encode_handling(Handling(audience=(MemberId("not a member"),)))


@pytest.mark.parametrize("outcome", [Outcome.OFFLINE, Outcome.TIMEOUT, Outcome.BAD_SIGNATURE, Outcome.NOT_ASKED])
def test_nobody_signs_what_others_saw_of_them(outcome: Outcome) -> None:
    answer = Answer(query_id=bytes(16), query_digest=bytes(32), answerer=MemberId("FR"), outcome=outcome)
    with pytest.raises(Misuse):
        codec.encode_answer(answer)


def test_what_a_person_calls_a_subject_is_not_in_the_query() -> None:
    subject = Subject(fingerprints=(SOUND,), label="/cases/7/holiday.jpg")
    payload = QueryPayload(
        subjects=(subject,), rule=MatchRule.EXACT, officer_role="analyst", case_reference="7", legal_basis="art. 1"
    )
    encoded = codec.encode_payload(payload)
    assert b"holiday" not in encoded
    assert codec.decode_payload(encoded).subjects[0].label == ""
