"""A file that proves what was said, to anybody with a roster."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId, RecordId
from node.domain.roster import FormerHubKey, HubIdentity, KeyStatus, Roster
from node.errors import BadProof, BadSignature, Malformed, NotFound, PeerFault, Refused
from node.tlog import note as notes
from node.tlog import proof as proofs
from node.tlog import tiles
from node.tlog.cosignature import add_signature, cosign
from node.usecases.custody import newest_cosignature
from node.usecases.evidence import build_evidence, verify_evidence
from node.usecases.fsck import check_store
from node.usecases.ledger import Draft
from tests.simulator.federation import (
    HUB_SIGNER,
    HUB_VKEY,
    NOW,
    TODAY,
    Log,
    NamedSigner,
    Speaker,
    cosigned,
    entry_of,
    picture,
    roster,
)
from tests.simulator.world import CODEC, Hub, Node, Wire, World

FR, JP = Speaker.named("FR"), Speaker.named("JP")
ROSTER = roster(FR, JP)


def a_node(count: int = 5) -> tuple[Node, list[RecordId]]:
    world = World([FR, JP])
    node = Node(world, FR, Wire(Hub(world), FR.id))
    records = node.ledger.contribute([Draft(statement=picture(number)) for number in range(count)])
    asyncio.run(node.publisher.round())
    return node, records


def file_of(log: Log, index: int, **wrong: object) -> bytes:
    """An evidence file made by hand; `wrong` overrides any part."""
    shown = log.disclosures[index]
    parts: dict[str, object] = {
        "index": index,
        "extra": proofs.encode_extra(log.entries[index], shown.nonce, shown.body),
        "hashes": tiles.inclusion_proof(log, index, log.size),
        "checkpoint": cosigned(log.note()),
        **wrong,
    }
    return proofs.format(proofs.ProofFile(**parts))  # type: ignore[arg-type]


def test_what_was_said_is_proven_as_of_a_size() -> None:
    node, records = a_node()
    for index, record in enumerate(records):
        proven = verify_evidence(build_evidence(node.store, record), ROSTER, CODEC)
        assert (proven.record, proven.index, proven.size, proven.cosigned_at) == (record, index, 5, NOW)
        assert (proven.kind, proven.issued_day, proven.body) == (Kind.CONTRIBUTION, TODAY, picture(index))


def test_no_byte_of_it_can_be_another() -> None:
    node, records = a_node(3)
    data = build_evidence(node.store, records[1])
    for at in range(len(data)):
        for flip in (0x01, 0x20, 0x80):
            with pytest.raises(PeerFault):
                verify_evidence(data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :], ROSTER, CODEC)


def test_nothing_can_be_added_or_cut_off() -> None:
    node, records = a_node(3)
    data = build_evidence(node.store, records[1])
    for changed in (data + b"\n", data + b"\0", b"\n" + data, data[:-1], data[: len(data) // 2], b"", data + data):
        with pytest.raises(PeerFault):
            verify_evidence(changed, ROSTER, CODEC)


def test_a_further_signature_a_missing_one_or_another_order_is_refused() -> None:
    log = Log(FR)
    log.pictures(range(3))
    assert verify_evidence(file_of(log, 1), ROSTER, CODEC).index == 1
    note = cosigned(log.note())
    other = notes.make_vkey("witness.example/w", notes.COSIGNATURE, NamedSigner("w").public)
    witnessed = add_signature(note, cosign(notes.parse(note).text, other, NamedSigner("w"), NOW))
    parsed = notes.parse(note)
    turned = notes.format(replace(parsed, signatures=parsed.signatures[::-1]))
    twice = cosign(parsed.text, HUB_VKEY, HUB_SIGNER, NOW + 1)
    doubled = notes.format(replace(parsed, signatures=(*parsed.signatures, notes.parse_line(twice))))
    for wrong in (witnessed, turned, doubled, log.note()):
        with pytest.raises(BadSignature):
            verify_evidence(file_of(log, 1, checkpoint=wrong), ROSTER, CODEC)


def test_what_the_roster_does_not_vouch_for_proves_nothing() -> None:
    log = Log(FR)
    log.pictures(range(3))
    data = file_of(log, 1)
    member = ROSTER.members[FR.id]
    revoked = replace(member, keys=tuple(replace(key, status=KeyStatus.REVOKED) for key in member.keys))
    for known in (roster(JP), replace(ROSTER, members={FR.id: revoked}), replace(ROSTER, hub=_another_hub())):
        with pytest.raises(BadSignature):
            verify_evidence(data, known, CODEC)


def changed_over(**former: Any) -> Roster:
    """The roster after the hub has taken other keys. `former`: what its key of before still counts for."""
    key = {"vkey": ROSTER.hub.cosigner_vkey, "status": KeyStatus.RETIRED, "until": NOW, **former}
    return replace(ROSTER, hub=replace(_another_hub(), former=(FormerHubKey(**key),)))


@pytest.mark.parametrize("status", [KeyStatus.RETIRED, KeyStatus.REVOKED])
def test_what_the_hub_cosigned_with_a_former_key_is_proven_for_ever(status: KeyStatus) -> None:
    """Evidence of before a lost hub, or a change of its keys: by the roster's history of the hub's keys."""
    log = Log(FR)
    log.pictures(range(3))
    for known in (changed_over(status=status), changed_over(status=status, sizes={str(FR.origin): 3})):
        proven = verify_evidence(file_of(log, 1), known, CODEC)
        assert (proven.index, proven.cosigned_at) == (1, NOW)
        assert proven.former_hub_key == known.hub.former[0]
    assert verify_evidence(file_of(log, 1), ROSTER, CODEC).former_hub_key is None


@pytest.mark.parametrize("former", [
    {"until": NOW - 1},
    {"status": KeyStatus.REVOKED, "until": NOW - 1},
    {"sizes": {str(FR.origin): 2}},
    {"sizes": {str(JP.origin): 100}},
])  # fmt: skip
def test_a_former_key_of_the_hub_counts_for_nothing_past_its_time_or_its_sizes(former: dict[str, Any]) -> None:
    log = Log(FR)
    log.pictures(range(3))
    with pytest.raises(BadSignature, match="former key") as refused:
        verify_evidence(file_of(log, 1), changed_over(**former), CODEC)
    assert refused.value.remedy


def test_a_store_of_before_the_hub_changed_its_keys_is_whole_and_goes_on() -> None:
    """Fsck finds nothing, time that the hub's former key told counts, and the new key's checkpoints are taken."""
    node, _ = a_node()
    known = changed_over()
    assert not [fault for report in check_store(node.store, known) for fault in report.faults]
    with node.store.read() as reader:
        assert newest_cosignature(lambda: known)(reader) == NOW
        assert newest_cosignature(lambda: changed_over(status=KeyStatus.REVOKED))(reader) == 0
    assert [fault for report in check_store(node.store, changed_over(until=0)) for fault in report.faults]


def _another_hub() -> HubIdentity:
    vkey = notes.make_vkey("hub.sim.example/mirror", notes.COSIGNATURE, NamedSigner("another hub").public)
    return replace(ROSTER.hub, cosigner_vkey=notes.format_vkey(vkey))


def test_an_entry_with_anothers_body_or_place_is_refused() -> None:
    log = Log(FR)
    log.pictures(range(4))
    shown = log.disclosures
    swapped = proofs.encode_extra(log.entries[1], shown[2].nonce, shown[2].body)
    moved = proofs.encode_extra(log.entries[2], shown[2].nonce, shown[2].body)
    never = entry_of(FR.origin, picture(77))
    invented = proofs.encode_extra(never[0], never[1].nonce, never[1].body)
    for extra in (swapped, moved, invented):
        with pytest.raises(BadProof):
            verify_evidence(file_of(log, 1, extra=extra), ROSTER, CODEC)
    with pytest.raises(Malformed):
        verify_evidence(file_of(log, 1, extra=b""), ROSTER, CODEC)


def test_only_what_is_held_and_published_can_be_shown() -> None:
    node, records = a_node()
    (waiting,) = node.ledger.contribute([Draft(statement=picture(9))])
    with pytest.raises(NotFound):
        build_evidence(node.store, waiting)
    node.own.place_and_sign()
    with pytest.raises(Refused):
        build_evidence(node.store, waiting)
    node.ledger.retract(records[0])
    with pytest.raises(Refused):
        build_evidence(node.store, records[0])
    with pytest.raises(NotFound):
        build_evidence(node.store, RecordId(JP.origin, bytes(32)))


def test_handling_is_left_out() -> None:
    world = World([FR, JP])
    node = Node(world, FR, Wire(Hub(world), FR.id))
    handling = Handling(audience=(MemberId("JP"),))
    (record,) = node.ledger.contribute([Draft(statement=picture(1), handling=handling)])
    asyncio.run(node.publisher.round())
    extra = proofs.decode_extra(proofs.parse(build_evidence(node.store, record)).extra)
    assert CODEC.encode_handling(handling) not in extra.entry + extra.nonce + extra.body
