"""A worker like the real one, confined like it, whose task does what a file asks for at its end: `python -m` this.

A file is a picture with `deed(NAME)` behind it, or a box (`boxes`) with such a part; the worker never learns its name.
"""

import _thread
import contextlib
import ctypes
import importlib
import os
import re
import resource
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from node.domain.material import DigestFingerprints, MaterialFingerprints, PictureFingerprints
from node.media import replies, speaker, worker
from node.media.allowance import Allow
from node.media.examine import fingerprint_region, look, with_digests
from node.media.kinds import Kind
from node.media.pixels import Pixels
from node.media.previewing import preview_of
from node.media.region import Region
from node.media.shortage import MEMORY, THREADS, Shortage, damage, lack_in, shortage
from tests.unit.media.allowance import unbounded
from tests.unit.media.boxes import take_boxes

_REPLIES = 4 if sys.argv[1:2] == ["3"] else 3
"""The descriptor by which a worker replies: the first that is free when it starts, beside its scratch file."""
_DEED = re.compile(rb"deed\(([a-z-]+)\)$")


def hang(_file: int) -> None:
    while True:
        time.sleep(60)


def spin(_file: int) -> None:
    while True:
        pass


def talk_nonsense(_file: int) -> None:
    _say(b"not a reply\n")
    hang(_file)


def talk_for_ever(_file: int) -> None:
    while True:
        _say(b"x" * 65536)


def _say(words: bytes) -> None:
    """Writes to the pool."""
    os.write(_REPLIES, words)


def fill_memory(_file: int) -> None:
    held = [np.zeros(256 * 1024 * 1024, np.uint8) for _ in range(64)]
    raise AssertionError(len(held))


def ask_for_time(_file: int) -> None:
    """Twice: once is granted, a second time would be without end."""
    for _ in range(2):
        _say(b'{"seconds": 5, "so_far": null}\n')
    hang(_file)


def take_more_time(_file: int) -> None:
    _say(b'{"seconds": 1, "so_far": null}\n')
    hang(_file)


def die_behind_the_first_frame(file: int) -> None:
    """An animation of which one frame is told, and another kills."""
    _say_so_far(file)
    ctypes.string_at(0)


def be_killed_behind_the_first_frame(file: int) -> None:
    _say_so_far(file)
    be_killed(file)


def be_killed(_file: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (0, 0))
    while True:
        pass


def _say_so_far(file: int) -> None:
    _say(replies.write_reply(replies.MoreTime(seconds=5, so_far=_seen(file))))


def _seen(file: int) -> PictureFingerprints:
    found = fingerprint_region(Region(file), unbounded)
    if not isinstance(found, PictureFingerprints):
        raise TypeError
    return found


def break_out(_file: int) -> None:
    """By a call that no decoder makes; `escapes` has all others."""
    socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def open_another(_file: int) -> None:
    """As a decoder does that looks for its settings, and takes it for damage that it finds none."""
    os.open("/etc/hostname", os.O_RDONLY)


def load_a_part(_file: int) -> None:
    """As a decoder does that was not loaded whole."""
    importlib.import_module("wave")


def lie_about_the_size(file: int) -> None:
    told = _seen(file)
    _say(replies.write_reply(replace(told, size=told.size + 1)))


def ask_for_more_than_is_given(_file: int) -> None:
    _say(b'{"seconds": 9000, "so_far": null}\n')
    hang(_file)


def ask_for_nothing_for_ever(_file: int) -> None:
    while True:
        _say(b'{"seconds": 0, "so_far": null}\n')


def talk_in_many_parts(_file: int) -> None:
    """Objects without number in a line that is not too long."""
    _say(b"[" + b"[]," * 100_000 + b"0]\n")
    hang(_file)


def lack_memory(file: int) -> None:
    """As a decoder that hides it: what it says is damage, and damage it is not."""
    del file
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    held = []
    with contextlib.suppress(MemoryError):
        while limit:
            held.append(np.zeros(16 * 1024 * 1024, np.uint8))
    held.clear()
    raise damage("damaged PNG: it cannot be decoded")


def lack_threads(_file: int) -> None:
    raise shortage("decoding this PNG", THREADS)


def keep_memory(_file: int) -> None:
    LEFT_BEHIND.append(np.zeros(speaker.GROWTH_BYTES * 5 // 4, np.uint8))


def keep_threads(_file: int) -> None:
    for _ in range(speaker.GROWTH_THREADS + 1):
        _thread.start_new_thread(time.sleep, (600,))


def peek(_file: int) -> None:
    """Sends the preview of another picture than that of the file."""
    _say(replies.write_reply(replies.Previewed(previews=(_OTHER,))))


def peek_twice(file: int) -> None:
    peek(file)
    peek(file)


def peek_other(_file: int) -> None:
    """Sends what is no picture."""
    _say(replies.write_reply(replies.Previewed(previews=(replace(_OTHER, clear=b"<svg/>"),))))


def die_behind_the_first_preview(file: int) -> None:
    peek(file)
    die_behind_the_first_frame(file)


_OTHER = preview_of(Pixels(values=np.zeros((8, 8 * 4), np.uint8), channels=4))


def in_a_used_worker(deed: Callable[[int], object]) -> Callable[[int], object]:
    """A deed that is done only by a worker that has read another file before: a new one has what the file needs."""

    def done(file: int) -> None:
        if len(READ) > 1:
            deed(file)

    return done


READ: list[str] = []
"""What this worker was handed."""
LEFT_BEHIND: list[object] = []

DEEDS: dict[str, Callable[[int], object]] = {
    "hang": hang,
    "spin": spin,
    "exit": lambda _file: os._exit(3),
    "vanish": lambda _file: os._exit(0),
    "peek": peek,
    "peek-twice": peek_twice,
    "peek-other": peek_other,
    "late-with-preview": die_behind_the_first_preview,
    "late": die_behind_the_first_frame,
    "killed": be_killed_behind_the_first_frame,
    "crash": lambda _file: ctypes.string_at(0),
    "nonsense": talk_nonsense,
    "flood": talk_for_ever,
    "greed": ask_for_time,
    "patience": take_more_time,
    "memory": fill_memory,
    "fault": lambda _file: 1 // 0,
    "break-out": break_out,
    "open": open_another,
    "part": load_a_part,
    "lie": lie_about_the_size,
    "overask": ask_for_more_than_is_given,
    "nothing": ask_for_nothing_for_ever,
    "parts": talk_in_many_parts,
    "short": lack_memory,
    "threads": lack_threads,
    "short-when-used": in_a_used_worker(lack_memory),
    "memory-when-used": in_a_used_worker(fill_memory),
    "threads-when-used": in_a_used_worker(lack_threads),
    "crash-when-used": in_a_used_worker(lambda _file: ctypes.string_at(0)),
    "exit-when-used": in_a_used_worker(lambda _file: os._exit(3)),
    "killed-when-used": in_a_used_worker(be_killed),
    "grow": keep_memory,
    "multiply": keep_threads,
}


def misbehave(
    region: Region, kind: Kind, digests: DigestFingerprints, allow: Allow, *, previews: bool = False
) -> MaterialFingerprints:
    file, size = region.descriptor, region.size
    found = _DEED.search(region.at(max(size - 64, 0), 64))
    name = found[1].decode("ascii") if found else ""
    READ.append(name)
    deed = DEEDS.get(name)
    if deed is None:
        return look(region, kind, digests, allow, previews=previews)
    try:
        deed(file)
    except (OSError, ImportError) as error:
        raise with_digests(shortage("decoding this PNG", lack_in(error)), digests) from None
    except Shortage as error:
        raise with_digests(error, digests) from None
    except MemoryError:
        raise with_digests(shortage("it", MEMORY), digests) from None
    return look(region, kind, digests, allow, previews=previews)


if __name__ == "__main__":
    take_boxes()
    worker.serve(misbehave)
