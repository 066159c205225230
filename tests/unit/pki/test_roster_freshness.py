"""A node refuses older and expired metadata, and a hub renews its own signatures in time."""

import pytest
from tuf.api.metadata import Snapshot, Targets, Timestamp

from node.domain.roster import MemberStatus
from node.errors import Expired, PeerFault
from node.pki import metadata
from tests.unit.pki.federation import DAY, FR, NOW, Federation
from tests.unit.pki.hostile_hub import online, served


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
