"""Bytes of a made-up later version, written out by hand and not by today's codec: kept, counted, never guessed at."""

import pytest

from node.domain import envelope
from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId
from node.domain.statements import Contribution, NotUnderstood, Sealed
from node.errors import Malformed
from node.wire.convert import ProtoCodec

codec = ProtoCodec()
OWNER, OTHER = MemberId("FR"), MemberId("BR")

SHA256 = "aa" * 32

FINGERPRINTS = (
    "0a02 0363"  # kinds, packed: 3 (SHA-256), 99 (unknown)
    f"1220 {SHA256}"
    "1205 0102030405"  # the value of the unknown kind
    "1a02 030e"  # qualities, packed zigzag: -2 (none), 7
)  # 49 bytes
CONTRIBUTION = "0a31" + FINGERPRINTS + "7801"  # field 15: a varint that a later version added
STATEMENT = "0a35" + CONTRIBUTION


def _hex(*parts: str) -> bytes:
    return bytes.fromhex("".join(parts))


UNKNOWN_FINGERPRINT = _hex("0801", "1237", STATEMENT)
LATER_READER = _hex("0802", "1237", STATEMENT)
UNKNOWN_STATEMENT = _hex("0801", "1204", "7202 0807")  # plain: field 14, where nothing stands yet
LATER_PAYLOAD = _hex("0801", "2202 0801")  # field 4, a third way of saying it
SEALED = _hex("0801", "1a08", "0805", "1204 deadbeef")


def test_an_unknown_fingerprint_is_kept_and_an_unknown_field_does_no_harm() -> None:
    said = codec.decode_body(Kind.CONTRIBUTION, UNKNOWN_FINGERPRINT)
    assert isinstance(said, Contribution)
    assert [(f.code, f.value.hex(), f.quality) for f in said.fingerprints] == [
        (3, SHA256, None),
        (99, "0102030405", 7),
    ]
    assert [f.searchable for f in said.fingerprints] == [True, False]


def test_a_body_for_a_later_reader_is_not_understood() -> None:
    assert codec.decode_body(Kind.CONTRIBUTION, LATER_READER) == NotUnderstood(min_reader=2)


@pytest.mark.parametrize("body", [UNKNOWN_STATEMENT, LATER_PAYLOAD], ids=["statement", "payload"])
def test_a_body_without_anything_that_we_know_is_not_understood(body: bytes) -> None:
    assert codec.decode_body(Kind.CONTRIBUTION, body) == NotUnderstood(min_reader=1)


@pytest.mark.parametrize("kind", [15, 77, 127, 255])
def test_a_body_of_a_kind_that_we_do_not_know_is_not_understood(kind: int) -> None:
    for body in (UNKNOWN_FINGERPRINT, UNKNOWN_STATEMENT):
        assert codec.decode_body(kind, body) == NotUnderstood(min_reader=1)


@pytest.mark.parametrize("kind", [Kind.CONTRIBUTION, Kind.COMMENT, 77])
def test_a_sealed_body_is_carried_and_not_read(kind: int) -> None:
    assert codec.decode_body(kind, SEALED) == Sealed(scheme=5, ciphertext=b"\xde\xad\xbe\xef")


def test_the_bulk_path_keeps_what_it_knows_and_counts_the_rest() -> None:
    bodies = [UNKNOWN_FINGERPRINT, LATER_READER, SEALED, UNKNOWN_STATEMENT, b"\xff", b""] * 10
    decoded = codec.decode_bodies(range(60), bytes([Kind.CONTRIBUTION]) * 60, bodies)
    assert decoded.understood == bytes((1, 0, 0, 0, 0, 0)) * 10
    (column,) = decoded.fingerprints.columns
    assert column.code == 3
    assert column.rows.tolist() == list(range(0, 60, 6))
    assert column.values.tobytes() == bytes.fromhex(SHA256) * 10
    assert set(column.quality.tolist()) == {-1}
    assert decoded.fingerprints.unknown == 10
    assert decoded.others[1] == NotUnderstood(min_reader=2)
    assert decoded.others[2] == Sealed(scheme=5, ciphertext=b"\xde\xad\xbe\xef")
    assert decoded.others[3] == NotUnderstood(min_reader=1)
    assert 4 not in decoded.others


EVERYONE = "080110012a013130c801"  # reader 1, everyone, code "1", until day 200


def test_a_handling_that_is_wholly_understood_admits_everyone() -> None:
    handling = codec.decode_handling(_hex(EVERYONE))
    assert handling == Handling(audience=None, purposes=(), code="1", retain_until_day=200)
    assert handling.admits(OTHER, OWNER)


@pytest.mark.parametrize(
    "handling",
    [
        EVERYONE + "3801",  # field 7: a condition of a later version, such as "not before noon"
        EVERYONE + "a20603616263",  # field 100
        "080110012a013930c801",  # handling code "9"
        "080210012a013130c801",  # for reader 2
        "0801100130c801",  # no code at all
    ],
    ids=["unknown-field", "far-field", "unknown-code", "later-reader", "no-code"],
)
def test_a_handling_that_is_not_wholly_understood_is_withheld(handling: str) -> None:
    """From everyone but the owner; and its retention still counts."""
    decoded = codec.decode_handling(_hex(handling))
    assert not decoded.understood
    assert not decoded.admits(OTHER, OWNER)
    assert decoded.admits(OWNER, OWNER)
    assert decoded.retain_until_day == 200


@pytest.mark.parametrize("handling", ["", "1001", "080110011a0246522a0131"], ids=["empty", "no-reader", "both"])
def test_a_handling_that_no_version_writes_is_malformed(handling: str) -> None:
    with pytest.raises(Malformed):
        codec.decode_handling(_hex(handling))


def test_a_query_of_a_later_version_is_refused_by_name() -> None:
    """Never answered with "no hit": the asker learns that it was not read."""
    with pytest.raises(Malformed, match="reader 2"):
        codec.decode_header(_hex("0802"))
    with pytest.raises(Malformed, match="sealed"):
        codec.decode_payload(_hex("0801", "1a08", "0805", "1204 deadbeef"))
    with pytest.raises(Malformed, match="reader 2"):
        codec.decode_payload(_hex("0802", "1200"))
    with pytest.raises(Malformed, match="reader 3"):
        codec.decode_answer(_hex("0803"))


def test_an_entry_of_a_later_version_is_kept_and_not_read() -> None:
    assert envelope.decode(_hex("02", "ff" * 10)) is None
