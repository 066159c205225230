"""The drivers with what must hold after each of them, whatever was done to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults import invariants, strace
from tests.faults.drivers import append, bundle, create, retract, submit


@dataclass(frozen=True)
class Scenario:
    """How a driver's home is prepared, what must hold after it, and the fewest writing calls that it must make."""

    prepare: Callable[[Path], None]
    stands: tuple[Callable[[Path, invariants.Said], None], ...]
    writes: int


SCENARIOS: Final = {
    "append": Scenario(append.prepare, (invariants.node_stands,), 100),
    "bundle": Scenario(bundle.prepare, (invariants.bundle_stands,), 60),
    "create": Scenario(create.prepare, (invariants.node_begins, invariants.node_stands), 60),
    "retract": Scenario(retract.prepare, (invariants.purges_hold, invariants.node_stands), 100),
    "submit": Scenario(submit.prepare, (invariants.hub_stands,), 80),
}


@dataclass(frozen=True)
class Stage:
    """One driver with a home that it can begin in. `kept`: where the home of a failed run goes."""

    driver: str
    prepared: Path
    scratch: Path
    kept: Path
    zygote: strace.Zygote

    def undisturbed(self) -> strace.Run:
        """The run without a fault, which says which calls there are to fail."""
        run = self.zygote.run(self.driver, self.prepared, self.scratch)
        assert run.status == 0, run.errors
        assert run.said[-1] == {"ended": True}
        assert run.all_said("failed") == []
        assert len(run.writing) >= SCENARIOS[self.driver].writes
        return run

    def disturbed(self, fault: strace.Fault | None, *, die: bool = False) -> strace.Run:
        """The run with a fault."""
        return self.zygote.run(self.driver, self.prepared, self.scratch, fault=fault, die=die)

    def judge(self, run: strace.Run, what: str) -> None:
        """Everything that must hold after a run; `what` was done to it. The run's home is removed."""
        try:
            for stands in SCENARIOS[self.driver].stands:
                stands(run.home, run.said)
        except Exception as error:
            shutil.copytree(run.home.parent, self.kept / run.home.parent.name)
            error.add_note(f"{self.driver}: {what}; what is left: {self.kept / run.home.parent.name}")
            raise
        shutil.rmtree(run.home.parent)

    def killed(self, call: strace.Call) -> None:
        """Killed just before this call, and judged."""
        run = self.disturbed(strace.kill(call))
        assert run.killed, f"the kill at {call} never came: {run.errors}"
        self.judge(run, f"killed at {call}")
