"""A process that is killed between any two of its writes loses nothing that it acknowledged, and starts again.

`make faults` kills at every writing system call of an append, a submission and a purge; `make test` at a few of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.faults import invariants, strace
from tests.faults.drivers import append, retract, submit

SAMPLE: Final = 9
"""Places of each driver that the normal suite kills at."""


@dataclass(frozen=True)
class Scenario:
    """A driver, how its home is prepared, what must hold after it, and the fewest places that it must have."""

    prepare: Callable[[Path], None]
    stands: tuple[Callable[[Path, invariants.Said], None], ...]
    places: int


SCENARIOS: Final = {
    "append": Scenario(append.prepare, (invariants.node_stands,), 100),
    "retract": Scenario(retract.prepare, (invariants.purges_hold, invariants.node_stands), 100),
    "submit": Scenario(submit.prepare, (invariants.hub_stands,), 80),
}

pytestmark = pytest.mark.kill
each_driver = pytest.mark.parametrize("driver", SCENARIOS)


@pytest.fixture(scope="module")
def zygote() -> Iterator[strace.Zygote]:
    with strace.zygote() as running:
        yield running


@pytest.fixture
def prepared(driver: str, tmp_path: Path) -> Path:
    """A home in which the driver can begin."""
    home = tmp_path / "prepared"
    home.mkdir()
    SCENARIOS[driver].prepare(home)
    return home


def undisturbed(zygote: strace.Zygote, driver: str, prepared: Path, scratch: Path) -> strace.Run:
    """The run without a fault, which says what there is to kill."""
    run = zygote.run(driver, prepared, scratch)
    assert run.status == 0, run.errors
    assert run.said[-1] == {"ended": True}
    assert run.all_said("failed") == []
    assert len(run.writing) >= SCENARIOS[driver].places
    return run


def kill_and_judge(zygote: strace.Zygote, driver: str, prepared: Path, scratch: Path, call: strace.Call) -> None:
    """One kill, and everything that must hold after it."""
    run = zygote.run(driver, prepared, scratch, fault=strace.kill(call))
    assert run.killed, f"the kill at {call} never came: {run.errors}"
    try:
        for stands in SCENARIOS[driver].stands:
            stands(run.home, run.said)
    except Exception as error:
        error.add_note(f"killed at {call} of {driver}; what is left: {run.home}")
        raise


@each_driver
def test_an_undisturbed_run_keeps_the_promises_too(
    zygote: strace.Zygote, driver: str, prepared: Path, tmp_path: Path
) -> None:
    """The judges themselves: they pass where nothing went wrong."""
    run = undisturbed(zygote, driver, prepared, tmp_path)
    for stands in SCENARIOS[driver].stands:
        stands(run.home, run.said)


@each_driver
def test_killed_at_a_sample_of_its_writes(zygote: strace.Zygote, driver: str, prepared: Path, tmp_path: Path) -> None:
    run = undisturbed(zygote, driver, prepared, tmp_path)
    for call in strace.spread(run.writing, SAMPLE):
        kill_and_judge(zygote, driver, prepared, tmp_path, call)


@pytest.mark.faults
@each_driver
def test_killed_at_every_one_of_its_writes(zygote: strace.Zygote, driver: str, prepared: Path, tmp_path: Path) -> None:
    run = undisturbed(zygote, driver, prepared, tmp_path)
    for call in run.writing:
        kill_and_judge(zygote, driver, prepared, tmp_path, call)
