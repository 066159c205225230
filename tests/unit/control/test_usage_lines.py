"""What a member has used of its limits, as lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from node.control.usage_lines import quota_alarm_line, usage_line
from node.domain.ids import MemberId
from node.domain.limits import Limits
from node.domain.roster import Policy
from node.domain.usage import Count, Period, Resource, Usage
from node.usecases.member_usage import REMEDY, member_usage, quota_alarms
from tests.simulator.federation import NOW, Log, Speaker
from tests.simulator.world import Hub, World
from tests.unit.control.operator import Hub as Operator
from tests.unit.control.operator import Line


async def _no_items() -> AsyncIterator[Line]:
    for line in list[Line]():
        yield line


FR = MemberId("FR")


def test_a_limit_with_any_use_is_a_row_and_an_alarm_has_its_remedy() -> None:
    usage: Usage = {(Resource.ENTRIES, Period.DAY): Count(window=Period.DAY.window(NOW), used=90)}
    found = member_usage(Limits(log_entries_a_day=100), usage, NOW, {"log_entries": 1})
    row = {"limit": "log_entries_a_day", "used": 90, "allowed": 100, "what": "entries a day"}
    limits = ["log_entries_a_day", "log_entries"]
    assert usage_line(found) == {"usage": [row], "at_limit": limits, "refused_today": {"log_entries": 1}}
    first, _ = map(quota_alarm_line, quota_alarms(FR, found))
    assert first == {
        "alarm": "quota",
        "member": "FR",
        "limit": "log_entries_a_day",
        "what": "FR is at its limit log_entries_a_day: 90 of 100 entries a day",
        "remedy": REMEDY,
    }


def test_who_took_nothing_has_no_lines() -> None:
    nothing = member_usage(Limits(), {}, NOW, {})
    assert usage_line(nothing) == {"usage": [], "at_limit": [], "refused_today": {}}


def test_the_hubs_member_list_says_what_each_has_used() -> None:
    """What the carrier charged is what the operator sees."""
    operator = Operator()
    world = World([Speaker.named("FR")])
    world.roster = replace(world.roster, policy=Policy(limits=Limits(log_entries_a_day=4)))
    hub, log = Hub(world, operator.store), Log(Speaker.named("FR"))
    log.pictures(range(4))
    asyncio.run(hub.carrier.submit(FR, log.package()))
    operator.roster = world.current()

    async def members() -> list[Line]:
        return [line async for line in operator.commands.members({}, _no_items())]

    (line,) = asyncio.run(members())
    assert line["at_limit"] == ["log_entries_a_day"]
    assert [each["what"] for each in line["alarms"]] == [
        "FR is at its limit log_entries_a_day: 4 of 4 entries a day",
    ]
    operator.audit.close()
