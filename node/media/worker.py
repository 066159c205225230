"""The worker process: `python -m node.media.worker`, started by `node.media.pool` and by nothing else.

Rules this module upholds:

- It confines itself before it takes its first task, after its libraries are loaded and its kernels compiled. Where it
  cannot, it ends (`UNCONFINED`) and reads nothing.
- Every task gets exactly one reply, in order; a file that cannot be fingerprinted is a reply like any other. Before it
  may stand one line that asks for more processor time (what moves), which the worker then gives itself, one that says
  that the file wants more than it got, and one that asks for the worker to be replaced: it ran out of a resource, or it
  has grown.
- Nothing of a file outlives its reply, so the first file and the thousandth have the same room.
- Nothing but replies leaves it: standard output and standard error of libraries go nowhere, for they can quote a file.
- It ends when its tasks end, which is also what it sees when the process that started it dies.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Final

from node.domain.fingerprints import MaterialFingerprints, PictureFingerprints
from node.errors import MediaError
from node.media import confine, decode, kinds, replies, video
from node.media.allowance import Allow, Time, Wish, grace
from node.media.budget import Limits
from node.media.examine import fingerprint_region
from node.media.picture import warm
from node.media.region import Region
from node.media.seccomp import Ports
from node.media.shortage import FILES, MEMORY, Shortage, Usage, shortage, usage
from node.media.worker_process import UNCONFINED

Task = Callable[[Region, Allow], MaterialFingerprints]

GROWTH_BYTES: Final = confine.MEMORY_BYTES // 3
"""Address space by which a worker may grow between files. The allocator keeps up to half of it on purpose (`pool`)."""
GROWTH_THREADS: Final = 8
"""Threads by which a worker may grow. Libraries may keep a few; no file needs more than one or two."""
_FAILED: Final = 1
_STDIN, _STDOUT, _STDERR = 0, 1, 2


def serve(task: Task = fingerprint_region) -> None:
    """Answers the tasks that come by the socket on standard input with lines on standard output, until they end."""
    tasks, replies_to = socket.socket(fileno=_STDIN), os.dup(_STDOUT)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDOUT)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    # All that has to be opened is opened by now: later nothing can be.
    warm()
    decode.prepare()
    video.prepare()
    kinds.prepare()
    confine.give_way()
    usage()
    try:
        confine.confine(Ports(tasks=tasks.fileno(), written=(_STDOUT, _STDERR, replies_to)))
    except confine.Unconfined:
        sys.exit(UNCONFINED)
    gc.freeze()  # what is loaded by now stays: the collections between files need not look at it
    try:
        _answer(task, tasks, replies_to)
    except BaseException:  # noqa: BLE001  (a fault of ours: nothing may be said of it here, it can quote the file)
        os._exit(_FAILED)
    os._exit(0)  # what Python does at its end, a worker may not do


def _answer(task: Task, tasks: socket.socket, replies_to: int) -> None:
    """Answers every task until there is none."""
    at_first = usage()
    _send(replies_to, replies.READY)
    while True:
        message, files, flags, _ = socket.recv_fds(tasks, replies.MAX_TASK_BYTES, 1)
        if not message:
            return
        allowance = Allowance(replies.read_task(message), replies_to)
        reply, short = _answered(task, files, allowance)
        for file in files:
            os.close(file)
        if not short:
            gc.collect()
        if costly := allowance.unmet():
            _send(replies_to, replies.write_reply(costly))
        if short or flags & socket.MSG_CTRUNC or _has_grown(at_first):
            _send(replies_to, replies.write_reply(replies.Spent(short=short)))
        _send(replies_to, reply)


class Allowance:
    """What one file gets (`Allow`), and whether it wanted more."""

    def __init__(self, limits: Limits, replies_to: int) -> None:
        self._limits = limits
        self._replies_to = replies_to
        self._wish: Wish | None = None
        self._given: Time | None = None
        self._seconds = 0
        confine.renew_processor_time(limits.first)

    def __call__(self, wish: Wish, so_far: PictureFingerprints | None = None) -> Time:
        """See `Allow`. Tells the pool, which waits for as long."""
        at_most = self._limits.moving if wish.cost <= self._limits.moving else self._limits.costly
        self._wish, self._seconds = wish, min(wish.seconds, at_most)
        confine.renew_processor_time(self._seconds + grace(wish.size))
        asked = replies.MoreTime(seconds=self._seconds + grace(wish.size), so_far=so_far)
        _send(self._replies_to, replies.write_reply(asked))
        self._given = Time(until=time.process_time() + self._seconds)
        return self._given

    def unmet(self) -> replies.Costly | None:
        """What to say where the file was cut short for want of time that it may have by its size; else None."""
        if self._wish is None or self._given is None or not self._given.was_up or self._seconds >= self._wish.seconds:
            return None
        return replies.Costly(cost=self._wish.cost, most=self._wish.seconds)


def _answered(task: Task, files: list[int], allow: Allow) -> tuple[bytes, bool]:
    """The reply to a task, and whether the worker ran out of something. A function of its own: an error holds on to
    what was read of its file until it is dropped.
    """
    try:
        if not files:
            return replies.write_reply(shortage("reading it", FILES)), True
        return replies.write_reply(task(Region(files[0]), allow)), False
    except Shortage as error:
        return replies.write_reply(error if error.left is None else error.left), True
    except MediaError as error:
        return replies.write_reply(error), False
    except MemoryError:
        return replies.write_reply(shortage("it", MEMORY)), True


def _has_grown(at_first: Usage) -> bool:
    """Whether this worker takes much more than at first, or cannot even tell."""
    try:
        now = usage()
    except (OSError, MemoryError):
        return True
    return now.now_bytes > at_first.now_bytes + GROWTH_BYTES or now.threads > at_first.threads + GROWTH_THREADS


def _send(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]


if __name__ == "__main__":
    serve()
