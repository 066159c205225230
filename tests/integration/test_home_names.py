"""A home may have any path: its daemon and every command work there, as real processes."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.pictures import picture
from tests.integration.processes import federation, vigil

NAME = "case#1 q?x,a&b;50%41 %(here)s [x] ~$HOME caf\udce9\n\u202e\x1b[31m" + "h" * 130
"""Signs that mean something in a URI, in SQLite's file names, in an INI file, to a shell; bytes that are no UTF-8, and
characters that steer a terminal; and it is too long for a socket."""


def test_a_hub_and_a_node_work_in_homes_of_any_name(tmp_path: Path) -> None:
    root = tmp_path / NAME
    root.mkdir()
    with federation(root, "FR") as running:
        home = running.home("FR").folder
        assert (home / "control.sock").is_socket()
        image = picture(tmp_path / "in" / "1.jpg", 1)
        ingest = vigil(home, "ingest", str(image), "--case", "A")
        assert ingest.returncode == 0, ingest.stderr
        found = vigil(home, "match", str(image), "--json")
        assert found.returncode == 0, found.stderr
        assert json.loads(found.stdout.splitlines()[-1])["hits"] >= 1
        doctor = vigil(home, "node", "doctor")
        assert "a daemon answers on the local socket" in doctor.stdout, doctor.stdout + doctor.stderr
        assert vigil(running.home("hub").folder, "hub", "status", "--json").returncode == 0
        backup = vigil(home, "node", "backup", str(root / "node.backup"))
        assert backup.returncode == 0, backup.stderr
        for ran in (ingest, doctor, backup):
            assert "\x1b" not in ran.stdout + ran.stderr
            assert "\u202e" not in ran.stdout + ran.stderr
        assert running.stop("FR") == 0
        # Without a daemon the command works on the home itself.
        assert vigil(home, "match", str(image), "--json").returncode == 0
