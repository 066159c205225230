"""The hub and the nodes of an exercise as processes that go on after the command that started them.

Rules this module upholds:

- A process is ended only if it owns the home and is the one that was started here.
- What a daemon says goes to a file in the folder of the exercise.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from node import app
from node.demo.exercise.plan import MEMBERS
from node.demo.federation import HUB, at_once
from node.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from node.demo.exercise.plan import Exercise

HOMES: Final = (HUB, *MEMBERS)
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
_POLL: Final = 0.05


def running(exercise: Exercise) -> dict[str, int]:
    """The process ids of the daemons that run, by the name of their home; 0 if the process does not say."""
    found = {name: app.owner_of(exercise.home(name)) for name in HOMES}
    return {name: pid for name, pid in found.items() if pid is not None}


def start(exercise: Exercise) -> Exercise:
    """Starts what does not run, the hub first, and waits until each serves. Raises `Unavailable`."""
    daemons = dict(exercise.daemons)
    here = running(exercise)
    if HUB not in here:
        daemons[HUB] = _start(exercise, HUB)
        # Saved after each start: a crash between two starts loses no process.
        exercise.with_daemons(daemons).save()
    daemons |= dict(at_once(lambda name: (name, _start(exercise, name)), [n for n in MEMBERS if n not in here]))
    started = exercise.with_daemons(daemons)
    started.save()
    return started


def stop(exercise: Exercise) -> int:
    """Stops what `start` started and waits; how many processes ended. Raises `Unavailable` if one does not."""
    return sum(at_once(lambda name: _stop(exercise, name), [*MEMBERS, HUB]))


def _start(exercise: Exercise, name: str) -> int:
    said, log = exercise.folder / f"{name}.out", exercise.folder / f"{name}.log"
    role = HUB if name == HUB else "node"
    with said.open("w", encoding="utf-8") as out, log.open("a", encoding="utf-8") as errors:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "node.cli.main", role, "run", "--json", "--home", str(exercise.home(name))],
            env=environment(exercise),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while not _ready(said):
        if daemon.poll() is not None or time.monotonic() > deadline:
            daemon.kill()
            daemon.wait()
            raise Unavailable(
                f"{name} of the exercise did not start", remedy=f"read {name}.log in the folder of the exercise"
            )
        time.sleep(_POLL)
    return daemon.pid


def _ready(said: Path) -> bool:
    lines = [line for line in said.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]
    return any(json.loads(line).get("event") == "ready" for line in lines)


def _stop(exercise: Exercise, name: str) -> int:
    home, pid = exercise.home(name), exercise.daemons.get(name)
    owner = app.owner_of(home)
    if owner is None:
        return 0
    if pid is None or owner != pid:
        raise Unavailable(
            f"a process that this exercise did not start owns the home {name}",
            remedy="wait until the command there has ended; stop a daemon as you started it",
        )
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while app.owner_of(home) == pid:
        if time.monotonic() > deadline:
            raise Unavailable(
                f"{name} did not stop within {STOP_SECONDS:.0f} s", remedy=f"read {name}.log, then stop it again"
            )
        time.sleep(_POLL)
    return 1


def environment(exercise: Exercise) -> dict[str, str]:
    """The environment of a daemon: what Vigil says itself, and no setting of the person who runs the exercise."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("VIGIL_")}
    return kept | {"VIGIL_PASSPHRASE_FILE": str(exercise.passphrase)}
