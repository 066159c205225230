"""vigil hub members and status, and the state of a member: what is shown of it, and how it is changed."""

import pytest

from tests.unit.cli.conftest import Line, Node, Vigil

MEMBERS: list[Line] = [
    {
        "member": "FR",
        "name": "France, an office with quite a long name that has to be folded somewhere",
        "state": "active",
        "attending": True,
        "size": 1200,
        "cosigned": 1200,
        "frozen": None,
        "certificate_expires": 1_700_000_000,
    },
    {"member": "JP", "name": "Japan", "state": "pending", "attending": False, "requested_at": 1_700_000_000},
]


HUB: Line = {
    "hub": "vigil.example",
    "daemon": True,
    "roster_version": 3,
    "roster_expires": 1_700_000_000.0,
    "roster_stale": True,
    "authority_signs_again_by": 1_700_000_000.0,
    "new_keys": "wait for the authority's signature",
    "attending": 1,
    "own_log": "the authority has not signed its key",
    "notices_waiting": 2,
}


def test_members_and_status_are_tidy_at_80_columns(vigil: Vigil, node: Node) -> None:
    node.answers |= {"members": MEMBERS, "status": [HUB, *MEMBERS]}
    for words in (["hub", "members"], ["hub", "status"]):
        ran = vigil(*words)
        assert "pending" in ran.out
        assert max(map(len, ran.out.splitlines())) <= 80
    assert "STALE" in vigil("hub", "status").out
    assert "has to sign again by 2023-11-1" in vigil("hub", "status").out
    assert "New keys     wait for the authority" in vigil("hub", "status").out
    assert "Notices      2 requests waiting: vigil hub notices list --waiting\n" in vigil("hub", "status").out
    assert "no decision is possible: the authority has not signed its key" in vigil("hub", "status").out
    assert vigil("hub", "status", "--json").lines == [HUB, *MEMBERS]
    node.answers["members"] = []
    assert vigil("hub", "members").err == "no members yet\n"


def test_what_members_have_and_the_hub_has_not_is_said(vigil: Vigil, node: Node) -> None:
    node.answers["members"] = [{**MEMBERS[0], "claimed": 1_300}, MEMBERS[1]]
    ran = vigil("hub", "members")
    assert "other members have 1,300 entries of its log, this hub has 1,200" in " ".join(ran.out.split())


def test_a_log_that_cannot_be_handed_out_is_named(vigil: Vigil, node: Node) -> None:
    node.answers["members"] = [{**MEMBERS[0], "trouble": "damaged: a tile is cut short"}, MEMBERS[1]]
    said = " ".join(vigil("hub", "members").out.split())
    assert "the hub cannot serve its log, and tries again: damaged: a tile is cut short." in said


def test_a_member_at_a_limit_is_an_alarm_and_its_share_is_shown(vigil: Vigil, node: Node) -> None:
    usage = [{"limit": "log_set_aside", "used": 95, "allowed": 100, "what": "malformed entries in all"}]
    alarm = {"alarm": "quota", "what": "FR is at its limit log_set_aside: 95 of 100", "remedy": "ask the member"}
    node.answers["members"] = [{**MEMBERS[0], "usage": usage, "alarms": [alarm]}, MEMBERS[1]]
    ran = vigil("hub", "members")
    assert "ALARM: FR is at its limit log_set_aside: 95 of 100\n  to do: ask the member" in ran.out
    assert "95%" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "command", "arguments"),
    [
        (["suspend", "FR", "--reason", "stolen laptop"], "suspend", {"member": "FR", "reason": "stolen laptop"}),
        (["unsuspend", "FR"], "unsuspend", {"member": "FR"}),
        (["refuse", "FR"], "refuse", {"member": "FR"}),
    ],
)
def test_a_members_state_is_changed_by_name(
    vigil: Vigil, node: Node, words: list[str], command: str, arguments: Line
) -> None:
    node.answers[command] = [{"member": "FR", "state": "changed"}]
    assert vigil("hub", *words).out == "FR: changed\n"
    assert node.call(command).arguments == arguments
    assert vigil("hub", *words[:1], "fr", *words[2:]).code == 2


def test_suspending_needs_a_reason(vigil: Vigil, node: Node) -> None:
    assert vigil("hub", "suspend", "FR").code == 2
