"""A process that is killed between any two of its writes loses nothing that it acknowledged, and starts again.

`make faults` kills at every writing system call of an append, a submission and a purge; `make test` at a few of each.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.faults import strace
from tests.faults.scenarios import Stage

SAMPLE: Final = 6
"""Places of each driver that the normal suite kills at."""

pytestmark = pytest.mark.kill


def test_an_undisturbed_run_keeps_the_promises_too(stage: Stage) -> None:
    """The judges themselves: they pass where nothing went wrong."""
    stage.judge(stage.undisturbed(), "nothing")


def test_killed_at_a_sample_of_its_writes(stage: Stage) -> None:
    for call in strace.spread(stage.undisturbed().writing, SAMPLE):
        stage.killed(call)


@pytest.mark.faults
def test_killed_at_every_one_of_its_writes(stage: Stage) -> None:
    for call in stage.undisturbed().writing:
        stage.killed(call)


@pytest.mark.faults
def test_killed_again_at_every_write_of_the_start_after_a_kill(stage: Stage) -> None:
    """Recovery is interrupted as often as anything else: a journal that was left is replayed, half of it, and again."""
    first = stage.undisturbed().writing
    left = stage.disturbed(strace.kill(first[len(first) * 2 // 3]))
    assert left.killed
    again = Stage(stage.driver, left.home, stage.scratch, stage.kept, stage.zygote)
    opening = again.disturbed(None).opening
    assert [call.touches for call in opening].count("db") > 1, "nothing was replayed"
    for call in opening:
        second = again.disturbed(strace.kill(call))
        assert second.killed
        second.said[:0] = left.said
        again.judge(second, f"killed at {call}, after a kill")


def test_nothing_is_said_before_it_is_on_the_disk(stage: Stage) -> None:
    """A kill leaves the kernel's memory to be written; a power cut does not. So: at the moment of saying a thing, no
    write to the database or its journal may be without its `fdatasync`, and the journal is emptied only after what it
    held was synced elsewhere.
    """
    run = stage.undisturbed()
    unsynced: dict[str, int] = {"db": 0, "wal": 0}
    said = 0
    for call in run.calls:
        if call.name == "pwrite64" and call.touches in unsynced:
            unsynced[call.touches] += 1
        elif call.name in {"fsync", "fdatasync"} and call.touches in unsynced:
            unsynced[call.touches] = 0
        elif call.touches == "said" or (call.name in {"ftruncate", "unlink"} and call.touches == "wal"):
            said += call.touches == "said"
            assert unsynced == {"db": 0, "wal": 0}, f"at {call}"
    assert said == len(run.said)
