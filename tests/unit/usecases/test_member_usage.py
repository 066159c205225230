"""What a member has used of its limits, and when it is an alarm."""

from __future__ import annotations

from node.domain.ids import MemberId
from node.domain.limits import Limits
from node.domain.usage import Count, Period, Resource, Usage
from node.usecases.member_usage import PACE_REFUSALS, REMEDY, member_usage, quota_alarms
from node.usecases.quotas import RULES, Refusals
from tests.simulator.federation import NOW

FR, JP = MemberId("FR"), MemberId("JP")
TODAY = Period.DAY.window(NOW)


def test_a_member_near_a_limit_is_at_it_and_another_day_counts_for_nothing() -> None:
    usage: Usage = {
        (Resource.ENTRIES, Period.DAY): Count(window=TODAY, used=90),
        (Resource.ENTRIES, Period.ALL): Count(window=0, used=500),
        (Resource.BYTES, Period.DAY): Count(window=TODAY - 1, used=1 << 50),
    }
    found = member_usage(Limits(log_entries_a_day=100, log_entries=1_000), usage, NOW, {"log_set_aside": 3})
    assert [(each.rule.limit, each.used, each.allowed) for each in found.used] == [
        ("log_entries_a_day", 90, 100),
        ("log_entries", 500, 1_000),
    ]
    assert found.at_limit == ["log_entries_a_day", "log_set_aside"]
    first, second = quota_alarms(FR, found)
    assert first.words == "FR is at its limit log_entries_a_day: 90 of 100 entries a day"
    assert second.words == "FR is at its limit log_set_aside (malformed entries in all); refused 3 times today"
    assert first.remedy == second.remedy == REMEDY


def test_who_is_too_fast_now_and_then_is_no_alarm() -> None:
    usage: Usage = {(Resource.ENTRIES, Period.MINUTE): Count(window=Period.MINUTE.window(NOW), used=100_000)}
    for times, alarms in ((PACE_REFUSALS - 1, []), (PACE_REFUSALS, ["log_entries_a_minute"])):
        found = member_usage(Limits(), usage, NOW, {"log_entries_a_minute": times})
        assert found.at_limit == alarms
        assert found.used[0].used == 100_000


def test_who_took_nothing_uses_nothing() -> None:
    found = member_usage(Limits(), {}, NOW, {})
    assert (found.used, found.at_limit, found.refused) == ([], [], {})
    assert quota_alarms(FR, found) == []


def test_every_rule_names_a_limit_of_the_policy() -> None:
    assert {rule.limit for rule in RULES} <= {*Limits.__slots__}


def test_refusals_are_counted_for_a_day() -> None:
    refusals = Refusals()
    for _ in range(3):
        refusals.note(FR, "log_entries", NOW)
    refusals.note(JP, "probes_a_day", NOW)
    assert refusals.today(FR, NOW) == {"log_entries": 3}
    assert refusals.today(FR, NOW + 86_400) == {}
