"""The suite runs against another importer: here Vigil's own readers, as a command of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.interop.conformance import main, run

GOOD = """
import json, sys
from pathlib import Path
from tests.interop.expected import outcome
print(json.dumps(outcome(Path(sys.argv[1]))))
"""


def some_of(vectors: Path, folder: Path, *names: str) -> Path:
    """A folder with some of the fixtures."""
    entries = json.loads((vectors / "interop" / "expected.json").read_text())["files"]
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes((vectors / "interop" / name).read_bytes())
    (folder / "expected.json").write_text(json.dumps({"files": {name: entries[name] for name in names}}))
    return folder


def test_an_importer_that_does_as_expected_has_no_difference(vectors: Path, tmp_path: Path) -> None:
    fixtures = some_of(vectors, tmp_path, "vics/20-us-media.json", "vics/nan.json", "misp/event-full.json")
    assert list(run(fixtures, [sys.executable, "-c", GOOD])) == []


def test_every_way_to_differ_is_told_with_its_file(vectors: Path, tmp_path: Path) -> None:
    fixtures = some_of(vectors, tmp_path, "vics/20-us-media.json")

    def told(code: str) -> str:
        return "\n".join(run(fixtures, [sys.executable, "-c", code]))

    assert told('print(\'{"file": "rejected"}\')').startswith("vics/20-us-media.json: the file is rejected")
    assert "None records, not 6" in told('print(\'{"file": "accepted"}\')')
    assert "ends with 3" in told("raise SystemExit(3)")
    assert "no JSON object" in told("print('x')")
    assert 'no object with "file"' in told("print('[]')")


def test_the_command_line_needs_fixtures_and_a_command(tmp_path: Path) -> None:
    assert main([str(tmp_path), "true"]) == 2
    assert main([]) == 2
