"""A node believes the authority, remembers what it saw, and is told apart what a hub can and cannot do."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from node.domain.ids import FederationId
from node.domain.roster import MemberStatus, Policy
from node.errors import BadProof, BadSignature, Damaged, Expired, Malformed, NotFound, PeerFault, Refused, Unavailable
from node.pki import files as disk
from node.pki import metadata
from node.pki.client import RosterClient
from node.pki.courier import SigningRequest, claim_hub, decode_bundle, encode_bundle, encode_request
from node.pki.documents import decode_membership, encode_membership
from node.pki.keys import KeyRing
from node.pki.metadata import RoleSigner
from node.tlog import note
from tests.unit.pki.federation import BR, DAY, EMPTY, FEDERATION, FR, JP, NOW, Federation, Hub


def online(federation: Federation) -> RoleSigner:
    """The key that a compromised hub has."""
    ring = federation.hub.ring
    return RoleSigner(ring.signer("online"), ring.public_bytes("online"))


def served(federation: Federation, role: str) -> tuple[str, bytes]:
    """(name, bytes) of what the hub serves as the newest of a role."""
    folder = federation.folder / "hub" / "repository"
    versions = sorted(int(each.name.split(".")[0]) for each in folder.glob(f"*.{role}.json") if len(each.name) < 60)
    name = f"{versions[-1]}.{role}.json"
    return name, (folder / name).read_bytes()


# --- what holds -------------------------------------------------------------------------------------------------------


def test_a_node_sees_the_members_their_keys_the_hub_and_the_policy(federation: Federation) -> None:
    roster = federation.roster()
    assert roster.active() == (FR, JP)
    assert roster.members[FR].statement_vkeys() == (federation.rings[FR].vkey("statement"),)
    assert roster.hub.cosigner_vkey == federation.hub.ring.vkey("mirror")
    assert roster.hub.ca_sha256 == federation.hub.ca.sha256
    assert roster.policy == Policy()
    assert roster.version == 1
    assert roster.expires == NOW + metadata.TIMESTAMP_LIFE


def test_a_later_roster_takes_the_place_of_the_former(federation: Federation) -> None:
    client = federation.client()
    assert client.refresh(federation.fetch, now=NOW).version == 1
    federation.admit(BR, now=NOW + 5)
    later = client.refresh(federation.fetch, now=NOW + 10)
    assert (later.version, later.active()) == (2, (BR, FR, JP))


def test_a_suspension_reaches_a_node_and_is_lifted(federation: Federation) -> None:
    client = federation.client()
    federation.hub.repository.suspend(FR, "lost a laptop", now=NOW)
    assert client.refresh(federation.fetch, now=NOW).members[FR].status is MemberStatus.SUSPENDED
    federation.hub.repository.lift(FR, now=NOW)
    assert client.refresh(federation.fetch, now=NOW).members[FR].status is MemberStatus.ACTIVE


def test_a_suspension_outlives_a_new_membership(federation: Federation) -> None:
    federation.hub.repository.suspend(FR, "lost a laptop", now=NOW)
    federation.admit(BR)
    roster = federation.roster()
    assert roster.members[FR].status is MemberStatus.SUSPENDED
    assert roster.active() == (BR, JP)


def test_only_a_member_can_be_suspended_and_only_a_suspended_one_let_back(federation: Federation) -> None:
    with pytest.raises(Refused):
        federation.hub.repository.suspend(BR, "who", now=NOW)
    with pytest.raises(NotFound):
        federation.hub.repository.lift(FR, now=NOW)
    with pytest.raises(Malformed):
        federation.hub.repository.suspend(FR, "two\nlines", now=NOW)


def test_the_hub_cannot_lift_what_the_authority_ended(federation: Federation) -> None:
    federation.hub.repository.accept(federation.authority.release(FR, now=NOW), now=NOW)
    assert federation.roster().members[FR].status is MemberStatus.LEFT
    with pytest.raises(Refused):
        federation.hub.repository.suspend(FR, "gone", now=NOW)


def test_before_the_first_signature_a_node_is_told_that_there_is_nothing(empty: Federation) -> None:
    client = empty.client()
    with pytest.raises(NotFound, match="lacks"):
        client.refresh(empty.fetch, now=NOW)
    with pytest.raises(NotFound, match="verified"):
        client.load()


def test_what_fetching_raises_passes_untouched(federation: Federation) -> None:
    def unreachable(name: str, limit: int) -> bytes:
        raise Unavailable("the hub is away")

    with pytest.raises(Unavailable):
        federation.client().refresh(unreachable, now=NOW)


# --- without a network ------------------------------------------------------------------------------------------------


def test_the_last_roster_is_there_without_a_network_and_says_when_it_ran_out(federation: Federation) -> None:
    roster = federation.client().refresh(federation.fetch, now=NOW)
    root = hashlib.sha256((federation.folder / "node" / "pinned.root.json").read_bytes()).digest()
    again = RosterClient(federation.folder / "node", federation=FEDERATION, root_sha256=root)
    assert again.load() == roster


def test_a_cut_in_the_middle_of_a_refresh_leaves_the_last_roster_usable(federation: Federation) -> None:
    client = federation.client()
    before = client.refresh(federation.fetch, now=NOW)
    federation.admit(BR, now=NOW + 5)

    def cut(name: str, limit: int) -> bytes:
        if name.endswith("roster.json"):
            raise Unavailable("the line was cut")
        return federation.fetch(name, limit)

    with pytest.raises(Unavailable):
        client.refresh(cut, now=NOW + 10)
    assert client.load() == before
    assert client.refresh(federation.fetch, now=NOW + 10).active() == (BR, FR, JP)


def test_the_roster_on_disk_is_verified_not_trusted(federation: Federation) -> None:
    """Many a byte of the kept file, flipped in turn: never a roster other than the one that was signed."""
    client = federation.client()
    roster = client.refresh(federation.fetch, now=NOW)
    path = federation.folder / "node" / "verified.json"
    good = path.read_bytes()
    for place in range(0, len(good), 61):
        bad = bytearray(good)
        bad[place] ^= 1
        path.write_bytes(bytes(bad))
        try:
            found = client.load()
        except Damaged:
            continue
        # Signatures are malleable in their spelling (the case of a hex digit): only the same roster may come out.
        assert found == roster


def test_another_pinned_root_than_the_invitations_is_refused(federation: Federation) -> None:
    federation.client()
    with pytest.raises(Damaged, match="pinned root"):
        RosterClient(federation.folder / "node", federation=FEDERATION, root_sha256=bytes(32))


# --- a hostile hub ----------------------------------------------------------------------------------------------------


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


def with_swapped_statement_key(federation: Federation, *, member: str = "FR") -> bytes:
    """The roster as a hub would like it: the member's statement key is the hub's own."""
    _, targets = served(federation, "targets")
    info = metadata.parse(targets, Targets, "it").signed.targets["roster.json"]
    honest = decode_membership(federation.hub.repository.read(f"{info.hashes['sha256']}.roster.json", 10**6))
    ring = KeyRing.for_member(FEDERATION, FR)
    victim = honest.members[FR]
    keys = tuple(
        replace(key, vkey=ring.vkey("statement")) if key.purpose == "statement" else key for key in victim.keys
    )
    return encode_membership(replace(honest, members={**honest.members, FR: replace(victim, keys=keys)}))


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


def test_rollback_is_refused(federation: Federation) -> None:
    client = federation.client()
    old = federation.fetch("timestamp.json", 10**6)
    federation.hub.repository.suspend(FR, "lost a laptop", now=NOW)
    client.refresh(federation.fetch, now=NOW)
    federation.forged["timestamp.json"] = old
    with pytest.raises(PeerFault, match="older"):
        client.refresh(federation.fetch, now=NOW)
    federation.forged.clear()
    assert client.refresh(federation.fetch, now=NOW).members[FR].status is MemberStatus.SUSPENDED


def test_a_snapshot_that_goes_back_behind_a_suspension_is_refused(federation: Federation) -> None:
    """The hub signs anew, with higher numbers, a snapshot that names the suspensions of before."""
    client = federation.client()
    _, before = served(federation, "suspensions")
    federation.hub.repository.suspend(FR, "lost a laptop", now=NOW)
    client.refresh(federation.fetch, now=NOW)
    _, snapshot_bytes = served(federation, "snapshot")
    snapshot = metadata.parse(snapshot_bytes, Snapshot, "it").signed
    snapshot.version += 1
    snapshot.meta["suspensions.json"] = metadata.meta(before, Targets)
    forged = metadata.sign(snapshot, [online(federation)])
    stamp = metadata.parse(federation.fetch("timestamp.json", 10**6), Timestamp, "it").signed
    stamp.version += 1
    stamp.snapshot_meta = metadata.meta(forged, Snapshot)
    federation.forged = {
        "timestamp.json": metadata.sign(stamp, [online(federation)]),
        f"{snapshot.version}.snapshot.json": forged,
    }
    with pytest.raises(PeerFault, match="older"):
        client.refresh(federation.fetch, now=NOW)


def test_freezing_is_noticed_when_the_timestamp_runs_out(federation: Federation) -> None:
    client = federation.client()
    client.refresh(federation.fetch, now=NOW)
    with pytest.raises(Expired):
        client.refresh(federation.fetch, now=NOW + metadata.TIMESTAMP_LIFE)
    assert client.load().expires <= NOW + metadata.TIMESTAMP_LIFE


def test_a_hub_that_refreshes_keeps_its_nodes_fresh_until_the_authority_must_sign(federation: Federation) -> None:
    client = federation.client()
    for day in range(0, 80, 8):
        now = NOW + day * DAY
        federation.hub.repository.refresh(now=now)
        assert client.refresh(federation.fetch, now=now).expires > now
    with pytest.raises(Expired, match="authority"):
        federation.hub.repository.refresh(now=NOW + metadata.TARGETS_LIFE)


def test_a_hub_knows_until_when_the_authority_has_to_sign_again(federation: Federation) -> None:
    assert federation.hub.repository.authority_until() == NOW + metadata.TARGETS_LIFE
    federation.hub.repository.accept(federation.authority.extend(now=NOW + DAY), now=NOW + DAY)
    assert federation.hub.repository.authority_until() == NOW + DAY + metadata.TARGETS_LIFE


def test_refreshing_again_at_once_signs_nothing(federation: Federation) -> None:
    before = federation.fetch("timestamp.json", 10**6)
    assert not federation.hub.repository.refresh(now=NOW + 60)
    assert federation.fetch("timestamp.json", 10**6) == before
    assert federation.hub.repository.refresh(now=NOW + metadata.TIMESTAMP_LIFE / 2)


def names_of(federation: Federation) -> list[str]:
    folder = federation.folder / "hub" / "repository"
    return sorted(each.name for each in folder.iterdir() if not each.name.startswith("1.root"))


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


# --- what a hub publishes ---------------------------------------------------------------------------------------------


def test_a_hub_takes_no_bundle_of_another_authority(federation: Federation, tmp_path: Path) -> None:
    other = Federation(tmp_path / "other")
    bundle = other.admit(FR)
    with pytest.raises(Refused, match="another authority"):
        federation.hub.repository.accept(bundle, now=NOW)


def test_a_hub_takes_no_bundle_for_another_hub(federation: Federation, tmp_path: Path) -> None:
    twin = Hub.create(tmp_path / "twin", federation.authority.root)
    with pytest.raises(Refused, match="another hub"):
        twin.repository.accept(federation.authority.bundle(), now=NOW)


def test_a_hub_takes_no_roster_that_names_another_mirror_or_ca(federation: Federation) -> None:
    """The online key is this hub's, the rest of its identity somebody else's: its cosignatures would be nobody's."""
    ring = federation.hub.ring
    mirror = KeyRing.generate(FEDERATION, "hub", ("mirror",))
    mixed = KeyRing(FEDERATION, "hub", {**ring._keys, **mirror._keys})
    for claims in (
        claim_hub(ring, ca_sha256=bytes(32)),
        claim_hub(mixed, ca_sha256=federation.hub.ca.sha256),
    ):
        request = encode_request(SigningRequest(federation=FEDERATION, hub=claims, petitions=()))
        bundle = federation.authority.sign(request, now=NOW, accept_hub=True)
        with pytest.raises(Refused, match="another hub"):
            federation.hub.repository.accept(bundle, now=NOW)


def test_a_hub_takes_no_older_bundle_and_the_same_one_again(federation: Federation) -> None:
    first = federation.authority.bundle()
    federation.hub.repository.accept(first, now=NOW)
    federation.admit(BR)
    with pytest.raises(PeerFault, match="older"):
        federation.hub.repository.accept(first, now=NOW)
    assert federation.roster().active() == (BR, FR, JP)


def test_a_root_counts_under_its_own_number_only(federation: Federation) -> None:
    """The newest root once more, as if it were the next."""
    bundle = decode_bundle(federation.authority.extend(now=NOW + 1))
    again = encode_bundle(replace(bundle, files={**bundle.files, "3.root.json": bundle.files["2.root.json"]}))
    with pytest.raises(PeerFault):
        federation.hub.repository.accept(again, now=NOW + 1)
    with pytest.raises(NotFound):
        federation.hub.repository.read("3.root.json", 10**6)


def test_a_hub_takes_no_expired_bundle(federation: Federation) -> None:
    with pytest.raises(Expired):
        federation.hub.repository.accept(federation.authority.bundle(), now=NOW + metadata.TARGETS_LIFE)


def test_a_bundle_with_any_file_altered_publishes_nothing(federation: Federation) -> None:
    bundle = decode_bundle(federation.authority.extend(now=NOW + 1))
    published = {name: federation.hub.repository.read(name, 10**7) for name in names_of(federation)}
    for name, data in bundle.files.items():
        altered = encode_bundle(replace(bundle, files={**bundle.files, name: data[:-3] + b"}}}"}))
        missing = encode_bundle(
            replace(bundle, files={each: bundle.files[each] for each in bundle.files if each != name})
        )
        for bad in (altered, missing):
            # A root that the hub has already is not read again, so its copy in the bundle may be anything.
            if name == "2.root.json":
                continue
            with pytest.raises((PeerFault, Refused)):
                federation.hub.repository.accept(bad, now=NOW + 1)
    assert {name: federation.hub.repository.read(name, 10**7) for name in names_of(federation)} == published


def test_a_hub_takes_no_delegation_wider_than_suspensions(federation: Federation) -> None:
    bundle = decode_bundle(federation.authority.extend(now=NOW + 1))
    ring = KeyRing.load(
        federation.folder / "authority" / "keys" / "targets-1.key", EMPTY, federation=FEDERATION, owner="authority"
    )
    targets = metadata.parse(bundle.files["2.targets.json"], Targets, "it").signed
    assert targets.delegations is not None
    assert targets.delegations.roles is not None
    targets.delegations.roles["suspensions"].paths = ["*"]
    signed = metadata.sign(targets, [RoleSigner(ring.signer("targets/1"), ring.public_bytes("targets/1"))])
    wider = encode_bundle(replace(bundle, files={**bundle.files, "2.targets.json": signed}))
    with pytest.raises(Malformed, match="delegates"):
        federation.hub.repository.accept(wider, now=NOW + 1)


@pytest.mark.parametrize("at", range(7))
def test_a_hub_killed_between_two_writes_of_a_suspension_serves_the_old_or_the_new_state(
    federation: Federation, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    left = at
    honest = disk.write_atomic

    def counted(path: Path, data: bytes, **options: int) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        honest(path, data, **options)

    client = federation.client()
    client.refresh(federation.fetch, now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr("node.pki.repository.write_atomic", counted)
        try:
            federation.hub.repository.suspend(FR, "lost a laptop", now=NOW)
        except Killed:
            pass
        else:
            assert at >= 4
    status = client.refresh(federation.fetch, now=NOW).members[FR].status
    assert status is (MemberStatus.SUSPENDED if at >= 4 else MemberStatus.ACTIVE)
    # And the next start goes on from there.
    again = Hub(federation.folder / "hub")
    again.repository.suspend(FR, "lost a laptop", now=NOW + 1)
    assert client.refresh(again.repository.read, now=NOW + 1).members[FR].status is MemberStatus.SUSPENDED


@pytest.mark.parametrize(
    "name", ["../hub.json", "keys", "root.json", "/etc/passwd", "0.root.json", "1.mirror.json", ".json", "", "x" * 500]
)
def test_a_repository_serves_no_other_file(federation: Federation, name: str) -> None:
    with pytest.raises(NotFound):
        federation.hub.repository.read(name, 10**6)


def test_a_file_longer_than_asked_for_is_not_served(federation: Federation) -> None:
    with pytest.raises(Refused):
        federation.hub.repository.read("timestamp.json", 10)


def test_a_hub_whose_key_changed_signs_everything_anew(federation: Federation) -> None:
    """The authority accepts the new online key; what the former one signed is not served on."""
    old = KeyRing.load(federation.folder / "hub" / "keys", EMPTY, federation=FEDERATION, owner="hub")
    fresh = KeyRing.generate(FEDERATION, "hub", ("online",))
    KeyRing(FEDERATION, "hub", {**old._keys, **fresh._keys}).save(federation.folder / "hub" / "keys", EMPTY)
    hub = Hub(federation.folder / "hub")
    bundle = federation.authority.sign(hub.signing_request(()), now=NOW + 5, accept_hub=True)
    hub.repository.accept(bundle, now=NOW + 5)
    client = federation.client(fetch=hub.repository.read)
    assert client.refresh(hub.repository.read, now=NOW + 5).active() == (FR, JP)


def test_a_folder_that_a_person_vouches_for_is_read_whatever_its_federation(federation: Federation) -> None:
    roster = federation.client().refresh(federation.fetch, now=NOW)
    found = RosterClient(federation.folder / "node", federation=None, root_sha256=None)
    assert found.load() == roster
    assert found.root_sha256 == federation.hub.repository.root_pin()[1]


def test_a_roster_of_another_federation_is_refused(federation: Federation) -> None:
    federation.client().refresh(federation.fetch, now=NOW)
    other = RosterClient(federation.folder / "node", federation=FederationId("other.example"), root_sha256=None)
    with pytest.raises(Malformed, match="another federation"):
        other.refresh(federation.fetch, now=NOW)


def test_names_in_the_served_metadata_are_those_of_the_specification(federation: Federation) -> None:
    """For another TUF client: consistent snapshots, the standard roles, Ed25519."""
    root = json.loads(federation.authority.root)["signed"]
    assert root["consistent_snapshot"] is True
    assert set(root["roles"]) == {"root", "targets", "snapshot", "timestamp"}
    assert {key["scheme"] for key in root["keys"].values()} == {"ed25519"}
    assert note.parse_vkey(federation.roster().hub.cosigner_vkey).key_type == note.COSIGNATURE
