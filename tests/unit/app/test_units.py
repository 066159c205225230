"""The unit files: installed as they are, they start at boot and keep the daemon from all that it does not need."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import tool

DOCS = Path(__file__).parents[3] / "docs"
UNITS = ("vigil-node.service", "vigil-hub.service", "vigil-desk.service")
EXPOSURE = 2.5
"""The most that systemd's own judgement may give, from 0 (confined) to 10."""


def settings(name: str) -> list[str]:
    """The lines of a unit that set something, and its sections."""
    lines = (DOCS / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_well_confined_by_systemds_own_judgement(name: str) -> None:
    judged = subprocess.run(
        [tool("systemd-analyze"), "security", "--offline=true", "--no-pager", str(DOCS / name)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", judged.stdout)
    assert found, judged.stdout[-500:]
    assert float(found[1]) <= EXPOSURE


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_starts_at_boot_after_the_network_and_again_after_a_fault(name: str) -> None:
    lines = settings(name)
    assert {"[Unit]", "[Service]", "[Install]", "WantedBy=multi-user.target", "Restart=on-failure"} <= set(lines)
    assert any(line.startswith("After=network-online.target") for line in lines)


def test_a_node_may_load_the_code_that_it_compiles_and_give_its_socket_to_a_group() -> None:
    """MemoryDenyWriteExecute refuses Numba's kernels; @privileged holds @chown, which a later line gives back."""
    lines = settings("vigil-node.service")
    assert not [line for line in lines if line.startswith("MemoryDenyWriteExecute")]
    assert lines.index("SystemCallFilter=~@privileged") < lines.index("SystemCallFilter=@chown")


@pytest.mark.parametrize("name", UNITS)
def test_the_operations_page_names_the_units(name: str) -> None:
    assert f"docs/{name}" in (DOCS / "OPERATIONS.md").read_text("utf-8")
