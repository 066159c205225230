"""Every interchange fixture through `vigil import --dry-run --json --rows`: what a person gets is what is expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from node.interop.formats import FORMATS
from tests.interop.expected import differences, expectations
from tests.unit.cli.conftest import Ran, Vigil

KNOWN = {"vics/two-documents.json": {"the error is at 182, not at 293"}}
"""As in `tests/interop/test_vics.py`."""
CODES = {"accepted": 0, "rejected": 1, "refused": 2}


def outcome(ran: Ran) -> dict[str, Any]:
    """In the shape of `expected.json`. Rows hold hashes, and are looked through for nothing else."""
    *items, line = ran.lines
    return line | {"items": items, "words": [ran.err, *map(str, (line, items))]}


def test_each_fixture_ends_as_expected(vigil: Vigil, vectors: Path) -> None:
    wrong: dict[str, list[str]] = {}
    files = {name: each for name, each in expectations(vectors).items() if each["format"] in FORMATS}
    assert len(files) > 30
    for name, expected in files.items():
        ran = vigil("import", "--dry-run", "--json", "--rows", vectors / "interop" / name)
        got = outcome(ran)
        found = differences(expected, got)
        found += [] if ran.code == CODES[got["file"]] else [f"exit code {ran.code}"]
        seen = expected.get("seen")
        if got["file"] == "accepted" and seen not in (None, got["seen"]):
            found.append(f"{got['seen']} seen, not {seen}")
        if set(found) != KNOWN.get(name, set()):
            wrong[name] = found
    assert wrong == {}


@pytest.mark.parametrize("name", ["public/pytx-ncmec-1.xml", "plain/csv-with-header.csv"])
def test_the_words_for_people_hold_no_secret(vigil: Vigil, vectors: Path, name: str) -> None:
    expected = expectations(vectors)[name]
    ran = vigil("import", "--dry-run", vectors / "interop" / name)
    assert ran.code == 0
    assert name not in ran.out + ran.err
    for secret in expected.get("must_not_appear", ()):
        assert secret not in ran.out + ran.err
    for item in expected["items"]:
        for value in item["hashes"].values():
            assert value not in ran.out + ran.err
