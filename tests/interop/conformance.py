"""Runs another importer over the fixtures, and says where it differs from what they expect.

    python -m tests.interop.conformance FIXTURES COMMAND [ARGUMENT...]

FIXTURES is the folder with `expected.json`. For each file, COMMAND is run with the path of the file as its last
argument. It prints one JSON object in the shape of an entry of `expected.json` (docs/INTEROP.md, "The conformance
suite"), and ends with 0. A run takes at most `SECONDS`.

Exit code 0: no difference; 1: differences, one line each on stdout; 2: the command line is wrong.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.interop.expected import differences

SECONDS: Final = 60
_LISTS: Final = ("items", "rejected", "retractions", "warnings")
_KEYS: Final = ("version", "region", "kind", "records", "error")
_ROW: Final[dict[str, Any]] = {
    "id": "",
    "category": None,
    "code_raw": None,
    "flags": {},
    "series": None,
    "tags_raw": None,
    "media_type": None,
    "media_size": None,
    "not_searched": [],
    "handling_raw": None,
    "disputed_by": 0,
    "warnings": [],
}


def main(arguments: Sequence[str]) -> int:
    """Runs the suite; the exit code."""
    if len(arguments) < 2 or not (Path(arguments[0]) / "expected.json").is_file():
        print("usage: python -m tests.interop.conformance FIXTURES COMMAND [ARGUMENT...]", file=sys.stderr)  # noqa: T201
        return 2
    different = False
    for line in run(Path(arguments[0]), arguments[1:]):
        print(line)  # noqa: T201
        different = True
    return int(different)


def run(fixtures: Path, command: Sequence[str]) -> Iterator[str]:
    """`FILE: what differs`, for every difference."""
    expected: dict[str, Any] = json.loads((fixtures / "expected.json").read_text("utf-8"))["files"]
    for name, entry in expected.items():
        got = _outcome(command, fixtures / name)
        for each in [got] if isinstance(got, str) else differences(entry, got):
            yield f"{name}: {each}"


def _outcome(command: Sequence[str], file: Path) -> dict[str, Any] | str:
    """What the importer makes of a file, or why that is not known."""
    try:
        ran = subprocess.run([*command, str(file)], capture_output=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"the importer takes more than {SECONDS} seconds"
    if ran.returncode:
        return f"the importer ends with {ran.returncode}"
    try:
        given = json.loads(ran.stdout)
    except ValueError:
        return "the importer prints no JSON object"
    if not isinstance(given, dict) or "file" not in given:
        return 'the importer prints no object with "file"'
    items = [_ROW | each for each in given.get("items", [])]
    told = ran.stderr.decode("utf-8", "replace")
    rest = {name: given.get(name, []) for name in _LISTS} | {name: given.get(name) for name in _KEYS}
    return (
        given
        | rest
        | {
            "items": items,
            "ignored": given.get("ignored", {}),
            "error": given.get("error") or {"reason": ""},
            # What it shows is searched for what must not be shown.
            "words": [told, *map(json.dumps, given.get("items", []))],
        }
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
