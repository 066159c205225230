"""A change of keys is recorded, and this node is prepared for its new keys before it sends the petition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from node.domain.ids import MemberId
from node.domain.token import Token
from node.errors import Malformed, Refused, Unavailable
from node.usecases.own_keys import OwnKeys
from node.usecases.roster import OwnLine
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.audited import Audited

LINE = OwnLine(member=MemberId("FR"), vkeys={}, coming={"log": "new"})


class Change:
    """A change of keys that notes what is asked of it."""

    def __init__(self) -> None:
        self.audited = Audited(MemoryStore())
        self.done: list[str] = []
        self.fault: Exception | None = None
        self.keys = OwnKeys(audit=self.audited.audit, change=lambda: self, own=lambda _: self.done.append("own"))

    def begin(self, _token: Token | None) -> Mapping[str, Any]:
        if self.fault is not None:
            raise self.fault
        self.done.append("begin")
        return {"step": "keys"}

    async def ask(self) -> str:
        self.done.append("ask")
        return "pending"

    def standing(self) -> Mapping[str, Any]:
        return {"state": "none"}

    def own_line(self) -> OwnLine:
        return LINE

    def cancel(self) -> Mapping[str, Any]:
        self.done.append("cancel")
        return {"state": "cancelled"}

    def rekey(self, token: str = "") -> list[Any]:
        async def collect(steps: AsyncIterator[Any]) -> list[Any]:
            return [each async for each in steps]

        return asyncio.run(collect(self.keys.rekey(token)))


def test_the_node_is_prepared_before_the_petition_is_sent() -> None:
    change = Change()
    assert change.rekey() == [{"step": "keys"}, "pending"]
    assert change.done == ["begin", "own", "ask"]
    begun, ended = change.audited.written()
    assert (begun["what"], begun["keys_lost"], ended["outcome"]) == ("rekey", False, "done")
    change.audited.close()


def test_a_refused_change_leaves_a_trace_and_sends_nothing() -> None:
    change = Change()
    change.fault = Refused("the former keys are lost")
    with pytest.raises(Refused):
        change.rekey()
    assert (change.done, change.audited.last()["outcome"]) == ([], "refused")
    with pytest.raises(Malformed):
        change.rekey("no token")
    assert len(change.audited.written()) == 2
    change.audited.close()


def test_new_keys_that_are_given_up_are_no_longer_accepted() -> None:
    change = Change()
    assert asyncio.run(change.keys.cancel()) == {"state": "cancelled"}
    assert change.done == ["cancel", "own"]
    assert [each["what"] for each in change.audited.written()] == ["rekey-cancel", "outcome"]
    change.audited.close()


def test_what_cannot_be_recorded_is_not_done() -> None:
    change = Change()
    change.audited.close()
    with pytest.raises(Unavailable):
        change.rekey()
    with pytest.raises(Unavailable):
        asyncio.run(change.keys.cancel())
    assert change.done == []
