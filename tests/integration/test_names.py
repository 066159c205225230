"""A name that can be taken for another member's is refused at the door; the same command with another one goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from node import config
from node.config import Home
from tests.integration.processes import federation, vigil

if TYPE_CHECKING:
    from pathlib import Path


def test_a_taken_name_is_refused_and_another_one_is_taken(tmp_path: Path) -> None:
    with federation(tmp_path, "FR", run=False) as made:
        token = json.loads(vigil(made.home("hub").folder, "hub", "invite", "JP", "--json").stdout)["token"]
        home = Home(folder=tmp_path / "JP")
        join = ("node", "join", "--token", token, "--no-wait")
        for name, said in (("\uff26.R.", "can be taken for that of FR"), ("two\nlines", "cannot be shown")):
            refused = vigil(home.folder, *join, "--name", name)
            assert refused.returncode != 0
            assert said in refused.stderr
            assert "to do: " in refused.stderr
        taken = vigil(home.folder, *join, "--name", "Keisatsuch\u014d", "--json")
        assert taken.returncode == 0, taken.stderr
        assert config.load(home).name == "Keisatsuch\u014d"
        members = [
            json.loads(line) for line in vigil(made.home("hub").folder, "hub", "members", "--json").stdout.splitlines()
        ]
        assert {line["member"]: line["name"] for line in members}["JP"] == "Keisatsuch\u014d"
