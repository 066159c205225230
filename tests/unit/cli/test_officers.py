"""vigil node officers and vigil hub officers: what is asked of the home, and what a person reads."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Node, Vigil

DUPONT = {"name": "Lt. Dupont", "role": "investigator", "user": "dupont", "uid": 7, "disabled": False}


@pytest.mark.parametrize(("home", "role"), [("node", "investigator"), ("hub", "operator")])
def test_an_officer_is_registered_with_a_role_and_an_account(vigil: Vigil, node: Node, home: str, role: str) -> None:
    node.answers["officer-add"] = [DUPONT | {"role": role}]
    ran = vigil(home, "officers", "add", " Lt. Dupont ", "--role", role, "--user", "dupont")
    assert (ran.code, ran.out) == (0, f"Registered: Lt. Dupont, {role}, Unix account dupont\n")
    assert node.call("officer-add").arguments == {"name": "Lt. Dupont", "role": role, "user": "dupont"}
    assert vigil(home, "officers", "add", "X").code == 2


def test_officers_are_listed_without_control_characters(vigil: Vigil, node: Node) -> None:
    assert "no officer is registered" in vigil("node", "officers", "list").err
    node.answers["officers"] = [DUPONT, DUPONT | {"name": "a\x1b[31m", "user": None, "disabled": True}]
    first, second = vigil("node", "officers", "list").out.splitlines()
    assert first == "Lt. Dupont, investigator, Unix account dupont"
    assert second.endswith("no Unix account, disabled")
    assert "\x1b" not in second


@pytest.mark.parametrize(("command", "disabled"), [("disable", True), ("enable", False)])
def test_an_officer_is_disabled_and_enabled_by_name(vigil: Vigil, node: Node, command: str, disabled: bool) -> None:
    for changed, words in ((True, "is"), (False, "was")):
        node.answers[f"officer-{command}"] = [{"name": "X", "disabled": disabled, "changed": changed}]
        assert vigil("node", "officers", command, "X").out.startswith(f"X {words} {command}d")
