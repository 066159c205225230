"""A hub suspends members and lifts suspensions: who can be suspended, what nodes see, and what a kill leaves."""

from pathlib import Path

import pytest

from node.domain.roster import MemberStatus
from node.errors import Malformed, NotFound, Refused
from node.pki import files as disk
from tests.unit.pki.federation import BR, FR, JP, NOW, Federation, Hub


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
