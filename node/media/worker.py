"""The worker process: `python -m node.media.worker`, started by `node.media.pool` and by nothing else.

Rules this module upholds:

- It confines itself before it answers its first task, after its libraries are loaded and its kernels compiled.
- Every task gets exactly one reply, in order; a file that cannot be fingerprinted is a reply like any other. Before it
  may stand one line that asks for more processor time (what moves), which the worker then gives itself.
- Nothing but replies leaves it: standard output and standard error of libraries go nowhere, for they can quote a file.
- It ends when its tasks end, which is also what it sees when the process that started it dies.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from node.domain.fingerprints import MaterialFingerprints, PictureFingerprints
from node.errors import MediaError
from node.media import confine, replies, video
from node.media.allowance import Allow
from node.media.material import fingerprint_material
from node.media.picture import warm

Task = Callable[[Path, Allow], MaterialFingerprints]


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
    _send(replies_to, replies.READY)

    def allow(seconds: int, so_far: PictureFingerprints | None = None) -> None:
        confine.renew_processor_time(seconds)
        _send(replies_to, replies.write_reply(replies.MoreTime(seconds=seconds, so_far=so_far)))

    for line in sys.stdin.buffer:
        confine.renew_processor_time(processor_seconds)
        try:
            result: MaterialFingerprints | MediaError = task(replies.read_task(line), allow)
        except MediaError as error:
            result = error
        except MemoryError:
            result = MediaError("it takes more memory than a worker may have")
        _send(replies_to, replies.write_reply(result))


def _send(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]


if __name__ == "__main__":
    serve()
