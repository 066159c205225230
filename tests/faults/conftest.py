"""What the fault suite shares: scratch space in memory, the process that forks drivers, and a stage for each driver."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import strace
from tests.faults.scenarios import SCENARIOS, Stage

_MEMORY = Path("/dev/shm")  # noqa: S108  (a folder of its own is made in it)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is such a place: hundreds of runs wait for no disk. Else the test's own."""
    if not os.access(_MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY, prefix="vigil-faults-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def zygote() -> Iterator[strace.Zygote]:
    with strace.zygote() as running:
        yield running


@pytest.fixture(params=SCENARIOS)
def stage(request: pytest.FixtureRequest, zygote: strace.Zygote, scratch: Path, tmp_path: Path) -> Stage:
    """Each driver in turn, with a prepared home."""
    prepared = scratch / "prepared"
    prepared.mkdir()
    SCENARIOS[request.param].prepare(prepared)
    return Stage(request.param, prepared, scratch, tmp_path, zygote)
