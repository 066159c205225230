"""Golden bytes: the formats that signatures and commitments rest on, fixed for ever.

A change that breaks a test here breaks every record and signature made before it. The bytes were made once; PROTOCOL.md
says in words what they are. Encoders may change what they emit one day (protobuf is not canonical), so what counts is
that these bytes decode to these values; that they are also what we emit today is tested apart.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import pytest

from node.domain import envelope, signing
from node.domain.envelope import Kind
from node.wire.convert import ProtoCodec
from tests.unit.wire import golden_values as values

codec = ProtoCodec()

CONTRIBUTION: Final = (
    "080112c2010abf010a85010a0501020304051210111111111111111111111111111111111214222222222222222222222222"
    "2222222222222222122033333333333333333333333333333333333333333333333333333333333333331220444444444444"
    "4444444444444444444444444444444444444444444444444444120855555555555555551a06030303c20103120a696d6167"
    "652f6a7065671a0e0a04696373651201311a013220012207686172626f757228023a04626f61743a047175617942026672"
)
RETRACTION: Final = "0801120412020804"
OPINION: Final = "080112231a210802120e0a04696373651201311a013220011a0d616e6f74686572207363616c65"
COMMENT: Final = "0801121722150a0f746865206d617374206973206e65771202656e"
HANDLING: Final = "08011a0242521a024a50221576696374696d2d6964656e74696669636174696f6e2208747261696e696e672a01323088a401"
HEADER: Final = (
    "08011210666666666666666666666666666666661a0246522202425222024a502a1576696374696d2d6964656e7469666963"
    "6174696f6e3080e2cfaa06389ee2cfaa064009"
)
PAYLOAD: Final = (
    "08011291010a6f0a290a0104122044444444444444444444444444444444444444444444444444444444444444441a02c201"
    "1220444444444444444444444444444444444444444444444444444444444444444412207777777777777777777777777777"
    "77777777777777777777777777777777777710021a07616e616c7973742207323032342d31372a0a4350502037372d312d31"
)
ANSWER: Final = (
    "08011210666666666666666666666666666666661a2088888888888888888888888888888888888888888888888888888888"
    "88888888220242522801320b120242521a037064712001327912146578616d706c652e6f72672f46522f6c6f672f311a036d"
    "643520022a380a146578616d706c652e6f72672f46522f6c6f672f3112209999999999999999999999999999999999999999"
    "999999999999999999999999300038c20140014a0e0a04696373651201311a013220015207686172626f757258013a090a03"
    "706471100118013a0a0a0870686f746f646e6142040801100c4205080210d4024a20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa5220bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    "580760017082e2cfaa06"
)
VIDEO: Final = (
    "080112b6010ab3010aa5010a0501020307071210111111111111111111111111111111111214222222222222222222222222"
    "2222222222222222122033333333333333333333333333333333333333333333333333333333333333331220444444444444"
    "4444444444444444444444444444444444444444444444444444122077777777777777777777777777777777777777777777"
    "777777777777777777771a06030303c20164220600000000e9071209766964656f2f6d7034"
)
VIDEO_PAYLOAD: Final = (
    "0801129b010a790a770a03030707122033333333333333333333333333333333333333333333333333333333333333331220"
    "4444444444444444444444444444444444444444444444444444444444444444122077777777777777777777777777777777"
    "777777777777777777777777777777771a0403c2016422040000e90710021a07616e616c7973742207323032342d31372a0a"
    "4350502037372d312d31"
)
VIDEO_ANSWER: Final = (
    "08011210666666666666666666666666666666661a2088888888888888888888888888888888888888888888888888888888"
    "88888888220242522801320e120242521a037064712001800101326f12146578616d706c652e6f72672f46522f6c6f672f31"
    "1a047670647120022a380a146578616d706c652e6f72672f46522f6c6f672f31122099999999999999999999999999999999"
    "99999999999999999999999999999999300438c2016a0a0864105718142017281f70b81778e8073a090a0370647110011801"
    "3a0a0a0870686f746f646e6142040801100c4205080210d4024a20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaa5220bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb580760017082e2"
    "cfaa06"
)
LINK: Final = (
    "080112c80152c501080412380a146578616d706c652e6f72672f46522f6c6f672f3112209999999999999999999999999999"
    "99999999999999999999999999999999999912380a146578616d706c652e6f72672f42522f6c6f672f321220aaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1802220d7468652073616d6520717561792a02656e32380a"
    "146578616d706c652e6f72672f42522f6c6f672f321220aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaa"
)
OPENING: Final = (
    "0801128101327f08011a1274686520686172626f757220736572696573221177686f736520626f61742069732069743f2a02"
    "656e32380a146578616d706c652e6f72672f46522f6c6f672f31122099999999999999999999999999999999999999999999"
    "999999999999999999993a10666666666666666666666666666666664880e2cfaa06"
)
REPLY: Final = (
    "080112f90132f601080212380a146578616d706c652e6f72672f46522f6c6f672f3112209999999999999999999999999999"
    "99999999999999999999999999999999999922046f75727342380a146578616d706c652e6f72672f46522f6c6f672f311220"
    "999999999999999999999999999999999999999999999999999999999999999942380a146578616d706c652e6f72672f4252"
    "2f6c6f672f321220aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa48bce2cfaa0652380a14"
    "6578616d706c652e6f72672f42522f6c6f672f321220aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaa"
)
WATCH: Final = (
    "08011294012a91010a6f0a290a0104122044444444444444444444444444444444444444444444444444444444444444441a"
    "02c2011220444444444444444444444444444444444444444444444444444444444444444412207777777777777777777777"
    "77777777777777777777777777777777777777777710021a07616e616c7973742207323032342d31372a0a4350502037372d"
    "312d31"
)
WATCH_REPLY: Final = (
    "0801125c5a5a0a380a146578616d706c652e6f72672f42522f6c6f672f321220aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa10041a0b120246521a03706471200122090a037064711001180130dae2cfaa06"
)
NOTICE: Final = (
    "0801124d3a4b08011208592d323032342f311a350a0204051220444444444444444444444444444444444444444444444444"
    "4444444444444444120855555555555555551a03c2010320f4990128909901"
)
PUBLISHED: Final = (
    "0801126462620a380a146578616d706c652e6f72672f46522f6c6f672f311220999999999999999999999999999999999999"
    "999999999999999999999999999910012220000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "2a020801"
)
DECLINED: Final = (
    "0801124a62480a380a146578616d706c652e6f72672f46522f6c6f672f311220999999999999999999999999999999999999"
    "999999999999999999999999999910021a0a6e6f20636f6e73656e74"
)
LISTING: Final = "0801122a42280a20bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb100218db9901"
FOUNDED: Final = "0801121d4a1b08011a0756494454462039220e61206a6f696e7420736561726368"
ACCEPTED: Final = (
    "0801123e4a3c080212380a146578616d706c652e6f72672f42522f6c6f672f321220aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)
GROUPED: Final = (
    "080112fc010af9010a85010a0501020304051210111111111111111111111111111111111214222222222222222222222222"
    "2222222222222222122033333333333333333333333333333333333333333333333333333333333333331220444444444444"
    "4444444444444444444444444444444444444444444444444444120855555555555555551a06030303c20103120a696d6167"
    "652f6a7065671a0e0a04696373651201311a013220012207686172626f757228023a04626f61743a0471756179420266724a"
    "380a146578616d706c652e6f72672f42522f6c6f672f321220aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaa"
)
PLAIN_ENVELOPE: Final = (
    "01010000004cdb000052080000ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccdddddddddd"
    "dddddddddddddddddddddddddddddddddddddddddddddddddddddd"
)
TARGETED_ENVELOPE: Final = (
    "01030100004cdb0000000000146578616d706c652e6f72672f46522f6c6f672f319999999999999999999999999999999999"
    "999999999999999999999999999999ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccdddddd"
    "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
)

Case = tuple[str, Any, Callable[[Any], bytes], Callable[[bytes], Any]]


def _body(kind: Kind) -> Callable[[bytes], Any]:
    return lambda data: codec.decode_body(kind, data)


CASES: Final[dict[str, Case]] = {
    "contribution": (CONTRIBUTION, values.CONTRIBUTION, codec.encode_body, _body(Kind.CONTRIBUTION)),
    "retraction": (RETRACTION, values.RETRACTION, codec.encode_body, _body(Kind.RETRACTION)),
    "opinion": (OPINION, values.OPINION, codec.encode_body, _body(Kind.OPINION)),
    "comment": (COMMENT, values.COMMENT, codec.encode_body, _body(Kind.COMMENT)),
    "handling": (HANDLING, values.HANDLING, codec.encode_handling, codec.decode_handling),
    "header": (HEADER, values.HEADER, codec.encode_header, codec.decode_header),
    "payload": (PAYLOAD, values.PAYLOAD, codec.encode_payload, codec.decode_payload),
    "answer": (ANSWER, values.ANSWER, codec.encode_answer, codec.decode_answer),
    "a video's contribution": (VIDEO, values.VIDEO, codec.encode_body, _body(Kind.CONTRIBUTION)),
    "a video's payload": (VIDEO_PAYLOAD, values.VIDEO_PAYLOAD, codec.encode_payload, codec.decode_payload),
    "an answer by frames": (VIDEO_ANSWER, values.VIDEO_ANSWER, codec.encode_answer, codec.decode_answer),
    "a link": (LINK, values.LINK, codec.encode_body, _body(Kind.LINK)),
    "the opening of a consultation": (OPENING, values.OPENING, codec.encode_body, _body(Kind.CONSULTATION)),
    "a reply in a consultation": (REPLY, values.REPLY, codec.encode_body, _body(Kind.CONSULTATION)),
    "a watch": (WATCH, values.WATCH, codec.encode_body, _body(Kind.WATCH)),
    "a reply to a watch": (WATCH_REPLY, values.WATCH_REPLY, codec.encode_body, _body(Kind.WATCH_REPLY)),
    "a notice": (NOTICE, values.NOTICE, codec.encode_body, _body(Kind.NOTICE)),
    "a published notice": (PUBLISHED, values.PUBLISHED, codec.encode_body, _body(Kind.NOTICE_DECISION)),
    "a refused notice": (DECLINED, values.DECLINED, codec.encode_body, _body(Kind.NOTICE_DECISION)),
    "an address listing": (LISTING, values.LISTING, codec.encode_body, _body(Kind.ADDRESS_LISTING)),
    "the founding of a group": (FOUNDED, values.FOUNDED, codec.encode_body, _body(Kind.GROUP)),
    "an acceptance": (ACCEPTED, values.ACCEPTED, codec.encode_body, _body(Kind.GROUP)),
    "a revised link": (LINK, values.LINK, codec.encode_body, _body(Kind.REVISION)),
    "a group's contribution": (GROUPED, values.GROUPED, codec.encode_body, _body(Kind.CONTRIBUTION)),
    "envelope": (PLAIN_ENVELOPE, values.PLAIN_ENVELOPE, envelope.encode, envelope.decode),
    "envelope with a target": (TARGETED_ENVELOPE, values.TARGETED_ENVELOPE, envelope.encode, envelope.decode),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_golden_bytes_decode_to_their_value(case: Case) -> None:
    golden, value, _, decode = case
    assert decode(bytes.fromhex(golden)) == value


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_today_s_encoder_emits_the_golden_bytes(case: Case) -> None:
    golden, value, encode, _ = case
    assert encode(value).hex() == golden


def test_the_bulk_path_reads_the_golden_body() -> None:
    body = bytes.fromhex(CONTRIBUTION)
    decoded = codec.decode_bodies(range(9), bytes([Kind.CONTRIBUTION]) * 9, [body] * 9)
    assert decoded.understood == b"\x01" * 9
    found = {column.code: (column.values.tobytes(), column.quality.tolist()) for column in decoded.fingerprints.columns}
    assert found == {f.code: (f.value * 9, [-1 if f.quality is None else f.quality] * 9) for f in values.FINGERPRINTS}


# --- commitments ------------------------------------------------------------------------------------------------------


def test_the_commitment_of_a_body() -> None:
    body = bytes.fromhex(CONTRIBUTION)
    spelled = b"vigil/commit/v1\0" + b"\x00\x14" + b"example.org/FR/log/1" + b"\x01" + values.NONCE + body
    commitment = envelope.commit(str(values.ORIGIN), Kind.CONTRIBUTION, values.NONCE, body)
    assert commitment == hashlib.sha256(spelled).digest()
    assert commitment.hex() == "dac93d8509fe6d3ba676f73972d09997310ae5e5df637dced63efa7743710177"


def test_the_commitment_of_a_handling() -> None:
    handling = bytes.fromhex(HANDLING)
    spelled = b"vigil/handling/v1\0" + b"\x00\x14" + b"example.org/FR/log/1" + b"\x01" + values.HANDLING_NONCE
    commitment = envelope.commit_handling(str(values.ORIGIN), Kind.CONTRIBUTION, values.HANDLING_NONCE, handling)
    assert commitment == hashlib.sha256(spelled + handling).digest()
    assert commitment.hex() == "7f80f3ec6ea46c281293cc6526765c8b6c7f0bbf8db6a0fdbdcf65b849037d32"


# --- what keys sign ---------------------------------------------------------------------------------------------------

FED: Final = b"\x00\x00\x00\x0bexample.org"


def test_the_bytes_that_a_query_s_signature_covers() -> None:
    signed = signing.query_preimage(values.FEDERATION, b"header", b"payload!")
    assert signed == b"vigil/query/v1\n" + FED + b"\x00\x00\x00\x06header" + b"\x00\x00\x00\x08payload!"


def test_the_digest_of_a_query() -> None:
    spelled = b"vigil/query-digest/v1\n" + b"\x00\x00\x00\x06header" + b"\x00\x00\x00\x07payload"
    assert signing.query_digest(b"header", b"payload") == hashlib.sha256(spelled).digest()
    golden = "b8cdfd16c6b91cbab79aa2577ae8e517472c4e6d6317abc55c2e42df97904c8e"
    assert signing.query_digest(b"header", b"payload").hex() == golden


def test_the_bytes_that_an_answer_s_signature_covers() -> None:
    assert (
        signing.answer_preimage(values.FEDERATION, b"answer") == b"vigil/answer/v1\n" + FED + b"\x00\x00\x00\x06answer"
    )


def test_the_bytes_that_prove_possession_of_a_key() -> None:
    signed = signing.petition_preimage("log", b"\x01" * 32, b"\x02" * 32, values.FR, "FR+00000000+AQ==")
    assert signed == (
        b"vigil/petition/v1\n"
        b"\x00\x00\x00\x03log"
        b"\x00\x00\x00\x20" + b"\x01" * 32 + b"\x00\x00\x00\x20" + b"\x02" * 32 + b"\x00\x00\x00\x02FR"
        b"\x00\x00\x00\x10FR+00000000+AQ=="
    )


def test_the_bytes_that_ask_for_a_certificate_after_the_last_ran_out() -> None:
    signed = signing.renewal_preimage(values.FEDERATION, values.FR, b"csr", b"\x03" * 32)
    assert signed == (
        b"vigil/renewal/v1\n"
        + FED
        + b"\x00\x00\x00\x02FR"
        + b"\x00\x00\x00\x03csr"
        + b"\x00\x00\x00\x20"
        + b"\x03" * 32
    )


def test_moving_a_byte_between_fields_changes_what_is_signed() -> None:
    assert signing.query_preimage(values.FEDERATION, b"ab", b"c") != signing.query_preimage(
        values.FEDERATION, b"a", b"bc"
    )
    assert signing.query_digest(b"ab", b"c") != signing.query_digest(b"a", b"bc")
