"""A node refuses roster files that a hub forged, altered or replaced with junk."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from node.errors import BadProof, BadSignature, Malformed, NotFound, PeerFault
from node.pki import metadata
from node.pki.client import RosterClient
from node.pki.documents import decode_membership
from tests.unit.pki.federation import FEDERATION, NOW, Federation
from tests.unit.pki.hostile_hub import names_of, online, served, with_swapped_statement_key


def test_a_hub_that_shows_another_root_is_caught_at_the_door(federation: Federation) -> None:
    version, _ = federation.hub.repository.root_pin()
    with pytest.raises(BadProof, match="another root"):
        RosterClient.bootstrap(
            federation.folder / "x",
            federation.fetch,
            federation=FEDERATION,
            root_version=version,
            root_sha256=bytes(32),
        )


def test_a_hub_that_swaps_a_members_key_in_the_file_is_caught(federation: Federation) -> None:
    _, targets = served(federation, "targets")
    info = metadata.parse(targets, Targets, "it").signed.targets["roster.json"]
    federation.forged[f"{info.hashes['sha256']}.roster.json"] = with_swapped_statement_key(federation)
    with pytest.raises(BadProof):
        federation.roster()


def test_a_hub_that_signs_a_swapped_membership_itself_is_caught(federation: Federation) -> None:
    """The whole chain re-made with the online key: targets, snapshot and timestamp, all consistent."""
    swapped = with_swapped_statement_key(federation)
    name, signed = served(federation, "targets")
    targets = metadata.parse(signed, Targets, "it").signed
    targets.version += 1
    targets.targets["roster.json"] = metadata.target_file("roster.json", swapped)
    forged = metadata.sign(targets, [online(federation)])
    _, snapshot_bytes = served(federation, "snapshot")
    snapshot = metadata.parse(snapshot_bytes, Snapshot, "it").signed
    snapshot.version += 1
    snapshot.meta["targets.json"] = metadata.meta(forged, Targets)
    snapshot_forged = metadata.sign(snapshot, [online(federation)])
    stamp = metadata.parse(federation.fetch("timestamp.json", 10**6), Timestamp, "it").signed
    stamp.version += 1
    stamp.snapshot_meta = metadata.meta(snapshot_forged, Snapshot)
    federation.forged = {
        "timestamp.json": metadata.sign(stamp, [online(federation)]),
        f"{snapshot.version}.snapshot.json": snapshot_forged,
        f"{targets.version}.targets.json": forged,
        metadata.stored_name("roster.json", swapped): swapped,
    }
    with pytest.raises(BadSignature):
        federation.roster()
    assert name == "1.targets.json"


def test_a_hub_that_makes_a_root_of_its_own_is_caught(federation: Federation) -> None:
    root = metadata.parse(served(federation, "root")[1], Root, "it").signed
    root.version += 1
    root.add_key(online(federation).public_key, "targets")
    federation.forged[f"{root.version}.root.json"] = metadata.sign(root, [online(federation)])
    with pytest.raises(BadSignature):
        federation.roster()


def test_a_hub_cannot_name_members_through_its_suspensions(federation: Federation) -> None:
    """The delegated role signs another document as well: it is never asked for it."""
    _, signed = served(federation, "targets")
    info = metadata.parse(signed, Targets, "it").signed.targets["roster.json"]
    honest = federation.hub.repository.read(f"{info.hashes['sha256']}.roster.json", 10**6)
    name, suspensions = served(federation, "suspensions")
    role = metadata.parse(suspensions, Targets, "it").signed
    swapped = with_swapped_statement_key(federation)
    role.version += 1
    role.targets["roster.json"] = metadata.target_file("roster.json", swapped)
    forged = metadata.sign(role, [online(federation)])
    _, snapshot_bytes = served(federation, "snapshot")
    snapshot = metadata.parse(snapshot_bytes, Snapshot, "it").signed
    snapshot.version += 1
    snapshot.meta["suspensions.json"] = metadata.meta(forged, Targets)
    snapshot_forged = metadata.sign(snapshot, [online(federation)])
    stamp = metadata.parse(federation.fetch("timestamp.json", 10**6), Timestamp, "it").signed
    stamp.version += 1
    stamp.snapshot_meta = metadata.meta(snapshot_forged, Snapshot)
    federation.forged = {
        "timestamp.json": metadata.sign(stamp, [online(federation)]),
        f"{snapshot.version}.snapshot.json": snapshot_forged,
        f"{role.version}.suspensions.json": forged,
        metadata.stored_name("roster.json", swapped): swapped,
    }
    members = federation.roster().members
    assert members == decode_membership(honest).members
    assert name.endswith(".suspensions.json")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(min_value=0), place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_flipped_bit_of_any_served_file_gives_another_roster(
    federation: Federation, which: int, place: int, bit: int
) -> None:
    federation.forged.clear()
    honest = federation.roster()
    names = names_of(federation)
    name = names[which % len(names)]
    data = bytearray(federation.hub.repository.read(name, 10**7))
    data[place % len(data)] ^= 1 << bit
    federation.forged[name] = bytes(data)
    try:
        found = federation.roster()
    except (PeerFault, NotFound):
        return
    assert found == honest


@pytest.mark.parametrize("junk", [b"", b"{}", b"[]", b"\xff\xfe", b'{"signed":{},"signatures":[]}', b"[" * 50_000])
def test_junk_in_place_of_metadata_lets_out_peer_faults_only(federation: Federation, junk: bytes) -> None:
    snapshot, suspensions = (served(federation, role)[0] for role in ("snapshot", "suspensions"))
    for name in ("timestamp.json", snapshot, "1.targets.json", suspensions, "3.root.json"):
        federation.forged = {name: junk}
        with pytest.raises(PeerFault):
            federation.roster()


def test_a_file_without_end_is_cut_off(federation: Federation) -> None:
    def endless(name: str, limit: int) -> bytes:
        return bytes(limit + 1) if name == "timestamp.json" else federation.fetch(name, limit)

    with pytest.raises(Malformed, match="longer"):
        federation.client().refresh(endless, now=NOW)


def test_metadata_of_a_wrong_type_is_refused_though_well_signed(federation: Federation) -> None:
    _, snapshot = served(federation, "snapshot")
    federation.forged["timestamp.json"] = snapshot
    with pytest.raises(PeerFault):
        federation.roster()
