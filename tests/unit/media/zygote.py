"""A process that has loaded what a worker loads, and forks a misbehaving worker for each request (`forked_workers`).

Loading takes a second, and a worker that is to die reads one small file. A forked worker confines itself as any other.

A request is a message on the socket on standard input: how many bytes its scratch file may take, and three descriptors
(standard input, standard output, scratch). The answer is the worker's process id. It is no child of this process by
then, but of the nearest ancestor that takes in orphans: the test process (prctl(2), PR_SET_CHILD_SUBREAPER).
"""

import os
import socket
import sys
from typing import NoReturn

from node.media import kinds, picture_decoding, video
from node.media.picture import warm
from node.media.worker import serve
from tests.unit.media.boxes import take_boxes
from tests.unit.media.misbehaving_worker import misbehave

_SCRATCH = 5
"""The descriptor that the scratch file has in a worker. By 3, the first that is free, it replies."""
_FREE = 512
"""From this number on this process has no descriptors."""


def main() -> None:
    warm()
    picture_decoding.prepare()
    video.prepare()
    kinds.prepare()
    take_boxes()
    requests = socket.socket(fileno=os.dup(0))
    requests.send(b"ready")
    while True:
        room, files, _, _ = socket.recv_fds(requests, 64, 3)
        if not room:
            return
        requests.send(_orphan(files, room.decode()))
        for file in files:
            os.close(file)


def _orphan(files: list[int], room: str) -> bytes:
    """Forks twice: the process between them ends at once. The process id of the worker."""
    heard, told = os.pipe()
    between = os.fork()
    if between == 0:
        worker = os.fork()
        if worker == 0:
            _become(files, room)
        os.write(told, str(worker).encode())
        os._exit(0)
    os.waitpid(between, 0)
    process_id = os.read(heard, 64)
    os.close(heard)
    os.close(told)
    return process_id


def _become(files: list[int], room: str) -> NoReturn:
    """A worker as `worker_process.start` starts it. Never returns: the child has its parent's stack below it."""
    try:
        os.setsid()
        # Out of the way first: what is handed over may have one of the numbers that it is to get.
        moved = [os.dup2(file, _FREE + at) for at, file in enumerate(files)]
        for file, number in zip(moved, (0, 1, _SCRATCH), strict=True):
            os.dup2(file, number)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.closerange(3, _SCRATCH)
        os.closerange(_SCRATCH + 1, _FREE + 3)
        sys.argv[1:] = [str(_SCRATCH), room]
        serve(misbehave)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
