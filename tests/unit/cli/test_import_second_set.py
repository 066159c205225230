"""The second set of files through `vigil import`: what a person gets is what the rules allow."""

from __future__ import annotations

from pathlib import Path

from tests.interop.second_set.every import closest_differences, every_file
from tests.unit.cli.conftest import Vigil
from tests.unit.cli.test_import_vectors import CODES, outcome


def test_each_file_ends_as_the_rules_say(vigil: Vigil, tmp_path: Path) -> None:
    wrong: dict[str, list[str]] = {}
    path = tmp_path / "secret name"
    for file in every_file():
        path.write_bytes(file.data)
        ran = vigil("import", "--dry-run", "--json", "--rows", path)
        got = outcome(ran)
        found = closest_differences(file, got)
        found += [] if ran.code == CODES[got["file"]] else [f"exit code {ran.code}"]
        found += ["the name of the file is told"] if "secret name" in ran.out + ran.err else []
        if found:
            wrong[file.name] = found
    assert wrong == {}
