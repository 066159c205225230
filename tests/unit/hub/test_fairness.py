"""No member's calls, entries or broken log hold up what the hub does for the others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from typing import Any

import pytest

from node.domain.batch import RUN_ENTRIES, Package
from node.domain.envelope import Disclosure
from node.domain.ids import MemberId
from node.domain.log_ports import LogState
from node.wire.convert_federation import package_from_pb, package_to_pb
from tests.simulator import hostile_member
from tests.simulator.federation import Log
from tests.simulator.world import PATIENCE
from tests.unit.hub.carriers import DE, FR, JP, a_hub, followed, submit


@pytest.mark.parametrize("call", ["bodies", "submit"])
def test_a_member_that_hangs_up_and_calls_again_has_one_call_at_work(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The threads that read and store are few, and everybody's."""
    hub, log = a_hub(), Log(FR)
    log.pictures(range(2))
    submit(hub, log.package())
    at_work, most, let_go = 0, 0, threading.Event()

    def work(*_given: Any) -> dict[int, Disclosure]:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        let_go.wait(PATIENCE)
        at_work -= 1
        return {}

    monkeypatch.setattr(hub.carrier._showing, "bodies", work)
    monkeypatch.setattr(hub.carrier, "_submit", work)

    def one(number: int) -> Awaitable[Any]:
        if call == "bodies":
            return hub.carrier.bodies(FR.id, FR.origin, range(number + 1))
        return hub.carrier.submit(FR.id, log.package())

    async def story() -> None:
        calls = [asyncio.ensure_future(one(number)) for number in range(3)]
        async with asyncio.timeout(PATIENCE):
            while not at_work:  # noqa: ASYNC110 (a thread tells nobody)
                await asyncio.sleep(0.01)
            for each in calls:
                each.cancel()
            again = asyncio.ensure_future(one(7))
            await asyncio.sleep(0.05)
            assert at_work == 1
            let_go.set()
            await again
        await asyncio.gather(*calls, return_exceptions=True)
        assert most == 1

    asyncio.run(story())


def test_a_log_of_which_no_package_can_be_made_leaves_the_others_going(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, held back and tried again; the stream does not end."""
    monkeypatch.setattr("node.hub.rota.HELD_BACK_FIRST", 0.01)

    async def story() -> None:
        hub, fr, jp = a_hub(), Log(FR), Log(JP)
        fr.pictures(range(3))
        jp.pictures(range(10, 14))
        await hub.carrier.submit(FR.id, fr.package())
        await hub.carrier.submit(JP.id, jp.package())
        sound = hub.carrier._showing.package
        broken = True

        def package(member: MemberId, log: LogState, *rest: object) -> Package:
            if broken and log.origin == FR.origin:
                raise ValueError(member)
            return sound(member, log, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(hub.carrier._showing, "package", package)
        stream = hub.carrier.follow(DE.id, [])
        async with asyncio.timeout(PATIENCE):
            assert (await anext(stream)).origin == JP.origin
            assert hub.carrier.troubles == {FR.origin: "internal (ValueError)"}
            jp.pictures([20])
            await hub.carrier.submit(JP.id, jp.package(4))
            assert (await anext(stream)).start == 4
            broken = False
            assert (await anext(stream)).origin == FR.origin
        assert hub.carrier.troubles == {}

    asyncio.run(story())


def test_tiny_entries_travel_in_packages_that_every_receiver_takes() -> None:
    """As many bytes of them as fill a package by themselves would be five times as long on the wire."""
    hub, log, jp = a_hub(), Log(FR), Log(JP)
    hostile_member.tiny(log, 60_000)
    jp.pictures([1])
    for start in range(0, log.size, 30_000):
        submit(hub, log.package(start, min(start + 30_000, log.size)))
    submit(hub, jp.package(), JP.id)
    packages = followed(hub, DE.id, 3)
    assert [each.origin for each in packages] == [FR.origin, JP.origin, FR.origin]
    for each in packages:
        assert package_from_pb(package_to_pb(each)).entries == each.entries
        assert package_to_pb(each).ByteSize() < 1 << 20
    assert [each.end for each in packages] == [RUN_ENTRIES, 1, 2 * RUN_ENTRIES]


def test_a_member_whose_run_was_much_work_rests_and_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.hub.carrier.REST_SHARE", 1e9)

    async def story() -> None:
        hub, jp = a_hub(), Log(JP)
        (fr,) = hostile_member.late_retractions(20)
        jp.pictures(range(2))
        await hub.carrier.submit(FR.id, fr.package())
        fr.pictures([50])
        resting = asyncio.ensure_future(hub.carrier.submit(FR.id, fr.package(40)))
        for number in range(2):
            await hub.carrier.submit(JP.id, jp.package(number, number + 1))
        assert not resting.done()
        resting.cancel()
        await asyncio.gather(resting, return_exceptions=True)

    asyncio.run(story())
