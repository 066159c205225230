"""Misbehaving workers that are forked from a process which is warm already (`zygote`), instead of started.

A worker that ends by what it read is replaced by a new one, so tests of such files start many. To the pool both are the
same: a forked worker is a child of the test's process, in a session of its own, and confines itself. What has another
command or another environment is started, not forked.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import IO, Any

import pytest

from node.media import worker_process

MISBEHAVING = (sys.executable, "-P", "-m", "tests.unit.media.misbehaving_worker")
_ZYGOTE = (sys.executable, "-P", "-m", "tests.unit.media.zygote")
_PR_SET_CHILD_SUBREAPER = 36


class Forked:
    """What the pool uses of `subprocess.Popen`."""

    def __init__(self, pid: int, stdout: IO[bytes]) -> None:
        self.pid = pid
        self.stdout = stdout
        self._ended = os.pidfd_open(pid)
        self._status: int | None = None

    def kill(self) -> None:
        if self._status is None:
            signal.pidfd_send_signal(self._ended, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        if self._status is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a forked worker", timeout or 0.0)
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self._ended)
        return self._status


@contextmanager
def forking(workers: int = 1) -> Iterator[None]:
    """As long as the block runs, misbehaving workers are forked. `workers`: of the pools that are meant."""
    environment = worker_process.bare_environment(workers=workers)
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, subprocess.Popen(_ZYGOTE, stdin=its.fileno(), cwd="/", env=environment) as zygote:
        its.close()
        assert ours.recv(64) == b"ready"

        def started(command: Sequence[str], **options: Any) -> Any:
            *words, scratch, room = command
            if tuple(words) != MISBEHAVING or options["env"] != environment:
                return subprocess.Popen(command, **options)
            back, reply = os.pipe()
            socket.send_fds(ours, [room.encode()], [options["stdin"], reply, int(scratch)])
            os.close(reply)
            return Forked(int(ours.recv(64)), os.fdopen(back, "rb", buffering=0))

        with pytest.MonkeyPatch.context() as patch:
            names = ("PIPE", "DEVNULL", "TimeoutExpired")
            standing_in = SimpleNamespace(Popen=started, **{name: getattr(subprocess, name) for name in names})
            patch.setattr(worker_process, "subprocess", standing_in)
            _take_in_orphans(True)
            try:
                yield
            finally:
                _take_in_orphans(False)
                ours.shutdown(socket.SHUT_WR)
                zygote.wait(60)


def _take_in_orphans(wanted: bool) -> None:
    """Has this process take the place of the parent of a descendant whose own has ended, or no longer."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0)
