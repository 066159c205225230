"""Every reader works in a confined process, and gives there what it gives outside."""

import hashlib
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from node.media.parts import catalogue
from tests.unit.media.parts.holders import HOLDERS
from tests.unit.media.parts.reading import given_by, region_of

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def said() -> dict[str, list[Any]]:
    """What one confined process says of each holder."""
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in HOLDERS]
        for file, data in zip(files, HOLDERS.values(), strict=True):
            file.write(data)
            file.flush()
        numbers = [file.fileno() for file in files]
        command = [sys.executable, "-m", "tests.unit.media.parts.confined", *map(str, numbers)]
        done = subprocess.run(command, stdout=subprocess.PIPE, pass_fds=numbers, cwd=ROOT, check=True)
    return dict(zip(HOLDERS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("kind", HOLDERS)
def test_a_confined_process_gives_the_same(kind: str, said: dict[str, list[Any]]) -> None:
    data = HOLDERS[kind]
    with region_of(data) as region:
        head = region.head(4096)
        row = next(each for each in catalogue.HOLDERS if each[2](head, region))
    given = given_by(row[3], data)
    name, told = said[kind]
    assert name == row[0]
    parts = [[n, hashlib.sha256(c).hexdigest()] for n, c in zip(given.names, given.contents, strict=True)]
    assert [each[:2] for each in told if len(each) > 1] == parts
    assert [each[0] for each in told if len(each) == 1] == given.omissions
    assert parts or given.omissions
