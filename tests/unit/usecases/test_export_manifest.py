"""The manifest of an exported file: whoever changes any part of it is found out."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.ids import federation_id, member_id
from node.domain.roster import KeyPurpose, KeyStatus, MemberKey, Roster
from node.domain.signing import export_preimage
from node.errors import BadSignature, Malformed, PeerFault
from node.tlog.note import ED25519, format_vkey, make_vkey
from node.usecases.export_manifest import MAX_MANIFEST, Manifest, sign_manifest, verify_manifest
from tests.simulator.federation import FEDERATION, NamedSigner, Speaker, roster

FR, JP = Speaker.named("FR"), Speaker.named("JP")
SIGNER = NamedSigner("statement FR")
MANIFEST = Manifest(
    federation=FEDERATION,
    member=FR.id,
    format="vics",
    profile="US",
    at=1_900_000_000,
    rows=7,
    left_out={"level national": 3, "no MD5": 1},
    size=4_711,
    sha256=bytes(range(32)),
)
DATA = sign_manifest(MANIFEST, SIGNER)


def with_key(status: KeyStatus = KeyStatus.ACTIVE, purpose: KeyPurpose = KeyPurpose.STATEMENT) -> Roster:
    vkey = format_vkey(make_vkey(f"{FEDERATION}/FR/statement", ED25519, SIGNER.public))
    made = roster(FR, JP)
    own = made.members[FR.id]
    key = MemberKey(purpose=purpose, vkey=vkey, status=status)
    return replace(made, members={**made.members, FR.id: replace(own, keys=(*own.keys, key))})


ROSTER = with_key()


def encoded(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def test_what_was_signed_is_read_and_says_nothing_else() -> None:
    assert verify_manifest(DATA, ROSTER) == MANIFEST
    assert sign_manifest(MANIFEST, SIGNER) == DATA
    assert set(json.loads(DATA)["manifest"]) == {"type", *Manifest.__dataclass_fields__}


@pytest.mark.parametrize("name", ["type", *Manifest.__dataclass_fields__])
@pytest.mark.parametrize("change", ["another", "gone", "of another type"])
def test_each_field_is_signed(name: str, change: str) -> None:
    file = json.loads(DATA)
    others = {"federation": "other.example", "member": "JP", "left_out": {}, "sha256": "ff" * 32}
    contents = file["manifest"]
    if change == "gone":
        del contents[name]
    elif change == "of another type":
        contents[name] = None
    else:
        contents[name] = others[name] if name in others else contents[name] * 2
    with pytest.raises(PeerFault):
        verify_manifest(encoded(file), ROSTER)


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_each_byte_is_checked(at: int, change: int) -> None:
    data = bytearray(DATA)
    data[at] ^= change
    with pytest.raises(PeerFault):
        verify_manifest(bytes(data), ROSTER)


@given(st.binary(max_size=300))
def test_other_bytes_are_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        verify_manifest(data, ROSTER)


@pytest.mark.parametrize(
    "data",
    [
        DATA[:-1],
        DATA + b"\n",
        b" " + DATA,
        encoded({**json.loads(DATA), "more": 1}),
        encoded({"manifest": json.loads(DATA)["manifest"]}),
        encoded({**json.loads(DATA), "signature": base64.b64encode(bytes(63)).decode()}),
        encoded({**json.loads(DATA), "signature": 7}),
        encoded({"manifest": {**json.loads(DATA)["manifest"], "more": 1}, "signature": json.loads(DATA)["signature"]}),
        b"[" * 30_000,
        b"[]\n",
        b'"' + b"a" * MAX_MANIFEST + b'"\n',
    ],
)
def test_another_form_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        verify_manifest(data, ROSTER)


def test_a_retired_key_vouches_and_a_revoked_one_does_not() -> None:
    assert verify_manifest(DATA, with_key(KeyStatus.RETIRED)) == MANIFEST
    with pytest.raises(BadSignature):
        verify_manifest(DATA, with_key(KeyStatus.REVOKED))


def test_a_key_of_another_purpose_or_member_does_not_vouch() -> None:
    with pytest.raises(BadSignature):
        verify_manifest(DATA, with_key(purpose=KeyPurpose.LOG))
    with pytest.raises(BadSignature):
        verify_manifest(sign_manifest(replace(MANIFEST, member=JP.id), SIGNER), ROSTER)
    with pytest.raises(BadSignature, match="not in the roster"):
        verify_manifest(sign_manifest(replace(MANIFEST, member=member_id("XX")), SIGNER), ROSTER)
    with pytest.raises(BadSignature, match="another federation"):
        verify_manifest(sign_manifest(replace(MANIFEST, federation=federation_id("other.example")), SIGNER), ROSTER)


def test_the_signed_bytes_are_those_of_the_protocol() -> None:
    assert export_preimage(FEDERATION, b"{}") == b"vigil/export/v1\n\x00\x00\x00\x0bsim.example\x00\x00\x00\x02{}"
