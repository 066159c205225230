"""vigil group, and @NAME as an audience: what is sent, what is printed, and which exit code it ends with."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Line, Node, Vigil

ID = f"vigil.example/FR/log/1#{'9f' * 32}"
GROUP: Line = {
    "group": ID,
    "newest": ID,
    "name": "Aurora",
    "purpose": "find\x1b[31m them",
    "founder": "FR",
    "state": "open",
    "we": "invited",
    "until": "2031-12-31",
    "present": 1,
    "invited": 2,
    "waits": False,
}
SAID: Line = {
    "group": ID,
    "record": ID,
    "state": "founded",
    "members": ["FR", "JP"],
    "publication": "queued",
    "why": "no daemon",
}
END: Line = {
    "group": ID, "members": ["BR", "JP"], "shared": 12, "kept": 0, "would_share": 0, "plan": "ab", "asks": False,
    "queued": 0, "signed": 0, "published": 12, "why": None, "interrupted": False, "remaining": 0,
}  # fmt: skip


def test_founding_sends_members_and_the_last_day(vigil: Vigil, node: Node) -> None:
    node.answers["group-found"] = [SAID]
    words = ("--purpose", "p", "--invite", "FR,JP", "--invite", "BR", "--until", "2031-12-31")
    ran = vigil("group", "found", "Aurora", *words)
    assert ran.code == 0
    assert node.call("group-found").arguments == {
        "name": "Aurora", "purpose": "p", "members": ["FR", "JP", "BR"], "last_day": 22_644,
    }  # fmt: skip
    assert ran.out.splitlines()[0] == "Founded. Invited: FR, JP. The group: 9f9f9f9f9f9f."
    assert "has not left this node yet" in ran.out
    assert vigil("group", "found", "Aurora", "--invite", "FR", "--until", "2031-12-31").code == 2


@pytest.mark.parametrize("step", ["accept", "decline", "leave", "close"])
def test_each_step_names_the_group_and_says_who_is_told(vigil: Vigil, node: Node, step: str) -> None:
    done = {"accept": "accepted", "decline": "declined", "leave": "left", "close": "closed"}[step]
    node.answers[f"group-{step}"] = [SAID | {"state": done, "publication": "published"}]
    ran = vigil("group", step, "@Aurora")
    assert ran.code == 0
    assert node.call(f"group-{step}").arguments == {"group": "@Aurora"}
    assert ran.out.startswith(f"{done.capitalize()}. Told to FR, JP.")
    assert "Published: the hub has confirmed it." in ran.out


@pytest.mark.parametrize("command", ["invite", "remove"])
def test_inviting_and_removing_name_members(vigil: Vigil, node: Node, command: str) -> None:
    node.answers[f"group-{command}"] = [SAID | {"state": "invited" if command == "invite" else "removed"}]
    assert vigil("group", command, "Aurora", "JP", "BR").code == 0
    assert node.call(f"group-{command}").arguments == {"group": "Aurora", "members": ["JP", "BR"]}
    assert vigil("group", command, "Aurora").code == 2


def test_the_list_shows_each_group_and_what_we_are_in_it(vigil: Vigil, node: Node) -> None:
    hidden = GROUP | {"name": None, "purpose": None, "state": "hidden", "we": None, "until": None}
    node.answers["groups"] = [GROUP, hidden, {"listed": 2}]
    ran = vigil("group", "list", "--all")
    assert node.call("groups").arguments == {"past": True}
    assert "Aurora, founded by FR: open; we are invited: vigil group accept or decline" in ran.out
    assert "1 member present, 2 not yet" in ran.out
    assert "a group that we may not read, founded by FR: not for us any more" in ran.out
    node.answers["groups"] = [{"listed": 0}]
    assert "no open groups here" in vigil("group", "list").err


def test_a_group_in_full_shows_its_members_and_no_control_characters(vigil: Vigil, node: Node) -> None:
    members = [{"member": "FR", "standing": "founder"}, {"member": "JP", "standing": "left"}]
    node.answers["group-show"] = [GROUP | {"members": members, "waits": True}]
    ran = vigil("group", "show", "Aurora")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "JP: left" in ran.out
    assert "has not been sent yet" in ran.out


def test_sharing_shows_each_record_and_the_end(vigil: Vigil, node: Node) -> None:
    done = {"record": ID, "correction": ID, "state": "shared", "error": None}
    failed = {"record": ID, "correction": None, "state": "not shared", "error": "it was retracted"}
    node.answers["group-share"] = [done, failed, END | {"shared": 1, "kept": 1}]
    ran = vigil("group", "share", "Aurora", "--yes")
    assert ran.code == 1
    assert "9f9f9f9f9f9f: shared, now 9f9f9f9f9f9f" in ran.out
    assert "not shared: it was retracted" in ran.out
    assert "1 record shared with BR, JP." in ran.out


def test_sharing_many_records_asks_first(vigil: Vigil, node: Node) -> None:
    node.answers["group-share"] = [END | {"shared": 0, "would_share": 12, "asks": True}]
    ran = vigil("group", "share", "Aurora")
    assert ran.code == 2
    assert "This would share 12 records with BR, JP." in ran.err


def test_a_group_is_an_audience_and_recipients(vigil: Vigil, node: Node) -> None:
    node.answers["opine"] = [{"record": ID, "about": ID, "state": "said", "publication": "published", "why": None}]
    assert vigil("opine", "9f9f9f9f", "confirm", "--to", "@Aurora North").code == 0
    assert node.call("opine").arguments["handling"] == {"audience": ["@Aurora North"]}
    assert vigil("opine", "9f9f9f9f", "confirm", "--to", "@").code == 2
    assert vigil("opine", "9f9f9f9f", "confirm", "--to", "everyone").code == 2
