"""A hub of three members, and what they do at it: hand in, be refused, follow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

import pytest

from node.domain.batch import Package
from node.domain.handling import Handling
from node.domain.ids import MemberId
from node.domain.queries import LogView
from node.domain.services import Head
from tests.simulator.federation import Speaker
from tests.simulator.world import Hub, World, first

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
ONLY_JP = Handling(audience=(MemberId("JP"),))
Given = TypeVar("Given")


def a_hub() -> Hub:
    return Hub(World([FR, JP, DE]))


def do(work: Awaitable[Given]) -> Given:
    async def within() -> Given:
        return await work

    return asyncio.run(within())


def submit(hub: Hub, package: Package, member: MemberId = FR.id) -> Head:
    return do(hub.carrier.submit(member, package))


def refused(hub: Hub, package: Package, error: type[Exception], member: MemberId = FR.id) -> None:
    before = hub.log(package.origin)
    with pytest.raises(error):
        submit(hub, package, member)
    after = hub.log(package.origin)
    assert (after and replace(after, frozen="")) == (before and replace(before, frozen=""))


def followed(hub: Hub, member: MemberId, count: int, *cursors: LogView) -> list[Package]:
    return do(first(hub.carrier.follow(member, cursors), count))
