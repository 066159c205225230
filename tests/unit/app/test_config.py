"""Settings of a home that takes another hub are changed in place, and everything else in the file stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node import config
from node.config import Home
from node.errors import ConfigError

BEFORE = """# Ours: ask Jean before you touch this.
role = "node"
federation = "vigil.example"
member = "FR"
  hub   = "old.example:1"   # the old one
enrolment = "old.example:2"
hub_is_far = 1
"""


def home_of(tmp_path: Path, text: str) -> Home:
    home = Home(folder=tmp_path)
    home.config.write_text(text, "utf-8")
    return home


def test_named_settings_change_and_every_other_line_stays(tmp_path: Path) -> None:
    home = home_of(tmp_path, BEFORE.replace("hub_is_far = 1\n", ""))
    config.change(home, {"hub": "new.example:1", "root_sha256": "ab" * 32})
    lines = home.config.read_text("utf-8").splitlines()
    assert lines[0] == "# Ours: ask Jean before you touch this."
    assert lines[4] == 'hub = "new.example:1"'
    assert lines[5] == 'enrolment = "old.example:2"'
    assert lines[-1] == f'root_sha256 = "{"ab" * 32}"'
    found = config.load(home, {})
    assert (found.hub, found.enrolment, found.root_sha256) == ("new.example:1", "old.example:2", "ab" * 32)


@pytest.mark.parametrize(("text", "values"), [(BEFORE, {"hub": "new.example:1"}), (BEFORE[:-15], {"hub": "nowhere"})])
def test_settings_that_could_not_be_used_leave_the_file_as_it_was(
    tmp_path: Path, text: str, values: dict[str, str | float]
) -> None:
    home = home_of(tmp_path, text)
    with pytest.raises(ConfigError):
        config.change(home, values)
    assert home.config.read_text("utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["vigil.toml"]


@given(st.text(st.characters(codec="utf-8"), max_size=50))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_is_written_so_that_it_is_read_again(tmp_path: Path, name: str) -> None:
    """Control characters and quotes too: a settings file that cannot be read locks its owner out."""
    home = Home(folder=tmp_path)
    home.config.unlink(missing_ok=True)
    whose = {"role": "node", "federation": "test.vigil", "member": "FR", "hub": "hub.example:1"}
    config.write(home, whose | {"enrolment": "hub.example:2", "root_sha256": "00" * 32, "name": name})
    assert config.load(home).name == name
