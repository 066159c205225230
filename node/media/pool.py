"""A pool of confined worker processes that fingerprint untrusted files.

Rules this module upholds:

- A worker is a fresh interpreter (spawned, never forked) in a session of its own, with a bare environment; it is sent
  paths and sends lines, which are checked as untrusted (`replies`).
- A file that kills, hangs or exhausts its worker costs only itself: it gets a `MediaError` (an animation whose later
  frames crash their decoder keeps what was told of its first), the worker is replaced, and whatever was queued behind
  the file is given to another.
- Results come in the order of the files. At most `_WINDOW` files a worker are held, so memory does not grow with the
  number of files, and a slow reader of the results slows the pool down.
- When the generator ends, is closed or is interrupted, no worker is left.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from node.domain.fingerprints import MaterialFingerprints, PictureFingerprints
from node.errors import Malformed, MediaError, Misuse, Unavailable
from node.media import replies
from node.media.confine import PROCESSOR_SECONDS
from node.media.walk import Unreadable

WALL_SECONDS: Final = 300.0
"""Time of one file by the clock, for what takes no processor time: a dead network share. What asks for more
processor time (what moves, or may) gets `_WALL_A_SECOND` times that on top."""
_WALL_A_SECOND: Final = 4
"""Seconds by the clock for each of processor time: a machine has other things to do."""
_START_SECONDS: Final = 300.0
"""Time a worker has to start; the first ever on a machine compiles its kernels."""
_BURY_SECONDS: Final = 5.0
"""Time a killed worker has to be gone."""
_STARTS: Final = 3
"""Workers in a row that may fail to start before the pool gives up."""
_DEPTH: Final = 2
"""Files handed to a worker at a time: the second waits in its pipe, so that it never waits for us."""
_WINDOW: Final = 32
"""Files a worker that may be in flight or done and not yet handed on, because an earlier one is slow."""
_READ_BYTES: Final = 65536
_LONGEST_PATH: Final = 4096
"""Bytes (Linux PATH_MAX)."""
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
"""What a worker inherits. Nothing else: an environment can hold secrets."""
_KEPT_BYTES: Final = 512 * 1024 * 1024
"""Freed memory that a worker keeps for its next picture, at most: taken anew, each page of it is a fault and is zeroed,
which costs up to a quarter of a decode. All workers together keep at most a fourth of the machine's memory."""
_ALLOCATOR: Final = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
"""mallopt(3), glibc; another C library ignores them."""
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

# -P: without it Python would look for modules in the working folder first, which may be an evidence folder.
WORKER_COMMAND: Final = (sys.executable, "-P", "-m", "node.media.worker")

Result = MaterialFingerprints | MediaError


def fingerprint_files(
    files: Iterable[Path | Unreadable],
    *,
    workers: int | None = None,
    wall_seconds: float = WALL_SECONDS,
    command: Sequence[str] = WORKER_COMMAND,
) -> Iterator[tuple[Path, Result]]:
    """Fingerprints files in up to `workers` processes (None: one a processor); yields each path with its result.

    `files` is read as there is room. Raises `Unavailable` where no worker can be started at all.
    """
    limit = workers if workers is not None else len(os.sched_getaffinity(0))
    pool = _Pool(limit=max(limit, 1), wall_seconds=wall_seconds, command=tuple(command))
    source = iter(files)
    window: deque[_Task] = deque()
    exhausted = False
    try:
        while True:
            while not exhausted and len(window) < pool.limit * _WINDOW and pool.has_room():
                item = next(source, None)
                exhausted = item is None
                if item is not None:
                    window.append(pool.take(item))
            if not window:
                return
            pool.collect(wait=window[0].result is None)
            while window and (result := window[0].result) is not None:
                yield window.popleft().path, result
    finally:
        pool.close()


@dataclass(slots=True, kw_only=True)
class _Task:
    path: Path
    result: Result | None = None


@dataclass(slots=True, kw_only=True)
class _Worker:
    """A process, what it was handed (the first is what it works on), and what it has said of its next line.

    `seconds`: of processor time that the file it works on has asked for, 0 where it has not; `so_far`: what is known of
    it already, None where nothing is.
    """

    process: subprocess.Popen[bytes]
    deadline: float
    tasks: deque[_Task] = field(default_factory=deque)
    heard: bytearray = field(default_factory=bytearray)
    ready: bool = False
    seconds: int = 0
    so_far: PictureFingerprints | None = None

    @property
    def busy(self) -> bool:
        return bool(self.tasks) or not self.ready

    @property
    def to(self) -> int:
        """The pipe on which it takes tasks."""
        if self.process.stdin is None:
            raise Misuse("a worker is started with a pipe on either side")
        return self.process.stdin.fileno()

    @property
    def back(self) -> int:
        """The pipe on which it replies."""
        if self.process.stdout is None:
            raise Misuse("a worker is started with a pipe on either side")
        return self.process.stdout.fileno()


class _Pool:
    """The workers, and the tasks that no worker has yet (`_backlog`: those of workers that died)."""

    def __init__(self, *, limit: int, wall_seconds: float, command: tuple[str, ...]) -> None:
        self.limit = limit
        self._wall_seconds = wall_seconds
        self._command = command
        self._workers: list[_Worker] = []
        self._backlog: deque[_Task] = deque()
        self._failed_starts = 0
        self._selector = selectors.DefaultSelector()

    def has_room(self) -> bool:
        """Whether one more file can be handed to a worker, now or newly started."""
        if self._backlog:
            return False
        return len(self._workers) < self.limit or any(len(worker.tasks) < _DEPTH for worker in self._workers)

    def take(self, item: Path | Unreadable) -> _Task:
        """Queues a file with the worker that has least to do, or with a new one where all have something."""
        if isinstance(item, Unreadable):
            return _Task(path=item.path, result=item.error)
        task = _Task(path=item)
        if len(os.fsencode(item.absolute())) >= _LONGEST_PATH:
            task.result = MediaError("its path is longer than a file's can be")
        else:
            self._hand_out(task)
        return task

    def collect(self, *, wait: bool) -> None:
        """Takes in what workers have said, waiting for the first of them where asked; stops those that are overdue.

        What was said is heard before anyone is called overdue: the reader of our results may have taken its time.
        """
        now = time.monotonic()
        nearest = min((worker.deadline for worker in self._workers if worker.busy), default=now)
        for key, _events in self._selector.select(max(nearest - now, 0.0) if wait else 0.0):
            self._hear(key.data)
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.busy and worker.deadline <= now:
                allowed = self._wall_seconds + _WALL_A_SECOND * worker.seconds
                self._lose(worker, f"reading and decoding it took longer than {allowed:g} seconds")
        while self._backlog and any(len(worker.tasks) < _DEPTH for worker in self._workers):
            self._hand_out(self._backlog.popleft())

    def close(self) -> None:
        """Ends every worker at once; none has anything to save."""
        for worker in self._workers:
            worker.process.kill()
        for worker in list(self._workers):
            self._bury(worker)
        self._selector.close()

    def _hand_out(self, task: _Task) -> None:
        worker = min(self._workers, key=lambda worker: len(worker.tasks), default=None)
        if worker is None or (worker.tasks and len(self._workers) < self.limit):
            worker = self._start()
        if not worker.tasks and worker.ready:
            worker.deadline = time.monotonic() + self._wall_seconds
        worker.tasks.append(task)
        with contextlib.suppress(BrokenPipeError):  # it has just died: it is heard as dead, and the task handed on
            os.write(worker.to, replies.write_task(task.path))

    def _start(self) -> _Worker:
        package_folder = str(Path(__file__).resolve().parents[2])
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment |= dict.fromkeys(_ONE_THREAD, "1")
        environment |= dict.fromkeys(_ALLOCATOR, str(min(_KEPT_BYTES, _memory_bytes() // 4 // self.limit)))
        environment["PYTHONPATH"] = package_folder
        process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            bufsize=0,
            start_new_session=True,  # the terminal's Ctrl-C reaches us alone, and we end the workers
        )
        worker = _Worker(process=process, deadline=time.monotonic() + _START_SECONDS)
        self._workers.append(worker)
        self._selector.register(worker.back, selectors.EVENT_READ, worker)
        return worker

    def _hear(self, worker: _Worker) -> None:
        """Reads what a worker has said; at its end, or when it talks nonsense, it is replaced."""
        said = os.read(worker.back, _READ_BYTES)
        worker.heard += said
        while (end := worker.heard.find(b"\n")) >= 0:
            line = bytes(worker.heard[: end + 1])
            del worker.heard[: end + 1]
            if not self._understood(worker, line):
                self._lose(worker, "the worker that read it answered nonsense and was stopped")
                return
        if len(worker.heard) > replies.MAX_REPLY_BYTES:
            self._lose(worker, "the worker that read it answered nonsense and was stopped")
        elif not said:
            self._lose(worker, "")

    def _understood(self, worker: _Worker, line: bytes) -> bool:
        if not worker.ready:
            worker.ready = line == replies.READY
            self._failed_starts = 0
            worker.deadline = time.monotonic() + self._wall_seconds
            return worker.ready
        if not worker.tasks or len(line) > replies.MAX_REPLY_BYTES:
            return False
        try:
            result = replies.read_reply(line)
        except Malformed:
            return False
        if isinstance(result, replies.MoreTime):
            if worker.seconds:
                return False  # once a file: a worker that was taken over could ask for ever
            worker.seconds, worker.so_far = result.seconds, result.so_far
            worker.deadline += _WALL_A_SECOND * result.seconds
            return True
        worker.tasks.popleft().result = result
        worker.seconds, worker.so_far = 0, None
        worker.deadline = time.monotonic() + self._wall_seconds
        return True

    def _lose(self, worker: _Worker, reason: str) -> None:
        """Buries a worker, blames the file that it worked on, and lets others have what was queued behind."""
        if reason:
            worker.process.kill()
        status = self._bury(worker)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _STARTS:
                raise Unavailable(
                    "the worker processes that read files cannot be started",
                    remedy="check that memory is free and that the installation is whole (make setup)",
                )
        elif worker.tasks:
            # What was killed or stopped may do better another time; what crashed will crash again.
            left = None if reason or status == -signal.SIGKILL else worker.so_far
            worker.tasks.popleft().result = _left(left, reason or self._cause(status, worker.seconds))
        self._backlog.extendleft(reversed(worker.tasks))
        if self._backlog and not self._workers:
            self._hand_out(self._backlog.popleft())

    def _bury(self, worker: _Worker) -> int:
        self._selector.unregister(worker.back)
        self._workers.remove(worker)
        for pipe in (worker.process.stdin, worker.process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            return worker.process.wait(_BURY_SECONDS)
        except subprocess.TimeoutExpired:  # it hangs in the kernel, where a kill waits with it: we do not
            return -signal.SIGKILL

    @staticmethod
    def _cause(status: int, asked: int) -> str:
        """Why a worker ended, from its exit status (negative: the signal), in words about the file."""
        if status == -signal.SIGXCPU:
            return f"decoding it took more than {asked or PROCESSOR_SECONDS} seconds of processor time"
        if status == -signal.SIGKILL:
            return "the worker that read it was killed, perhaps for want of memory"
        if status < 0:
            return f"it crashed its decoder ({signal.strsignal(-status)})"
        return "the worker that read it failed"


def _left(so_far: PictureFingerprints | None, reason: str) -> Result:
    """What is left of a file whose worker was lost: the picture that an animation begins with, where it got so far."""
    if so_far is None:
        return MediaError(reason)
    return replace(so_far, note=f"only its first frame was read: {reason}")


def _memory_bytes() -> int:
    """Of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
