"""A worker like the real one, confined like it, whose task does what a file's name asks for: `python -m` this."""

import _thread
import contextlib
import ctypes
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from node.domain.fingerprints import MaterialFingerprints
from node.errors import MediaError
from node.media import replies, worker
from node.media.allowance import Allow
from node.media.material import fingerprint_material
from node.media.picture import fingerprint_picture
from node.media.shortage import THREADS, damage, shortage
from tests.unit.media.allowance import unbounded


def hang(_path: Path) -> None:
    signal.pause()


def spin(_path: Path) -> None:
    while True:
        pass


def talk_nonsense(_path: Path) -> None:
    _say(b"not a reply\n")
    signal.pause()


def talk_for_ever(_path: Path) -> None:
    while True:
        _say(b"x" * 65536)


def _say(words: bytes) -> None:
    """Writes to the pool by the descriptor that replies go to, wherever it is."""
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if int(entry.name) > 2 and str(entry.readlink()).startswith("pipe:"):
                os.write(int(entry.name), words)


def fill_memory(_path: Path) -> None:
    held = [np.zeros(256 * 1024 * 1024, np.uint8) for _ in range(64)]
    raise AssertionError(len(held))


def ask_for_time(_path: Path) -> None:
    """Twice: once is granted, a second time would be without end."""
    for _ in range(2):
        _say(b'{"seconds": 5, "so_far": null}\n')
    signal.pause()


def take_more_time(_path: Path) -> None:
    _say(b'{"seconds": 1, "so_far": null}\n')
    signal.pause()


def die_behind_the_first_frame(path: Path) -> None:
    """An animation of which one frame is told, and another kills."""
    _say_so_far(path)
    ctypes.string_at(0)


def be_killed_behind_the_first_frame(path: Path) -> None:
    _say_so_far(path)
    be_killed(path)


def be_killed(_path: Path) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (0, 0))
    while True:
        pass


def _say_so_far(path: Path) -> None:
    _say(replies.write_reply(replies.MoreTime(seconds=5, so_far=fingerprint_picture(path, unbounded))))


def refused(*attempts: Callable[[], object]) -> None:
    """Each attempt has to fail with an OSError; tells of the first that did not."""
    for number, attempt in enumerate(attempts):
        try:
            attempt()
        except OSError:
            continue
        raise MediaError(f"attempt {number} was not refused")
    raise MediaError("all refused")


def break_out(path: Path) -> None:
    beside = path.parent / "beside"
    parent = os.getppid()
    refused(
        lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        socket.socketpair,
        lambda: beside.open("wb"),
        beside.touch,
        beside.mkdir,
        path.unlink,
        lambda: path.open("r+b"),
        lambda: path.rename(beside),
        lambda: path.chmod(0o600),
        lambda: beside.symlink_to(path),
        lambda: os.kill(parent, 0),
        os.fork,
        lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),  # noqa: S606
        lambda: os.open(f"/proc/{os.getpid()}/mem", os.O_RDWR),
        lambda: resource.prlimit(parent, resource.RLIMIT_CORE, (0, 0)),
    )


def lack_memory(path: Path) -> None:
    """As a decoder that hides it: what it says is damage, and damage it is not."""
    del path
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    held = []
    with contextlib.suppress(MemoryError):
        while limit:
            held.append(np.zeros(16 * 1024 * 1024, np.uint8))
    held.clear()
    raise damage("damaged PNG: it cannot be decoded")


def lack_threads(_path: Path) -> None:
    raise shortage("decoding this PNG", THREADS)


def keep_memory(_path: Path) -> None:
    LEFT_BEHIND.append(np.zeros(worker.GROWTH_BYTES, np.uint8))


def keep_threads(_path: Path) -> None:
    for _ in range(worker.GROWTH_THREADS + 1):
        _thread.start_new_thread(signal.pause, ())


def in_a_used_worker(deed: Callable[[Path], object]) -> Callable[[Path], object]:
    """A deed that is done only by a worker that has read another file before: a new one has what the file needs."""

    def done(path: Path) -> None:
        if len(READ) > 1:
            deed(path)

    return done


READ: list[str] = []
"""What this worker was handed."""
LEFT_BEHIND: list[object] = []

DEEDS: dict[str, Callable[[Path], object]] = {
    "hang": hang,
    "spin": spin,
    "exit": lambda _path: os._exit(3),
    "vanish": lambda _path: os._exit(0),
    "late": die_behind_the_first_frame,
    "killed": be_killed_behind_the_first_frame,
    "crash": lambda _path: ctypes.string_at(0),
    "nonsense": talk_nonsense,
    "flood": talk_for_ever,
    "greed": ask_for_time,
    "patience": take_more_time,
    "memory": fill_memory,
    "fault": lambda _path: 1 // 0,
    "break-out": break_out,
    "short": lack_memory,
    "threads": lack_threads,
    "short-when-used": in_a_used_worker(lack_memory),
    "memory-when-used": in_a_used_worker(fill_memory),
    "threads-when-used": in_a_used_worker(lack_threads),
    "crash-when-used": in_a_used_worker(lambda _path: ctypes.string_at(0)),
    "exit-when-used": in_a_used_worker(lambda _path: os._exit(3)),
    "killed-when-used": in_a_used_worker(be_killed),
    "grow": keep_memory,
    "multiply": keep_threads,
}


def task(path: Path, allow: Allow) -> MaterialFingerprints:
    READ.append(path.name)
    deed = DEEDS.get(path.stem)
    if deed is not None:
        deed(path)
    return fingerprint_material(path, allow)


if __name__ == "__main__":
    worker.serve(task, processor_seconds=1)
