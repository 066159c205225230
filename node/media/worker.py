"""The worker process: `python -m node.media.worker`, started by `node.media.pool` and by nothing else.

Rules this module upholds:

- It confines itself before it answers its first task, after its libraries are loaded and its kernels compiled.
- Every task gets exactly one reply, in order; a file that cannot be fingerprinted is a reply like any other. Before it
  may stand one line that asks for more processor time (what moves), which the worker then gives itself, and one line
  that asks for the worker to be replaced: it ran out of a resource, or it has grown.
- Nothing of a file outlives its reply, so the first file and the thousandth have the same room.
- Nothing but replies leaves it: standard output and standard error of libraries go nowhere, for they can quote a file.
- It ends when its tasks end, which is also what it sees when the process that started it dies.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from node.domain.fingerprints import MaterialFingerprints, PictureFingerprints
from node.errors import MediaError
from node.media import confine, replies, video
from node.media.allowance import Allow
from node.media.material import fingerprint_material
from node.media.picture import warm
from node.media.shortage import MEMORY, Shortage, Usage, shortage, usage

Task = Callable[[Path, Allow], MaterialFingerprints]

GROWTH_BYTES: Final = confine.MEMORY_BYTES // 3
"""Address space by which a worker may grow between files. The allocator keeps up to half of it on purpose (`pool`)."""
GROWTH_THREADS: Final = 8
"""Threads by which a worker may grow. Libraries may keep a few; no file needs more than one or two."""


def serve(
    task: Task = fingerprint_material,
    *,
    processor_seconds: int = confine.PROCESSOR_SECONDS,
) -> None:
    """Answers task lines from standard input with reply lines on standard output until the input ends."""
    replies_to = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    warm()
    video.prepare()
    confine.give_way()
    confine.limit_resources()
    confine.filter_system_calls()
    gc.freeze()  # what is loaded by now stays: the collections between files need not look at it
    at_first = usage()
    _send(replies_to, replies.READY)

    def allow(seconds: int, so_far: PictureFingerprints | None = None) -> None:
        confine.renew_processor_time(seconds)
        _send(replies_to, replies.write_reply(replies.MoreTime(seconds=seconds, so_far=so_far)))

    for line in sys.stdin.buffer:
        confine.renew_processor_time(processor_seconds)
        reply, short = _answered(task, line, allow)
        if not short:
            gc.collect()
        if short or _has_grown(at_first):
            _send(replies_to, replies.write_reply(replies.Spent(short=short)))
        _send(replies_to, reply)


def _answered(task: Task, line: bytes, allow: Allow) -> tuple[bytes, bool]:
    """The reply to a task, and whether the worker ran out of something. A function of its own: an error holds on to
    what was read of its file until it is dropped.
    """
    try:
        return replies.write_reply(task(replies.read_task(line), allow)), False
    except Shortage as error:
        return replies.write_reply(error if error.left is None else error.left), True
    except MediaError as error:
        return replies.write_reply(error), False
    except MemoryError:
        return replies.write_reply(shortage("it", MEMORY)), True


def _has_grown(at_first: Usage) -> bool:
    """Whether this worker takes much more than at first, or cannot even tell, for want of an open file."""
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
