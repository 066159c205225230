"""The life of a group over real nodes: invited, accepted, left, closed, and who may say what."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from node.domain.envelope import Kind
from node.domain.groups import Group, GroupState, GroupStep, Standing
from node.domain.handling import Handling
from node.domain.ids import MemberId, RecordId, member_id
from node.domain.roster import MemberStatus
from node.domain.wording import Terms
from node.errors import Misuse, NotFound, Refused, Suspended
from node.usecases.group_book import GroupView
from node.usecases.grouping import NewGroup
from tests.simulator.federation import TODAY, Log, Speaker, roster
from tests.simulator.world import Wire
from tests.unit.usecases.group_federation import LAST_DAY, GroupFederation

FR, JP, BR, DE = map(member_id, ("FR", "JP", "BR", "DE"))


@pytest.fixture
def made() -> Iterator[GroupFederation]:
    federation = GroupFederation("FR", "JP", "BR", "DE")
    yield federation
    federation.close()


def test_a_group_is_seen_by_those_invited_and_by_nobody_else(made: GroupFederation) -> None:
    made.found(FR, JP, BR)
    for member in (FR, JP, BR):
        view = made.view(member)
        assert (view.name, view.purpose, view.founder, view.state) == ("Aurora", "find them", FR, GroupState.OPEN)
        assert view.standings == {FR: Standing.FOUNDER, JP: Standing.INVITED, BR: Standing.INVITED}
    assert made.views(DE) == []
    with pytest.raises(NotFound, match="no group"):
        made.node(DE).groups.present("Aurora")


def test_each_invited_member_speaks_for_itself_and_all_see_it(made: GroupFederation) -> None:
    made.found(FR, JP, BR)
    made.say(JP, GroupStep.ACCEPT)
    made.say(BR, GroupStep.DECLINE)
    expected = {FR: Standing.FOUNDER, JP: Standing.ACCEPTED, BR: Standing.DECLINED}
    assert [made.view(member).standings for member in (FR, JP, BR)] == [expected] * 3
    made.say(BR, GroupStep.ACCEPT)
    made.say(JP, GroupStep.LEAVE)
    made.say(JP, GroupStep.ACCEPT)
    assert made.view(FR).present == (BR, FR, JP)


def test_what_a_member_says_is_seen_by_itself_before_it_is_sent(made: GroupFederation) -> None:
    made.grouping[FR].found(NewGroup(name="Aurora", purpose="find them", invited=(JP,), last_day=LAST_DAY))
    assert (made.view(FR).state, made.view(FR).waits) == (GroupState.OPEN, True)
    made.grouping[FR].invite("Aurora", [BR])
    assert set(made.view(FR).standings) == {FR, JP, BR}
    made.grouping[FR].say("Aurora", GroupStep.CLOSE)
    assert made.view(FR).state is GroupState.CLOSED
    made.settle()
    assert made.view(JP).state is GroupState.CLOSED
    assert not made.view(FR).waits


@pytest.mark.parametrize(
    ("member", "step", "why"),
    [
        (FR, GroupStep.ACCEPT, "always in its group"),
        (JP, GroupStep.CLOSE, "only its founder"),
        (JP, GroupStep.LEAVE, "not accepted"),
        (BR, GroupStep.ACCEPT, "accepted this group before"),
        (BR, GroupStep.DECLINE, "accepted this group before"),
    ],
)
def test_a_step_that_is_not_ours_to_take_is_refused(
    made: GroupFederation, member: MemberId, step: GroupStep, why: str
) -> None:
    made.found(FR, JP, BR)
    made.say(BR, GroupStep.ACCEPT)
    with pytest.raises(Refused, match=why):
        made.grouping[member].say("Aurora", step)


def test_nothing_is_said_to_a_closed_or_expired_group(made: GroupFederation) -> None:
    made.found(FR, JP)
    made.say(JP, GroupStep.ACCEPT)
    assert made.node(JP).groups.known(Terms(group="Aurora")).audience == (FR,)
    made.world.clock.now += (LAST_DAY + 1 - TODAY) * 86_400
    assert made.view(JP).state is GroupState.EXPIRED
    with pytest.raises(Refused, match="last day has passed"):
        made.node(JP).groups.present("Aurora")
    made.world.clock.now -= (LAST_DAY + 1 - TODAY) * 86_400
    made.say(FR, GroupStep.CLOSE)
    for member in (FR, JP):
        with pytest.raises(Refused, match="founder has closed it"):
            made.node(member).groups.present("Aurora")
    with pytest.raises(Refused, match="over for us"):
        made.grouping[JP].say("Aurora", GroupStep.LEAVE)


def test_the_members_of_a_group_are_those_that_accepted_and_are_active(made: GroupFederation) -> None:
    made.found(FR, JP, BR)
    with pytest.raises(Refused, match="nobody else"):
        made.node(FR).groups.present("Aurora")
    with pytest.raises(Refused, match="not accepted"):
        made.node(JP).groups.present("Aurora")
    made.say(JP, GroupStep.ACCEPT)
    made.say(BR, GroupStep.ACCEPT)
    assert made.node(FR).groups.present("Aurora").members == (BR, JP)
    made.world.roster = roster(*made.world.speakers, BR=MemberStatus.SUSPENDED)
    assert made.node(FR).groups.present("Aurora").members == (JP,)


def test_a_removed_member_sees_that_the_group_is_not_for_it_any_more(made: GroupFederation) -> None:
    made.found(FR, JP, BR)
    made.say(JP, GroupStep.ACCEPT)
    made.grouping[FR].remove("Aurora", [JP])
    made.settle()
    view = made.view(JP)
    assert (view.state, view.name) == (GroupState.HIDDEN, "")
    assert set(made.view(BR).standings) == {FR, BR}
    with pytest.raises(Refused, match="not invited"):
        made.node(JP).groups.present(str(view.group))
    made.grouping[FR].invite("Aurora", [JP])
    made.settle()
    assert made.view(JP).standing(JP) is Standing.ACCEPTED  # its word still stands


def test_a_retracted_group_is_over_for_all(made: GroupFederation) -> None:
    group = made.found(FR, JP, BR)
    made.say(JP, GroupStep.ACCEPT)
    made.node(FR).ledger.retract(group)
    made.settle()
    assert made.view(JP).state is GroupState.RETRACTED
    assert made.views(BR) == []


def test_only_the_founder_invites_and_removes_and_only_active_members(made: GroupFederation) -> None:
    made.found(FR, JP)
    with pytest.raises(Refused, match="only its founder"):
        made.grouping[JP].invite("Aurora", [DE])
    with pytest.raises(Refused, match="invited already"):
        made.grouping[FR].invite("Aurora", [JP, FR][:1])
    with pytest.raises(Refused, match="nobody would be left"):
        made.grouping[FR].remove("Aurora", [JP])
    with pytest.raises(Misuse, match="not invited"):
        made.grouping[FR].remove("Aurora", [DE])
    made.world.roster = roster(*made.world.speakers, DE=MemberStatus.SUSPENDED)
    with pytest.raises(Suspended):
        made.grouping[FR].invite("Aurora", [DE])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"name": " "}, "name and a purpose"),
        ({"purpose": ""}, "name and a purpose"),
        ({"name": "@Aurora"}, "does not begin"),
        ({"name": "a\nb"}, "cannot be shown"),
        ({"invited": (FR,)}, "nobody is invited"),
        ({"last_day": TODAY}, "has passed"),
    ],
)
def test_a_faulty_group_is_not_founded(made: GroupFederation, words: dict[str, object], why: str) -> None:
    right = {"name": "Aurora", "purpose": "find them", "invited": (JP,), "last_day": LAST_DAY}
    with pytest.raises(Misuse, match=why):
        made.grouping[FR].found(NewGroup(**{**right, **words}))  # type: ignore[arg-type]
    assert made.views(FR) == []


def test_two_groups_of_one_name_are_told_apart(made: GroupFederation) -> None:
    made.found(FR, JP)
    with pytest.raises(Refused, match="open group with this name"):
        made.found(FR, BR)
    other = made.found(BR, JP)
    with pytest.raises(Refused, match="several groups"):
        made.node(JP).groups.present("Aurora")
    made.grouping[JP].say(other.leaf.hex()[:10], GroupStep.ACCEPT)
    made.settle()
    assert made.node(JP).groups.present("Aurora").group == other


def test_members_that_are_invited_later_learn_who_is_in_the_group(made: GroupFederation) -> None:
    made.found(FR, JP)
    made.say(JP, GroupStep.ACCEPT)
    made.grouping[FR].invite("Aurora", [BR])
    made.settle()
    made.say(BR, GroupStep.ACCEPT)
    assert made.view(BR).standing(JP) is Standing.INVITED
    assert [made.newcomers[member].tell() for member in (FR, JP, BR)] == [0, 1, 0]
    made.settle()
    assert [made.newcomers[member].tell() for member in (FR, JP, BR)] == [0, 0, 0]
    assert made.view(BR).standings == made.view(FR).standings
    assert made.view(BR).present == (BR, FR, JP)


def test_a_founder_cannot_make_others_sign_without_end(made: GroupFederation) -> None:
    made.found(FR, JP)
    made.say(JP, GroupStep.ACCEPT)
    told = 0
    for _ in range(30):
        made.grouping[FR].invite("Aurora", [BR])
        made.settle()
        told += made.newcomers[JP].tell()
        made.settle()
        made.grouping[FR].remove("Aurora", [BR])
        made.settle()
    assert told <= 1  # who could read it once still can
    assert made.view(FR).standing(JP) is Standing.ACCEPTED


# --- hostile members --------------------------------------------------------------------------------------------------


def test_what_members_say_that_are_not_invited_has_no_effect(made: GroupFederation) -> None:
    group = made.found(FR, JP)
    everyone = Handling(audience=(FR, JP, BR))
    for step in (GroupStep.ACCEPT, GroupStep.CLOSE):
        made.node(DE).ledger.state(Group(step=step, group=group), everyone)
    made.settle()
    for member in (FR, JP):
        view = made.view(member)
        assert (view.state, set(view.standings)) == (GroupState.OPEN, {FR, JP})
    assert made.views(BR) == []


def test_a_member_cannot_close_found_or_speak_for_another(made: GroupFederation) -> None:
    group = made.found(FR, JP, BR)
    made.say(JP, GroupStep.ACCEPT)
    made.node(BR).ledger.state(Group(step=GroupStep.CLOSE, group=group), Handling(audience=(FR, JP)))
    made.settle()
    view = made.view(FR)
    assert (view.state, view.standings[JP], view.standings[BR]) == (
        GroupState.OPEN,
        Standing.ACCEPTED,
        Standing.INVITED,
    )


def test_a_group_for_everyone_names_nobody(made: GroupFederation) -> None:
    made.node(DE).ledger.state(Group(step=GroupStep.FOUND, name="All", purpose="x"), Handling())
    made.settle()
    view = next(each for each in made.views(FR) if each.name == "All")
    assert view.state is GroupState.HIDDEN
    with pytest.raises(Refused, match="not invited"):
        made.node(FR).groups.present("All")


def test_an_acceptance_that_comes_before_the_group_counts_once_the_group_comes() -> None:
    made = GroupFederation("FR", "JP", "BR")
    founded, spoken = Log(Speaker.named("FR")), Log(Speaker.named("JP"))
    said = Group(step=GroupStep.FOUND, name="Aurora", purpose="find them")
    group = founded.say(said, kind=Kind.GROUP, handling=Handling(audience=(JP, BR)))
    spoken.say(Group(step=GroupStep.ACCEPT, group=group), kind=Kind.GROUP, handling=Handling(audience=(FR, BR)))
    for member, log in ((JP, spoken), (FR, founded)):
        asyncio.run(Wire(made.hub, member).submit(log.package()))
        asyncio.run(made.node(BR).catch_up())
        assert [each.name for each in made.views(BR)] == ([] if member == JP else ["Aurora"])
    assert made.view(BR).present == (FR, JP)
    made.close()


def test_a_new_epoch_of_the_founder_still_leads_its_group() -> None:
    made = GroupFederation("FR", "JP", "BR", epochs={"FR": 2})
    first, second = Log(Speaker.named("FR")), Log(Speaker.named("FR", epoch=2))
    said = Group(step=GroupStep.FOUND, name="Aurora", purpose="find them")
    group = first.say(said, kind=Kind.GROUP, handling=Handling(audience=(JP,)))
    wider = Handling(audience=(BR, JP))
    newest = second.say(said, kind=Kind.REVISION, target=group, handling=wider)
    second.say(Group(step=GroupStep.CLOSE, group=newest), kind=Kind.GROUP, handling=wider)
    made.take_in(BR, first, second)
    view: GroupView = made.view(BR)
    assert (view.group, view.newest, view.state) == (group, newest, GroupState.CLOSED)
    assert set(view.standings) == {FR, JP, BR}
    made.close()


def test_the_audit_log_has_neither_name_nor_purpose(made: GroupFederation) -> None:
    made.found(FR, JP, name="Aurora Borealis", purpose="a purpose of ours")
    told = made.audited(FR)
    assert "group found" in told
    assert "Aurora" not in told
    assert "purpose of" not in told


def test_reading_is_in_the_audit_log(made: GroupFederation) -> None:
    group: RecordId = made.found(FR, JP)
    assert made.reading[FR].one("@Aurora").group == group
    assert [each.group for each in made.reading[FR].all()] == [group]
    assert made.reading[FR].names([group]) == {group: "Aurora"}
    assert str(group) in made.audited(FR)
