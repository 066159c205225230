"""One worker process on the pool's side: its start, its socket and its pipe, and the reason for its end.

Rules this module upholds:

- A worker is a new interpreter (spawned, never forked) in its own session, with a minimal environment. It inherits only
  its two communication descriptors and the scratch file in which it unpacks (`scratch`).
- Messages to the worker use a socket, which can carry open files. The worker cannot reply through this socket.
- This module neither interprets replies (see `replies`) nor decides (see `pool`).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from node.domain.material import PictureFingerprints
from node.errors import MediaError, Misuse, Unavailable
from node.media import replies
from node.media.orders import Orders, write_orders
from node.media.scratch import open_scratch, room
from node.media.tasks import Task

START_SECONDS: Final = 300.0
"""Seconds in which a worker must start. The first start on a machine compiles its kernels."""
_ITS_SCHEDULED_TIME: Final = 2
"""CPUCLOCK_SCHED: with the number of a process, the clock of its processor time (clock_getcpuclockid(3))."""
UNCONFINED: Final = 77
"""The exit status of a worker that could not confine itself, and therefore reads nothing."""
_BURY_SECONDS: Final = 5.0
"""Seconds in which a killed worker must be gone."""
_ENVIRONMENT: Final = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "NUMBA_CACHE_DIR",
    "PATH",
    "TMPDIR",
    "XDG_CACHE_HOME",
)
"""The variables that a worker inherits. It inherits no others, because an environment can contain secrets."""
_KEPT_BYTES: Final = 512 * 1024 * 1024
"""The most freed memory that a worker keeps for its next picture. New memory costs a fault and zeroing for each page,
up to a quarter of a decode. All workers together keep at most a fourth of the machine's memory."""
_ALLOCATOR: Final = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
"""mallopt(3) of glibc. Other C libraries ignore them."""
_ONE_ARENA: Final = "MALLOC_ARENA_MAX"
"""The same. Each thread would reserve 64 MiB of address space for its own allocations, and only one thread of a worker
allocates much."""
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

# -P: without it Python would look for modules in the working folder first, which may be an evidence folder.
WORKER_COMMAND: Final = (sys.executable, "-P", "-m", "node.media.worker")


@dataclass(slots=True, kw_only=True)
class WorkerProcess:
    """A process, its files (it works on the first one), and the bytes of its next line.

    `to`: the socket by which it receives tasks; `began`: its processor time when it began its file; `asked`: the file
    has requested time, `seconds` of it; `so_far`: its result until now, or None; `costly`: what it wants beyond its
    time; `served`: files that it has answered; `spent`: it requested its replacement after its next result or end;
    `short`: that result lacks a resource; `leaves`: it has sent it; `allowed`: seconds by the clock for this step;
    `paused`: since when the pool does not read from it, or 0.
    """

    process: subprocess.Popen[bytes]
    to: socket.socket
    deadline: float
    began: float = 0.0
    asked: bool = False
    costly: replies.Costly | None = None
    tasks: deque[Task] = field(default_factory=deque)
    heard: bytearray = field(default_factory=bytearray)
    ready: bool = False
    seconds: int = 0
    so_far: PictureFingerprints | None = None
    served: int = 0
    spent: bool = False
    short: bool = False
    leaves: bool = False
    allowed: float = START_SECONDS
    paused: float = 0.0

    @property
    def busy(self) -> bool:
        """Whether something is expected from it."""
        return bool(self.tasks) or not self.ready

    @property
    def back(self) -> int:
        """The pipe for its replies."""
        if self.process.stdout is None:
            raise Misuse("a worker is started with a pipe to reply by")
        return self.process.stdout.fileno()

    def hand(self, file: int, told: Orders) -> None:
        """Hands it an open file. If it has just died, this is no error: the pool notices its end, and passes the file
        on.
        """
        with suppress(ConnectionError):
            socket.send_fds(self.to, [write_orders(told)], [file])

    def begin(self, wall_seconds: float) -> None:
        """Begins its next file. The first step may take this long by the clock."""
        self.began = self._used()
        self.step(wall_seconds)

    def step(self, wall_seconds: float) -> None:
        """Begins its next subject, or continues after one."""
        self.asked, self.seconds, self.so_far, self.costly = False, 0, None, None
        self.allowed = wall_seconds
        self.deadline = time.monotonic() + wall_seconds

    def prolong(self, seconds: float) -> None:
        """Extends its time."""
        self.allowed += seconds
        self.deadline += seconds

    def took(self) -> float:
        """Returns the processor time for its file, by the kernel's account, or 0 if the process is gone."""
        return max(self._used() - self.began, 0.0)

    def _used(self) -> float:
        try:
            return time.clock_gettime(~self.process.pid << 3 | _ITS_SCHEDULED_TIME)
        except OSError:
            return self.began

    def end(self) -> int:
        """Waits for a process that has ended or was killed. Returns its exit status (negative: the signal)."""
        self.to.close()
        if self.process.stdout is not None:
            self.process.stdout.close()
        try:
            return self.process.wait(_BURY_SECONDS)
        except subprocess.TimeoutExpired:  # it hangs in the kernel, where a kill waits with it: we do not
            return -signal.SIGKILL


def start(command: tuple[str, ...], *, workers: int) -> WorkerProcess:
    """Starts one of up to `workers` worker processes. Raises `Unavailable` if the machine starts no process."""
    # Messages, each with its file. Our end is not read: what a worker would send by it is refused by the kernel.
    scratch = open_scratch()
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.shutdown(socket.SHUT_RD)
    try:
        process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            (*command, str(scratch), str(room(scratch, workers=workers))),
            stdin=its.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=bare_environment(workers=workers),
            cwd="/",
            pass_fds=(scratch,),
            bufsize=0,
            start_new_session=True,  # the terminal's Ctrl-C reaches us alone, and we end the workers
        )
    except OSError as error:
        ours.close()
        raise Unavailable(
            f"no worker process can be started: {os.strerror(error.errno or 0).lower()}",
            remedy="free memory, close other programs, or use fewer workers; then try again",
        ) from None
    finally:
        its.close()
        os.close(scratch)
    return WorkerProcess(process=process, to=ours, deadline=time.monotonic() + START_SECONDS)


def bare_environment(*, workers: int) -> dict[str, str]:
    """Returns the environment of one of up to `workers` worker processes."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    environment |= dict.fromkeys(_ONE_THREAD, "1")
    environment |= dict.fromkeys(_ALLOCATOR, str(min(_KEPT_BYTES, _memory_bytes() // 4 // workers)))
    environment[_ONE_ARENA] = "1"
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    return environment


def cause(status: int, seconds: int) -> MediaError:
    """Returns why a worker ended, by its exit status (negative: the signal), in words about the file. `seconds`: the
    processor time that it had.
    """
    if status == -signal.SIGXCPU:
        return MediaError(f"decoding it took more than {seconds} seconds of processor time")
    if status == -signal.SIGSYS:
        return MediaError(
            "its decoder was stopped: it tried what a worker may not do",
            remedy="the file may be an attack on the decoder, or a library of this machine needs a call that Vigil "
            "does not know: report it, without the file",
        )
    if status == -signal.SIGKILL:
        return MediaError(
            "the worker that read it was killed, perhaps because memory ran out",
            remedy="free memory on this machine or use fewer workers, then try again",
        )
    if status < 0:
        return MediaError(f"it crashed its decoder ({signal.strsignal(-status)})")
    return MediaError("the worker that read it failed")


def _memory_bytes() -> int:
    """Returns the memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
