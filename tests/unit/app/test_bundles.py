"""The roster of a bundle: it is put in force only if it gives this node its own keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.app.bundles import bring_roster
from node.errors import BadSignature, NotFound, Refused, Unavailable
from node.pki.keys import KeyRing
from node.usecases.roster import Members, OwnLine
from tests.unit.pki.federation import BR, DAY, FEDERATION, FR, JP, NOW, Federation

LATER = NOW + 3 * DAY


@pytest.fixture
def federation(tmp_path: Path) -> Federation:
    made = Federation(tmp_path)
    made.admit(FR, JP)
    return made


def line_of(ring: KeyRing) -> OwnLine:
    return OwnLine(member=FR, vkeys=ring.member_vkeys())


def published(federation: Federation) -> dict[str, bytes]:
    client = federation.client("other")
    client.refresh(federation.fetch, now=NOW)
    return dict(client.published())


def test_the_first_roster_is_put_in_force_and_serves_files_for_longer_than_a_day(federation: Federation) -> None:
    client = federation.client("lab")
    members = Members(clock=lambda: LATER, own=line_of(federation.rings[FR]))
    with pytest.raises(Unavailable):
        members.signed()
    assert bring_roster(client, members, published(federation), now=LATER)
    assert members.signed().active() == (FR, JP)
    assert members.stale()
    assert not bring_roster(client, members, published(federation), now=LATER)


def test_a_roster_that_gives_this_node_other_keys_is_not_kept(federation: Federation) -> None:
    client = federation.client("lab")
    members = Members(clock=lambda: LATER, own=line_of(KeyRing.for_member(FEDERATION, FR)))
    with pytest.raises(BadSignature, match="other keys"):
        bring_roster(client, members, published(federation), now=LATER)
    assert members.latest() is None
    with pytest.raises(NotFound):
        client.load()


def test_a_roster_without_this_member_is_not_kept(federation: Federation) -> None:
    client = federation.client("lab")
    own = OwnLine(member=BR, vkeys=KeyRing.for_member(FEDERATION, BR).member_vkeys())
    members = Members(clock=lambda: LATER, own=own)
    with pytest.raises(Refused, match="does not have BR"):
        bring_roster(client, members, published(federation), now=LATER)
    with pytest.raises(NotFound):
        client.load()
