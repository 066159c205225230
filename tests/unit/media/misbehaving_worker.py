"""A worker like the real one, confined like it, whose task does what a file's name asks for: `python -m` this."""

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
}


def task(path: Path, allow: Allow) -> MaterialFingerprints:
    deed = DEEDS.get(path.stem)
    if deed is not None:
        deed(path)
    return fingerprint_material(path, allow)


if __name__ == "__main__":
    worker.serve(task, processor_seconds=1)
