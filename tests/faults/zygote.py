"""A process that has imported everything, and forks a stopped child for each run of a driver.

Importing takes a hundred times as long as the work that is watched, and a suite that kills at every system call runs
hundreds of times. A child is a real process of its own, and `python -m tests.faults.drivers.append HOME` does the same.

A request is a JSON line `{"driver", "home", "said", "errors", "die"}` on stdin. The answers are two lines on stdout:
`{"pid"}` of the child, which has stopped itself (SIGSTOP) before its first step; and `{"status"}`, as `os.waitpid`
gives it, once it ended.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import structlog

from tests.faults.drivers import append, bundle, create, retract, submit
from tests.faults.drivers.parts import Voice, opened

DRIVERS = {"append": append, "bundle": bundle, "create": create, "retract": retract, "submit": submit}
_PR_SET_PTRACER = 0x59616D61
_ANY = ctypes.c_ulong(-1)


def main() -> None:
    libc = ctypes.CDLL(None)
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder), create=True):
        # Making a database imports what nothing else does (Alembic, its scripts): now, not while it is watched.
        pass
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            # Where only ancestors may trace (Yama), a process has to allow others to.
            libc.prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)
            _become(request)
        os.waitpid(child, os.WUNTRACED)
        _answer(pid=child)
        _, status = os.waitpid(child, 0)
        _answer(status=status)


def _answer(**what: int) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _become(request: dict[str, Any]) -> None:
    """Runs a driver in this forked child, and ends it. Never returns: the child has its parent's stack below it."""
    status = 1
    try:
        for target, name in ((1, "said"), (2, "errors")):
            file = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(file, target)
            os.close(file)
        # What is said is JSON alone, as on the standard output of a command.
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        os.kill(os.getpid(), signal.SIGSTOP)
        DRIVERS[request["driver"]].run(Path(request["home"]), Voice(die=request["die"]))
        status = 0
    except BaseException:  # noqa: BLE001  (what gets out is what the test wants to see)
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
