"""A roster that came in a file: verified from the pinned root, never older than what was seen, for as long as the
authority's own signatures last.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.domain.roster import MemberStatus
from node.errors import Expired, NotFound, PeerFault, VigilError
from node.pki import metadata
from node.pki.client import RosterClient
from tests.unit.pki.federation import BR, DAY, FR, JP, NOW, Federation

LATER = NOW + 5 * DAY


def carried(federation: Federation, now: float = NOW + 10) -> Mapping[str, bytes]:
    """What another node with a line has at that time."""
    client = federation.client("other")
    client.refresh(federation.fetch, now=now)
    return client.published()


@pytest.fixture
def alone(federation: Federation) -> RosterClient:
    """A node that had a line once, before BR came."""
    client = federation.client("alone")
    client.refresh(federation.fetch, now=NOW)
    federation.admit(BR, now=NOW + 5)
    return client


def test_a_newer_roster_is_kept_although_the_hubs_daily_part_has_expired(
    federation: Federation, alone: RosterClient
) -> None:
    files = carried(federation)
    roster = alone.bring(files, now=LATER)
    assert roster is not None
    assert roster.active() == (BR, FR, JP)
    assert roster.expires < LATER < roster.signed_until
    assert alone.load() == roster
    assert alone.bring(files, now=LATER) is None


def test_a_node_that_never_had_a_roster_takes_its_first_one_from_a_file(federation: Federation) -> None:
    files = carried(federation)
    client = federation.client("never")
    roster = client.bring(files, now=LATER)
    assert roster is not None
    assert client.load() == roster


def test_checking_keeps_nothing(federation: Federation, alone: RosterClient) -> None:
    before = alone.load()
    roster = alone.carried(carried(federation), now=LATER)
    assert roster is not None
    assert (roster.version, alone.load()) == (2, before)


def test_an_older_roster_is_not_used(federation: Federation, alone: RosterClient) -> None:
    older = alone.published()
    alone.refresh(federation.fetch, now=NOW + 10)
    newest = alone.load()
    assert alone.carried(older, now=NOW + 20) is None
    assert alone.bring(older, now=NOW + 20) is None
    assert alone.load() == newest


def test_a_suspension_is_carried(federation: Federation, alone: RosterClient) -> None:
    federation.hub.repository.suspend(JP, "lost a laptop", now=NOW + 20)
    roster = alone.bring(carried(federation, NOW + 30), now=LATER)
    assert roster is not None
    assert roster.members[JP].status is MemberStatus.SUSPENDED


def test_what_the_authority_signed_too_long_ago_is_refused(federation: Federation, alone: RosterClient) -> None:
    files, before = carried(federation), alone.load()
    with pytest.raises(Expired):
        alone.bring(files, now=NOW + metadata.TARGETS_LIFE + DAY)
    assert alone.load() == before


def test_the_line_goes_on_after_a_carried_roster(federation: Federation, alone: RosterClient) -> None:
    alone.bring(carried(federation), now=LATER)
    federation.hub.repository.suspend(JP, "lost a laptop", now=LATER)
    assert alone.refresh(federation.fetch, now=LATER).members[JP].status is MemberStatus.SUSPENDED


def rotated(federation: Federation, now: float) -> None:
    federation.hub.repository.accept(federation.authority.rotate(keys=1, threshold=1, now=now), now=now)


def test_new_root_keys_are_followed(federation: Federation, alone: RosterClient) -> None:
    early = federation.client("early")
    for step in (20, 30):
        rotated(federation, NOW + step)
    early.refresh(federation.fetch, now=NOW + 40)
    roster = alone.bring(early.published(), now=LATER)
    assert roster is not None
    assert roster.active() == (BR, FR, JP)
    rotated(federation, LATER)
    early.refresh(federation.fetch, now=LATER + 10)
    newest = {name: data for name, data in early.published().items() if name not in {"2.root.json", "3.root.json"}}
    assert alone.bring(newest, now=LATER + 20) is not None  # the roots between are here already


def test_a_file_without_the_roots_between_says_who_should_write_it(federation: Federation, alone: RosterClient) -> None:
    for step in (20, 30):
        rotated(federation, NOW + step)
    before = alone.load()
    with pytest.raises(NotFound, match="root that this node knows"):
        alone.bring(carried(federation, NOW + 40), now=LATER)
    assert alone.load() == before


def test_each_missing_file_refuses_it_and_changes_nothing(federation: Federation, alone: RosterClient) -> None:
    files, before = dict(carried(federation)), alone.load()
    needed = [name for name in files if not name.endswith("root.json")]
    for name in needed:
        with pytest.raises(VigilError):
            alone.bring({other: data for other, data in files.items() if other != name}, now=LATER)
        assert alone.load() == before
    with pytest.raises(NotFound):
        alone.bring({}, now=LATER)
    assert alone.bring(files, now=LATER) is not None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_never_gives_another_roster(
    federation: Federation, alone: RosterClient, data: st.DataObject
) -> None:
    files = dict(carried_once(federation))
    name = data.draw(st.sampled_from(sorted(files)))
    at = data.draw(st.integers(0, len(files[name]) - 1))
    changed = bytearray(files[name])
    changed[at] ^= data.draw(st.integers(1, 255))
    right = alone.carried(files, now=LATER)
    try:
        found = alone.carried({**files, name: bytes(changed)}, now=LATER)
    except (PeerFault, NotFound):
        return
    assert found in (None, right)


def carried_once(federation: Federation) -> Mapping[str, bytes]:
    """`carried`, with the folder of the other node made once."""
    folder = federation.folder / "once"
    if not folder.exists():
        federation.client("once").refresh(federation.fetch, now=NOW + 10)
    return RosterClient(folder, federation=None, root_sha256=None).published()
