"""A member's change of keys at the hub: where its former log ends, whatever comes in meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from node.domain.hub_ports import JoinRequest
from node.domain.services import Head
from node.errors import StoreError, Unavailable
from node.hub.key_changes import close_logs, is_closing, open_log
from node.tlog.note import format_vkey
from tests.simulator.federation import Log, Speaker, roster
from tests.simulator.world import Hub, World

FR, FR2, FR3, JP = Speaker.named("FR"), Speaker.named("FR", epoch=2), Speaker.named("FR", epoch=3), Speaker.named("JP")


def petition(speaker: Speaker) -> JoinRequest:
    """For the log key of this speaker; nothing else of it is read here."""
    vkeys = {"log": format_vkey(speaker.vkey)}
    return JoinRequest(
        member=speaker.id, name="it", secret_sha256=bytes(32), csr=b"", vkeys=vkeys, proofs={}, requested_at=1
    )


def close(hub: Hub, *speakers: Speaker) -> dict[str, int]:
    with hub.store.write() as writer:
        sizes = close_logs(writer, hub.world.roster, [petition(each) for each in speakers])
    return {str(member): size for member, size in sizes.items()}


def submit(hub: Hub, log: Log, start: int) -> Head:
    return asyncio.run(hub.carrier.submit(log.speaker.id, log.package(start)))


@pytest.fixture
def hub() -> Hub:
    return Hub(World([FR, JP]))


def test_the_size_that_the_authority_is_told_is_the_last_that_the_log_has(hub: Hub) -> None:
    """Whatever the member, or whoever has its former key, hands in after that."""
    log = Log(FR)
    log.pictures(range(3))
    submit(hub, log, 0)
    assert close(hub, FR2) == {"FR": 3}
    log.pictures([3])
    with pytest.raises(Unavailable, match="takes no more entries"):
        submit(hub, log, 3)
    stored = hub.log(FR.origin)
    assert stored is not None
    assert stored.cosigned_size == 3
    assert close(hub, FR2) == {"FR": 3}, "the same request again states the same"


def test_what_was_handed_in_before_is_answered_as_ever_and_other_members_go_on(hub: Hub) -> None:
    log, other = Log(FR), Log(JP)
    log.pictures(range(3))
    other.pictures(range(2))
    head = submit(hub, log, 0)
    close(hub, FR2)
    assert submit(hub, log, 0) == head
    assert submit(hub, other, 0).size == 2


def test_a_refused_petition_opens_the_log_again(hub: Hub) -> None:
    log = Log(FR)
    log.pictures(range(2))
    close(hub, FR2)
    with hub.store.write() as writer:
        open_log(writer, FR.id)
    assert submit(hub, log, 0).size == 2


def test_the_next_epoch_is_open_whatever_happened_to_the_one_before(hub: Hub) -> None:
    close(hub, FR2)
    hub.world.roster = roster(FR2, JP)
    log = Log(FR2)
    log.pictures(range(2))
    assert submit(hub, log, 0).size == 2


def test_an_epoch_without_an_entry_ends_at_none_and_not_where_the_one_before_ended(hub: Hub) -> None:
    log = Log(FR)
    log.pictures(range(5))
    submit(hub, log, 0)
    hub.world.roster = roster(FR2, JP)
    assert close(hub, FR3) == {"FR": 0}


def test_who_joins_and_who_keeps_the_log_key_closes_nothing(hub: Hub) -> None:
    assert close(hub, FR, Speaker.named("DE")) == {}
    with hub.store.read() as reader:
        assert not is_closing(reader, FR.origin)


def test_a_crash_while_the_request_is_written_leaves_the_log_open(hub: Hub) -> None:
    log = Log(FR)
    log.pictures(range(2))
    hub.store.fail_next_commit = StoreError("killed")
    with pytest.raises(StoreError):
        close(hub, FR2)
    assert submit(hub, log, 0).size == 2
