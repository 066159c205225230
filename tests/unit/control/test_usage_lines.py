"""What a member has used of its limits, as lines, and when it is an alarm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from node.control.usage_lines import PACE_REFUSALS, REMEDY, quota_alarms, usage_line
from node.domain.ids import MemberId
from node.domain.limits import Limits
from node.domain.roster import Policy
from node.domain.usage import Count, Period, Resource, Usage
from node.usecases.quotas import RULES, Refusals
from tests.simulator.federation import NOW, Log, Speaker
from tests.simulator.world import Hub, World
from tests.unit.control.operator import Hub as Operator
from tests.unit.control.operator import Line


async def _no_items() -> AsyncIterator[Line]:
    for line in list[Line]():
        yield line


FR, JP = MemberId("FR"), MemberId("JP")
TODAY = Period.DAY.window(NOW)


def test_a_member_near_a_limit_is_at_it_and_another_day_counts_for_nothing() -> None:
    usage: Usage = {
        (Resource.ENTRIES, Period.DAY): Count(window=TODAY, used=90),
        (Resource.ENTRIES, Period.ALL): Count(window=0, used=500),
        (Resource.BYTES, Period.DAY): Count(window=TODAY - 1, used=1 << 50),
    }
    line = usage_line(Limits(log_entries_a_day=100, log_entries=1_000), usage, NOW, {"log_set_aside": 3})
    assert [(row["limit"], row["used"], row["allowed"]) for row in line["usage"]] == [
        ("log_entries_a_day", 90, 100),
        ("log_entries", 500, 1_000),
    ]
    assert line["at_limit"] == ["log_entries_a_day", "log_set_aside"]
    first, second = quota_alarms(FR, line)
    assert first["what"] == "FR is at its limit log_entries_a_day: 90 of 100 entries a day"
    assert second["what"] == "FR is at its limit log_set_aside (malformed entries in all); refused 3 times today"
    assert first["remedy"] == second["remedy"] == REMEDY


def test_who_is_too_fast_now_and_then_is_no_alarm() -> None:
    usage: Usage = {(Resource.ENTRIES, Period.MINUTE): Count(window=Period.MINUTE.window(NOW), used=100_000)}
    for times, alarms in ((PACE_REFUSALS - 1, []), (PACE_REFUSALS, ["log_entries_a_minute"])):
        line = usage_line(Limits(), usage, NOW, {"log_entries_a_minute": times})
        assert line["at_limit"] == alarms
        assert line["usage"][0]["used"] == 100_000


def test_who_took_nothing_has_no_lines() -> None:
    assert usage_line(Limits(), {}, NOW, {}) == {"usage": [], "at_limit": [], "refused_today": {}}


def test_every_rule_names_a_limit_of_the_policy() -> None:
    assert {rule.limit for rule in RULES} <= {*Limits.__slots__}


def test_refusals_are_counted_for_a_day() -> None:
    refusals = Refusals()
    for _ in range(3):
        refusals.note(FR, "log_entries", NOW)
    refusals.note(JP, "probes_a_day", NOW)
    assert refusals.today(FR, NOW) == {"log_entries": 3}
    assert refusals.today(FR, NOW + 86_400) == {}


def test_the_hubs_member_list_says_what_each_has_used() -> None:
    """What the carrier charged is what the operator sees."""
    operator = Operator()
    world = World([Speaker.named("FR")])
    world.roster = replace(world.roster, policy=Policy(limits=Limits(log_entries_a_day=4)))
    hub, log = Hub(world, operator.store), Log(Speaker.named("FR"))
    log.pictures(range(4))
    asyncio.run(hub.carrier.submit(FR, log.package()))
    operator.commands = replace(operator.commands, latest=world.current)

    async def members() -> list[Line]:
        return [line async for line in operator.commands.members({}, _no_items())]

    (line,) = asyncio.run(members())
    assert line["at_limit"] == ["log_entries_a_day"]
    assert [each["what"] for each in line["alarms"]] == [
        "FR is at its limit log_entries_a_day: 4 of 4 entries a day",
    ]
    operator.audit.close()
