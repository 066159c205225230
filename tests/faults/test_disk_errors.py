"""A disk that fails at any one call, or is full from any one call on: the person is told so clearly, what was
acknowledged stays, and the work goes on where the disk does.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.faults import strace
from tests.faults.scenarios import Stage

EIO: Final = "error=EIO"
ENOSPC: Final = "error=ENOSPC"
SYNCING: Final = ("fsync", "fdatasync")
FAILING: Final = ("pwrite64", "ftruncate", "unlink", "openat", *SYNCING)
FILLING: Final = ("pwrite64", "ftruncate")
SAMPLE: Final = 3
KINDS: Final = frozenset({"store", "disk-full", "damaged", "unavailable", "refused", "conflict"})
"""Errors that a step may end with: the disk's own, and what follows from an earlier step that did not happen."""

pytestmark = pytest.mark.kill


def calls(stage: Stage, names: tuple[str, ...]) -> list[strace.Call]:
    """The calls of an undisturbed run that write to the database, its journal or the journal's index."""
    found = [
        each for each in stage.undisturbed().writing if each.name in names and each.touches in {"db", "wal", "shm"}
    ]
    assert found
    return found


def survive(stage: Stage, fault: strace.Fault, *, die: bool = False) -> strace.Run:
    """A run on a bad disk ends by itself and in order, and everything holds after it."""
    run = stage.disturbed(fault, die=die)
    assert run.status == 0, f"{fault.option()}: {run.errors}"
    told = [(line["failed"], line["kind"], line["text"]) for line in run.said if "failed" in line]
    assert {kind for _, kind, _ in told} <= KINDS, told
    stage.judge(run, fault.option())
    return run


def test_a_sample_of_writes_that_fail(stage: Stage) -> None:
    for call in strace.spread(calls(stage, FAILING), SAMPLE):
        survive(stage, strace.Fault(call, EIO))
    for call in strace.spread(calls(stage, FILLING), SAMPLE):
        survive(stage, strace.Fault(call, ENOSPC, onwards=True))


@pytest.mark.faults
def test_any_one_write_fails(stage: Stage) -> None:
    told = [survive(stage, strace.Fault(call, EIO)).all_said("failed") for call in calls(stage, FAILING)]
    assert sum(map(bool, told)) > len(told) / 2, "most of these writes matter, and somebody has to be told"


@pytest.mark.faults
def test_a_sync_fails_and_the_process_dies_of_it(stage: Stage) -> None:
    """What was reported to have failed may turn out to be on the disk: the next start finds it whole, or not at all."""
    for call in calls(stage, SYNCING):
        survive(stage, strace.Fault(call, EIO), die=True)


@pytest.mark.faults
def test_the_disk_is_full_from_any_one_write_on(stage: Stage) -> None:
    for call in calls(stage, FILLING):
        run = survive(stage, strace.Fault(call, ENOSPC, onwards=True))
        kinds = [line["kind"] for line in run.said if "failed" in line]
        if call.name == "pwrite64" and kinds:
            assert kinds[0] == "disk-full", f"full at {call}: {run.said}"


@pytest.mark.faults
def test_any_one_read_fails(stage: Stage) -> None:
    reads = [each for each in stage.undisturbed().calls if each.name == "pread64" and each.touches in {"db", "wal"}]
    for call in reads:
        survive(stage, strace.Fault(call, EIO))
