"""The worker process: `python -m node.media.worker`, started by `node.media.pool` and by nothing else.

Rules this module upholds:

- It confines itself before its first task, after its libraries are loaded and its kernels compiled. If it cannot, it
  ends (`UNCONFINED`) and reads nothing.
- It answers every task in order, with the lines of the file and of its parts (`speaker`). This includes a file that
  cannot be fingerprinted.
- No data of a file stays in memory after its answer, so the thousandth file has as much memory as the first.
- It outputs only replies. Standard output and standard error of libraries are discarded, because they can quote a file.
- It ends when its tasks end. It sees the same when the process that started it dies.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
from typing import Final

from node.errors import MediaError
from node.media import confine, kinds, orders, picture_decoding, previewing, video
from node.media.examine import look
from node.media.inside import Inside, Look
from node.media.picture import warm
from node.media.region import Region
from node.media.replies import READY
from node.media.scratch import Scratch
from node.media.seccomp import Ports
from node.media.shortage import FILES, MEMORY, shortage, usage
from node.media.speaker import Replaced, Speaker, send
from node.media.worker_process import UNCONFINED

_FAILED: Final = 1
_STDIN, _STDOUT, _STDERR = 0, 1, 2


def serve(look: Look = look) -> None:
    """Answers the tasks from the socket on standard input with lines on standard output, until there are no more.

    The first argument of the command is the descriptor of the scratch file, the second how many bytes it may take.
    """
    scratch, room = map(int, sys.argv[1:3])
    tasks, replies_to = socket.socket(fileno=_STDIN), os.dup(_STDOUT)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDOUT)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    # All that has to be opened is opened by now: later nothing can be.
    warm()
    previewing.warm()
    picture_decoding.prepare()
    video.prepare()
    kinds.prepare()
    confine.give_way()
    usage()
    ports = Ports(tasks=tasks.fileno(), written=(_STDOUT, _STDERR, replies_to), scratch=scratch)
    try:
        confine.confine(ports, room)
    except confine.Unconfined:
        sys.exit(UNCONFINED)
    gc.freeze()  # what is loaded by now stays: the collections between files need not look at it
    try:
        _answer(look, tasks, replies_to, Scratch(scratch))
    except BaseException:  # noqa: BLE001  (a fault of ours: nothing may be said of it here, it can quote the file)
        os._exit(_FAILED)
    os._exit(0)  # what Python does at its end, a worker may not do


def _answer(look: Look, tasks: socket.socket, replies_to: int, scratch: Scratch) -> None:
    """Answers every task."""
    at_first = usage()
    send(replies_to, READY)
    while True:
        message, files, flags, _ = socket.recv_fds(tasks, orders.MAX_BYTES, 1)
        if not message:
            return
        told = orders.read_orders(message)
        speaker = Speaker(replies_to, told, at_first, ends=bool(flags & socket.MSG_CTRUNC))
        _examine(Inside(orders=told, talk=speaker, scratch=scratch, look=look), files, speaker)
        for file in files:
            os.close(file)


def _examine(inside: Inside, files: list[int], speaker: Speaker) -> None:
    """Examines one task. It is a separate function because an error keeps the data of its file alive."""
    try:
        if not files:
            speaker.cannot(shortage("reading it", FILES))
        else:
            inside.examine(Region(files[0]))
    except Replaced:
        return
    except MediaError as error:
        speaker.cannot(error)
    except MemoryError:
        speaker.cannot(shortage("it", MEMORY))


if __name__ == "__main__":
    serve()
