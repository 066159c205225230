"""A second Unix user uses a node by the group of its investigators, without access to its home or its keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.processes import Federation, vigil
from tests.integration.users import as_user, open_folder, serving_a_group, some_group

INVESTIGATOR = 61_001
STRANGER = 61_002
"""Ids of users that need not be in the list of users."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Federation]:
    with serving_a_group(tmp_path_factory.mktemp("investigators"), folder / "socket") as running:
        yield running


def test_a_member_of_the_group_works_and_the_home_stays_closed(made: Federation, folder: Path) -> None:
    socket = folder / "socket"
    found = socket.stat()
    assert (found.st_mode & 0o7777, found.st_gid) == (0o660, some_group().gr_gid)
    home = made.home("FR").folder
    assert (home / "control.sock").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o077 == 0

    group = str(some_group().gr_gid)
    digest = "sha256:" + "ab" * 32
    status = as_user(INVESTIGATOR, group, socket, "node", "status", "--json")
    assert status.returncode == 0, status.stderr
    assert json.loads(status.stdout.splitlines()[0])["node"] == "FR"
    matched = as_user(INVESTIGATOR, group, socket, "match", digest, "--case", "C-1", "--json")
    assert matched.returncode == 0, matched.stderr
    assert json.loads(matched.stdout.splitlines()[-1])["hits"] == 0

    # The name of the person is in the audit log, which only the node's own user reads.
    refused = as_user(INVESTIGATOR, group, socket, "audit", "--json")
    assert refused.returncode == 4
    assert "not for the role investigator" in refused.stderr
    copied = as_user(INVESTIGATOR, group, socket, "node", "backup", str(folder / "copy"))
    assert copied.returncode == 4
    assert not (folder / "copy").exists()
    entries = [json.loads(line) for line in vigil(home, "audit", "--json").stdout.splitlines()]
    [match] = [entry for entry in entries if entry["what"] == "match"]
    assert (match["officer"], match["role"]) == (f"Unix user {INVESTIGATOR}", "investigator")


def test_a_user_who_is_not_in_the_group_is_refused(made: Federation, folder: Path) -> None:
    refused = as_user(STRANGER, "", folder / "socket", "node", "status", "--json")
    assert refused.returncode == 4
    assert json.loads(refused.stdout.splitlines()[-1])["remedy"].startswith("ask the administrator")


def test_a_folder_in_which_others_could_put_a_socket_keeps_the_node_from_starting(
    made: Federation, folder: Path
) -> None:
    made.stop("FR")
    assert not (folder / "socket").exists()
    folder.chmod(0o777)
    try:
        done = vigil(made.home("FR").folder, "node", "run", extra=made.settings)
        assert done.returncode == 2
        assert "investigator_socket" in done.stderr
    finally:
        folder.chmod(0o755)
