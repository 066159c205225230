"""The roster's documents and the courier's files have one spelling each, and let nothing else in."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.limits import Limits, ranges
from node.domain.roster import (
    FormerHubKey,
    KeyStatus,
    Member,
    MemberKey,
)
from node.errors import BadSignature, Malformed, Misuse, PeerFault
from node.pki import courier, documents
from node.pki.courier import check_hub
from node.pki.keys import KeyRing
from node.pki.strictjson import encode
from node.pki.successor import name_successor
from node.tlog import note
from tests.unit.pki.example_documents import (
    BUNDLE,
    CASES,
    CHANGED,
    CLAIMS,
    FORMER,
    MEMBERSHIP,
    POLICY,
    REQUEST,
    RINGS,
    SUSPENDED,
    member_of,
)
from tests.unit.pki.federation import BR, FEDERATION, FR, JP, petition_of

SUCCESSION = name_successor(
    KeyRing.for_hub(FEDERATION), CLAIMS, sizes={f"{FEDERATION}/FR/log/1": 7}, federation=FEDERATION
)
ASKED = replace(REQUEST, succession=SUCCESSION)

each_kind = pytest.mark.parametrize("kind", sorted(CASES))


def test_every_document_comes_back_as_it_was() -> None:
    assert documents.decode_membership(CASES["roster"][0]) == MEMBERSHIP
    assert documents.decode_policy(CASES["policy"][0]) == POLICY
    assert documents.decode_suspended(CASES["suspended"][0]) == (FEDERATION, SUSPENDED)
    assert courier.decode_request(CASES["request"][0]) == REQUEST
    assert courier.decode_bundle(CASES["bundle"][0]) == BUNDLE
    assert documents.decode_membership(CASES["roster of a hub that changed"][0]) == CHANGED
    assert courier.decode_request(courier.encode_request(ASKED)) == ASKED


def test_the_word_of_a_hubs_former_keys_is_whole_or_refused() -> None:
    whole = json.loads(courier.encode_request(ASKED))
    for name in whole["succession"]:
        for changed in (
            {field: content for field, content in whole["succession"].items() if field != name},
            {**whole["succession"], name: [1]},
            {**whole["succession"], "more": 1},
        ):
            with pytest.raises(Malformed):
                courier.decode_request(encode({**whole, "succession": changed}))


def test_a_hub_without_former_keys_is_written_as_ever() -> None:
    """So a federation whose hub never changed is read by every version, and rosters of before are read by this one."""
    assert b'"former"' not in documents.encode_membership(MEMBERSHIP)
    assert b'"succession"' not in courier.encode_request(REQUEST)


@pytest.mark.parametrize("former", [
    (replace(FORMER[0], vkey=CLAIMS.mirror_vkey),),
    (FORMER[0], FORMER[0]),
    (replace(FORMER[0], status=KeyStatus.ACTIVE),),
    (replace(FORMER[0], vkey=RINGS[FR].vkey("witness")),),
    (replace(FORMER[0], sizes={"nowhere": 1}),),
    (replace(FORMER[0], until=-1),),
])  # fmt: skip
def test_a_history_of_the_hub_that_makes_no_sense_is_refused(former: tuple[FormerHubKey, ...]) -> None:
    membership = replace(MEMBERSHIP, hub=replace(MEMBERSHIP.hub, former=former))
    with pytest.raises(Malformed):
        documents.decode_membership(documents.encode_membership(membership))


def test_a_policy_mentions_the_limits_that_are_not_the_default() -> None:
    assert b'"limits"' not in documents.encode_policy(POLICY), "every version reads it"
    changed = replace(POLICY, limits=Limits(log_entries=5_000))
    data = documents.encode_policy(changed)
    assert json.loads(data)["limits"] == {"log_entries": 5_000}
    assert documents.decode_policy(data) == changed


@pytest.mark.parametrize(("name", "default", "low", "high"), list(ranges()))
def test_a_limit_stays_within_what_the_code_allows(name: str, default: int, low: int, high: int) -> None:
    assert low <= default <= high
    for value in (low - 1, high + 1):
        with pytest.raises(Misuse):
            documents.checked_policy(replace(POLICY, limits=replace(Limits(), **{name: value})))


@pytest.mark.parametrize("limits", [{"no_such_limit": 5}, {"log_entries": "5"}, [], 5])
def test_limits_that_make_no_sense_are_refused(limits: object) -> None:
    whole = json.loads(documents.encode_policy(POLICY))
    with pytest.raises(Malformed):
        documents.decode_policy(encode({**whole, "limits": limits}))


@each_kind
def test_another_spelling_of_the_same_is_refused(kind: str) -> None:
    data, decode = CASES[kind]
    value = json.loads(data)
    for other in (
        json.dumps(value, sort_keys=True).encode(),
        json.dumps(dict(reversed(value.items())), separators=(",", ":")).encode(),
        data + b"\n",
        b" " + data,
        b"\xef\xbb\xbf" + data,
        data[:-1] + b',"type":' + json.dumps(value["type"]).encode() + b"}",
    ):
        with pytest.raises(Malformed):
            decode(other)


@each_kind
def test_a_field_too_many_or_too_few_is_refused(kind: str) -> None:
    data, decode = CASES[kind]
    value = json.loads(data)
    for name in value:
        shorter = {field: content for field, content in value.items() if field != name}
        with pytest.raises(Malformed):
            decode(encode(shorter))
    with pytest.raises(Malformed):
        decode(encode({**value, "zz": 1}))


@each_kind
def test_a_later_version_is_refused_whole(kind: str) -> None:
    data, decode = CASES[kind]
    value = json.loads(data)
    with pytest.raises(Malformed, match="type"):
        decode(encode({**value, "type": value["type"].replace("/v1", "/v2")}))


@settings(max_examples=400)
@given(kind=st.sampled_from(sorted(CASES)), place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_flipped_bit_gives_a_peer_fault_or_another_document(kind: str, place: int, bit: int) -> None:
    """Their signatures are apart: here it matters that nothing else gets out, and that nothing reads equal."""
    data, decode = CASES[kind]
    flipped = bytearray(data)
    flipped[place % len(data)] ^= 1 << bit
    try:
        found = decode(bytes(flipped))
    except PeerFault:
        return
    assert found != decode(data)


@settings(max_examples=200)
@given(
    kind=st.sampled_from(sorted(CASES)),
    name=st.integers(min_value=0),
    value=st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(max_size=20),
        st.lists(st.integers(), max_size=3),
        st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
)
def test_a_field_of_any_other_value_lets_out_peer_faults_only(kind: str, name: int, value: Any) -> None:
    data, decode = CASES[kind]
    fields = json.loads(data)
    fields[sorted(fields)[name % len(fields)]] = value
    try:
        decode(encode(fields))
    except PeerFault:
        return


@each_kind
def test_deep_nesting_and_infinite_numbers_are_refused(kind: str) -> None:
    _, decode = CASES[kind]
    for data in (b"[" * 100_000, b'{"a":' * 100_000, b'{"type":1e999}', b'{"type":NaN}', b"9" * 5_000, b"", b"null"):
        with pytest.raises(Malformed):
            decode(data)


def roster_with(*members: Member) -> bytes:
    return documents.encode_membership(replace(MEMBERSHIP, members={member.id: member for member in members}))


def test_a_roster_that_gives_one_key_to_two_members_is_refused() -> None:
    """FR's statement key under JP's name: whoever holds it could speak for both."""
    stolen = note.parse_vkey(RINGS[FR].vkey("statement"))
    renamed = note.format_vkey(note.make_vkey(f"{FEDERATION}/JP/statement", stolen.key_type, stolen.public_key))
    thief = member_of(RINGS[JP])
    keys = tuple(replace(key, vkey=renamed) if key.purpose == "statement" else key for key in thief.keys)
    with pytest.raises(Malformed, match="one key to two"):
        documents.decode_membership(roster_with(member_of(RINGS[FR]), replace(thief, keys=keys)))


def test_a_roster_with_a_key_under_another_name_is_refused() -> None:
    member = member_of(RINGS[FR])
    foreign = replace(member, keys=(replace(member.keys[0], vkey=RINGS[JP].vkey("log/1")), *member.keys[1:]))
    with pytest.raises(Malformed, match="name or the type"):
        documents.decode_membership(roster_with(foreign))


def test_a_member_without_exactly_one_active_key_a_purpose_is_refused() -> None:
    member = member_of(RINGS[FR])
    fewer = replace(member, keys=member.keys[:2])
    second = MemberKey(purpose=member.keys[1].purpose, vkey=KeyRing.for_member(FEDERATION, FR).vkey("statement"))
    for wrong in (fewer, replace(member, keys=(*member.keys, second))):
        with pytest.raises(Malformed, match="exactly one active key"):
            documents.decode_membership(roster_with(wrong))
    retired = replace(member, keys=(*member.keys, replace(second, status=KeyStatus.RETIRED)))
    assert documents.decode_membership(roster_with(retired)).members[FR] == retired


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pdq_radius", 32),
        ("pdq_radius", -1),
        ("pdq_quality_floor", 101),
        ("skew_seconds", 3_601),
        ("skew_seconds", True),
        ("query_budget_seconds", 30),
        ("query_budget_seconds", 1e9),
        ("purposes", ["", "x"]),
        ("version", 0),
    ],
)
def test_a_policy_past_the_codes_own_caps_is_refused(field: str, value: Any) -> None:
    fields = json.loads(CASES["policy"][0])
    with pytest.raises(Malformed):
        documents.decode_policy(encode({**fields, field: value}))


@pytest.mark.parametrize("name", ["../evil", "timestamp.json", "01.root.json", "1.snapshot.json", "0.targets.json"])
def test_a_bundle_with_a_file_of_another_name_is_refused(name: str) -> None:
    data = courier.encode_bundle(replace(BUNDLE, files={name: b""}))
    with pytest.raises(Malformed, match="does not belong"):
        courier.decode_bundle(data)


def test_two_petitions_of_one_member_are_refused() -> None:
    data = courier.encode_request(replace(REQUEST, petitions=(petition_of(RINGS[FR]), petition_of(RINGS[FR]))))
    with pytest.raises(Malformed, match="two petitions"):
        courier.decode_request(data)


def test_the_hub_proves_its_keys() -> None:
    check_hub(CLAIMS, FEDERATION)
    for forged in (
        replace(CLAIMS, ca_sha256=bytes(32)),
        replace(CLAIMS, online=KeyRing.for_hub(FEDERATION).public_bytes("online")),
        replace(CLAIMS, mirror_vkey=KeyRing.for_hub(FEDERATION).vkey("mirror")),
    ):
        with pytest.raises(BadSignature):
            check_hub(forged, FEDERATION)
    with pytest.raises(PeerFault):
        check_hub(replace(CLAIMS, online=bytes(32)), FEDERATION)
    with pytest.raises(Malformed):
        check_hub(replace(CLAIMS, mirror_vkey=RINGS[FR].vkey("witness")), FEDERATION)


def test_suspensions_are_in_order_and_told_apart() -> None:
    row = {"id": "FR", "reason": "x", "since": 1}
    for rows in ([row, row], [{**row, "id": "JP"}, row], [{**row, "reason": "a\nb"}], [{**row, "reason": ""}]):
        data = encode({"type": "vigil/suspended/v1", "federation": FEDERATION, "members": rows})
        with pytest.raises(Malformed):
            documents.decode_suspended(data)
    assert BR not in documents.decode_suspended(CASES["suspended"][0])[1]
