"""Fingerprints files in want of something: `python -m tests.unit.media.starved MEMORY|THREADS FILE...`.

For want of memory each file is read in a new process for each of `MEGABYTES`, for want of threads in one. Each writes a
line of JSON to standard output, `{"file", "megabytes", "error", "reply"}`: the class name of the error, "" for a
result; and the worker's reply to it. A process that dies writes nothing, as a worker would.
"""

import json
import os
import resource
import sys
from pathlib import Path

from node.errors import MediaError
from node.media import picture_decoding, replies, video
from node.media.picture import warm
from node.media.shortage import usage
from tests.unit.media.reading import fingerprint

_NOBODY = 65534
MEGABYTES = (4_000, 0, 1, 2, 4, 6, 9, 12, 16, 20)
"""The room beside what a process has before; the first is as good as all."""


def read(path: Path, megabytes: int) -> None:
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    bound = pages * os.sysconf("SC_PAGE_SIZE") + megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))  # as a worker's: for good
    error, reply = "", b""
    try:
        reply = replies.write_reply(fingerprint(path))
    except (MediaError, MemoryError) as caught:
        error = type(caught).__name__
        reply = replies.write_reply(caught) if isinstance(caught, MediaError) else b""
    line = {"file": path.name, "megabytes": megabytes, "error": error, "reply": reply.decode("ascii")}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def take_threads() -> None:
    """No thread can be started from here on. Root may always start one, so it becomes another user first."""
    if os.getuid() == 0:
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))


def main() -> None:
    warm()
    video.prepare()
    picture_decoding.prepare()
    for path in map(Path, sys.argv[2:]):
        for megabytes in MEGABYTES if sys.argv[1] == "MEMORY" else MEGABYTES[:1]:
            child = os.fork()
            if child == 0:
                usage()  # before it lacks anything, as a worker does
                if sys.argv[1] == "THREADS":
                    take_threads()
                read(path, megabytes)
                os._exit(0)
            os.waitpid(child, 0)


if __name__ == "__main__":
    main()
