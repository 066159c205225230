"""Any file name in any locale is shown escaped, and stops nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.pictures import picture
from tests.integration.processes import environment

NAMES = ("0\nb.jpg", "1\x1b[31m.jpg", "2\u202egpj.jpg", "3\u2603.jpg", "4caf\udce9.jpg", "5\u00e9.jpg")
LOCALES = {
    "latin": {"PYTHONIOENCODING": "iso-8859-1"},
    "posix": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "utf-8": {"PYTHONUTF8": "1"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("locales")
    for number, name in enumerate(NAMES):
        made = picture(folder / f"{number}.jpg", number)
        made.rename(folder / name)
    return folder


def shown(home: Path, settings: dict[str, str], *words: str) -> str:
    """What a command prints, as a terminal of that locale reads it."""
    ran = subprocess.run(
        [sys.executable, "-m", "node.cli.main", *words],
        env=environment(home, settings),
        capture_output=True,
        encoding=settings.get("PYTHONIOENCODING", "utf-8"),
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("settings", LOCALES.values(), ids=LOCALES)
def test_every_name_is_shown_and_none_ends_the_command(folder: Path, tmp_path: Path, settings: dict[str, str]) -> None:
    words = shown(tmp_path, settings, "fingerprint", str(folder))
    for escaped in ("/0\\nb.jpg", "/1\\x1b[31m.jpg", "/2\\", "/3", "/4caf\\xe9.jpg", "/5"):
        assert escaped in words
    assert not {"\x1b", "\u202e"} & set(words)
    lines = shown(tmp_path, settings, "fingerprint", str(folder), "--json")
    assert lines.isascii()
    found = {os.fsencode(Path(json.loads(line)["path"]).name) for line in lines.splitlines()}
    assert found == set(map(os.fsencode, NAMES))
