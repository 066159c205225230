"""Officers over a running node: the kernel says whose a call is, and the register says what it may do."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node import app
from node.errors import Refused
from tests.integration.processes import Federation, secret, vigil
from tests.integration.users import as_user, open_folder, serving_a_group, some_group

DIGEST = "sha256:" + "ab" * 32
STRANGER = 61_003


def accounts() -> tuple[pwd.struct_passwd, pwd.struct_passwd]:
    """Two accounts that every machine has (daemon and bin, say)."""
    first, second, *_ = (each for each in pwd.getpwall() if 0 < each.pw_uid < 60_000)
    return first, second


@pytest.fixture(scope="module")
def socket() -> Iterator[Path]:
    with open_folder() as made:
        yield made / "socket"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, socket: Path) -> Iterator[Federation]:
    """With two officers: an investigator and an auditor, each with an account."""
    with serving_a_group(tmp_path_factory.mktemp("officers"), socket) as running:
        home = running.home("FR").folder
        for account, name, role in zip(
            accounts(), ("Lt. Dupont", "Insp. Roy"), ("investigator", "auditor"), strict=True
        ):
            ran = vigil(home, "node", "officers", "add", name, "--role", role, "--user", account.pw_name)
            assert ran.returncode == 0, ran.stderr
        yield running


def run_as(uid: int, socket: Path, *words: str) -> tuple[int, list[dict[str, Any]]]:
    ran = as_user(uid, str(some_group().gr_gid), socket, *words, "--json")
    return ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()]


def entries(made: Federation, what: str) -> list[dict[str, Any]]:
    lines = vigil(made.home("FR").folder, "audit", "--json", "--limit", "500").stdout.splitlines()
    return [entry for entry in map(json.loads, lines) if entry.get("what") == what]


def test_two_accounts_on_one_socket_have_their_own_names_and_rights(made: Federation, socket: Path) -> None:
    dupont, roy = (each.pw_uid for each in accounts())
    code, _ = run_as(dupont, socket, "match", DIGEST, "--case", "C-1")
    assert code == 0
    code, lines = run_as(roy, socket, "audit")
    assert code == 0
    assert [(each["officer"], each["role"]) for each in lines if each["what"] == "match"] == [
        ("Lt. Dupont", "investigator")
    ]
    assert [(each["officer"], each["role"]) for each in entries(made, "audit")[:1]] == [("Insp. Roy", "auditor")]

    assert run_as(dupont, socket, "audit")[0] == 4
    assert run_as(roy, socket, "match", DIGEST, "--case", "C-1")[0] == 4
    for uid in (dupont, roy):
        code, lines = run_as(uid, socket, "node", "officers", "list")
        assert (code, lines[-1]["kind"]) == (4, "refused")


def test_no_name_that_an_account_gives_counts(made: Federation, socket: Path) -> None:
    dupont, _ = (each.pw_uid for each in accounts())
    assert run_as(dupont, socket, "node", "status", "--officer", "Lt. Dupont")[0] == 0
    for name in ("Insp. Roy", "root", "Nobody"):
        code, lines = run_as(dupont, socket, "node", "status", "--officer", name)
        assert code == 4
        assert "VIGIL_OFFICER" in lines[-1]["remedy"]


def test_an_account_without_an_officer_is_refused_and_told_what_to_do(made: Federation, socket: Path) -> None:
    code, lines = run_as(STRANGER, socket, "node", "status")
    assert code == 4
    assert "vigil node officers add" in lines[-1]["remedy"]


def test_a_disabled_officer_is_refused_at_once(made: Federation, socket: Path) -> None:
    home = made.home("FR").folder
    dupont, _ = (each.pw_uid for each in accounts())
    assert vigil(home, "node", "officers", "disable", "Lt. Dupont").stdout == "Lt. Dupont is disabled.\n"
    code, lines = run_as(dupont, socket, "node", "status")
    assert (code, lines[-1]["error"]) == (4, "this officer is disabled")
    assert vigil(home, "node", "officers", "enable", "Lt. Dupont").returncode == 0
    assert run_as(dupont, socket, "node", "status")[0] == 0


def test_the_owner_works_for_a_registered_officer_and_for_no_other(made: Federation) -> None:
    home = made.home("FR")
    assert vigil(home.folder, "match", DIGEST, "--case", "OWN", "--officer", "Lt. Dupont").returncode == 0
    [entry] = [each for each in entries(made, "match") if each["case"] == "OWN"]
    own = pwd.getpwuid(os.getuid()).pw_name
    assert (entry["officer"], entry["role"], entry["by"]) == ("Lt. Dupont", "investigator", own)
    assert vigil(home.folder, "audit", "--officer", "Lt. Dupont").returncode == 4
    for name in ("Adm. Ito", "lt. dupont"):
        refused = vigil(home.folder, "node", "status", "--officer", name)
        assert refused.returncode == 4
        assert "no officer of this name" in refused.stderr


def test_officers_outlive_a_restart_and_count_without_a_daemon(made: Federation, socket: Path) -> None:
    made.stop("FR")
    assert not socket.exists()
    home = made.home("FR")
    with app.session(home, secret, officer="Insp. Roy") as session:
        assert list(session.run("read-audit", {"limit": 1}))
        with pytest.raises(Refused, match="not for the role auditor"):
            list(session.run("officers", {}))
    made.start("FR")
    lines = [json.loads(line) for line in vigil(home.folder, "node", "officers", "list", "--json").stdout.splitlines()]
    assert [(each["name"], each["user"], each["disabled"]) for each in lines] == [
        ("Insp. Roy", accounts()[1].pw_name, False),
        ("Lt. Dupont", accounts()[0].pw_name, False),
    ]
