"""A follower gets every log, in turn and as it grows, as far as it is cosigned."""

from __future__ import annotations

import asyncio
import threading

import pytest

from node.domain.batch import Package
from node.domain.queries import LogView
from node.domain.services import Head
from node.errors import Malformed
from tests.simulator.federation import Log
from tests.simulator.world import PATIENCE
from tests.unit.hub.carriers import DE, FR, JP, a_hub, do, followed, submit


def test_heads_are_given_of_all_logs_or_of_those_asked_for() -> None:
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    fr.pictures([1, 2])
    jp.pictures([3])
    submit(hub, fr.package())
    submit(hub, jp.package(), JP.id)
    assert {h.origin: h.cosigned_size for h in do(hub.carrier.heads(DE.id, []))} == {FR.origin: 2, JP.origin: 1}
    assert [h.origin for h in do(hub.carrier.heads(DE.id, [JP.origin, DE.origin]))] == [JP.origin]


def test_a_follower_gets_every_log_from_its_cursors_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 1_000)
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    fr.pictures(range(12))
    jp.pictures(range(20, 26))
    submit(hub, fr.package())
    submit(hub, jp.package(), JP.id)
    packages = followed(hub, DE.id, 5, LogView(origin=FR.origin, size=5))
    assert [each.origin for each in packages[:4]] == [FR.origin, JP.origin, FR.origin, JP.origin]
    for log, start in ((fr, 5), (jp, 0)):
        at = start
        for each in packages:
            if each.origin == log.speaker.origin:
                assert each == log.package(at, each.end, at=log.size, hub=True)
                at = each.end
        assert at > start


def test_only_what_is_cosigned_is_handed_on() -> None:
    async def story() -> None:
        hub, log = a_hub(), Log(FR)
        log.pictures(range(4))
        await hub.carrier.submit(FR.id, log.package(0, 2, at=4))
        stream = hub.carrier.follow(JP.id, [])
        waiting = asyncio.ensure_future(anext(stream))
        await hub.carrier.heads(JP.id, [])
        assert not waiting.done()
        await hub.carrier.submit(FR.id, log.package(2, 4))
        async with asyncio.timeout(PATIENCE):
            assert (await waiting).end == 4

    asyncio.run(story())


def test_the_live_tail_reaches_every_follower() -> None:
    async def story() -> None:
        hub, log = a_hub(), Log(FR)
        streams = [hub.carrier.follow(member, []) for member in (JP.id, DE.id)]
        waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
        for number in range(3):
            log.pictures([number])
            await hub.carrier.submit(FR.id, log.package(number))
            async with asyncio.timeout(PATIENCE):
                packages = await asyncio.gather(*waiting)
            assert [each.start for each in packages] == [number, number]
            waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(story())


def test_what_was_stored_for_a_caller_who_hung_up_reaches_the_followers() -> None:
    async def story() -> None:
        hub, log, begun, go_on = a_hub(), Log(FR), threading.Event(), threading.Event()
        log.pictures([1])
        take = hub.carrier._take

        def slow(package: Package) -> Head:
            begun.set()
            assert go_on.wait(PATIENCE)
            return take(package)

        hub.carrier._take = slow  # type: ignore[method-assign]
        waiting = asyncio.ensure_future(anext(hub.carrier.follow(JP.id, [])))
        call = asyncio.ensure_future(hub.carrier.submit(FR.id, log.package()))
        await asyncio.to_thread(begun.wait, PATIENCE)
        call.cancel()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(call, return_exceptions=True)
        assert call.cancelled()
        async with asyncio.timeout(PATIENCE):
            assert (await waiting).end == 1

    asyncio.run(story())


def test_too_many_cursors_or_indices_are_refused() -> None:
    hub = a_hub()
    with pytest.raises(Malformed):
        followed(hub, JP.id, 1, *[LogView(origin=FR.origin, size=0)] * 10_001)
    with pytest.raises(Malformed):
        do(hub.carrier.bodies(JP.id, FR.origin, range(1_001)))
