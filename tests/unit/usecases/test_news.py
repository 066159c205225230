"""Whoever waits is told at once, and misses nothing while away."""

from __future__ import annotations

import asyncio
import time

from node.domain.alerts import AlertKind, Raised
from node.domain.news import Mark
from node.usecases.news import NewsDesk
from tests.simulator.memory_store import MemoryStore


class Clock:
    """Monotonic seconds that move by a minute at each look."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        self.at += 60.0
        return self.at


def raise_alert(store: MemoryStore, about: str) -> None:
    with store.write() as tx:
        tx.raise_alerts([Raised(kind=AlertKind.CASE_HIT, about=about)], 1)


def test_the_first_mark_comes_at_once_and_tells_nothing() -> None:
    store = MemoryStore()
    raise_alert(store, "1")
    news = asyncio.run(NewsDesk(store=store, now=time.monotonic).wait(None, 20))
    assert news.is_empty
    assert news.mark == Mark(alerts=1)


def test_what_came_while_away_is_told_at_once() -> None:
    store = MemoryStore()
    raise_alert(store, "1")
    raise_alert(store, "2")
    news = asyncio.run(NewsDesk(store=store, now=time.monotonic).wait(Mark(), 20))
    assert (news.alerts, news.mark) == (2, Mark(alerts=2))


def test_what_comes_while_waiting_ends_the_wait_of_everybody() -> None:
    store = MemoryStore()
    desk = NewsDesk(store=store, now=time.monotonic, look_seconds=0.01)

    async def run() -> list[int]:
        waits = [asyncio.create_task(desk.wait(Mark(), 25)) for _ in range(5)]
        await asyncio.sleep(0)
        await asyncio.to_thread(raise_alert, store, "1")
        return [(await each).alerts for each in waits]

    assert asyncio.run(run()) == [1] * 5


def test_a_wait_without_news_ends() -> None:
    news = asyncio.run(NewsDesk(store=MemoryStore(), now=Clock()).wait(Mark(), 20))
    assert news.is_empty


def test_a_mark_of_another_database_counts_as_now() -> None:
    store = MemoryStore()
    raise_alert(store, "1")
    news = asyncio.run(NewsDesk(store=store, now=Clock()).wait(Mark(hits=900, alerts=900, outcomes=900), 20))
    assert news.is_empty
    assert news.mark == Mark(alerts=1)


def test_many_listeners_cost_one_look() -> None:
    store = MemoryStore()
    looks = 0
    read = store.read

    def counted() -> object:
        nonlocal looks
        looks += 1
        return read()

    store.read = counted  # type: ignore[method-assign,assignment]
    desk = NewsDesk(store=store, now=lambda: 1.0)

    async def run() -> None:
        await asyncio.gather(*(desk.wait(None, 0) for _ in range(50)))

    asyncio.run(run())
    assert looks == 1
