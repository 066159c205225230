"""Distinguishes a lack of our own resources from a fault of the file.

Rules this module upholds:

- A file is not called damaged if memory, a thread or an open file was missing. `Shortage` is raised, and the file is
  tried again in a new worker (`pool`).
- Decoders hide a lack: they report a failed allocation as invalid data, or omit a part. So the code calls `suspected`
  before it calls a file damaged.
- FFmpeg states "out of memory" for a length that makes no sense, and "not permitted" (its -1) for any damage. The first
  is believed only where memory was nearly full, the second never.
- An action that the confinement (`confine`) refuses to a decoder is a lack of permission, not a fault of the file.
"""

from __future__ import annotations

import _thread
import errno
import os
import resource
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from node.domain.material import MaterialFingerprints
from node.errors import MediaError
from node.media.confine import MEMORY_BYTES

AT_ONCE_BYTES: Final = MEMORY_BYTES // 2
"""The most that a decoder asks for in one piece: 200 million pixels turned upright are 0.8 GB, their coefficients in a
progressive JPEG 0.4 GB a component, a frame of 67 million pixels with 16 bits a channel 0.5 GB. Where less than this
was left at the fullest moment, an allocation may have failed."""
MEMORY: Final = "takes more memory than a worker may have"
THREADS: Final = "needs a thread or another resource that this machine cannot give now"
FILES: Final = "needs more open files than a worker may have"
PERMISSION: Final = "needs something that a worker may not do"
LACKED: Final = "the cause is this machine, not the file: run the same command again"
"""What ends the note of a file that another try may read further."""
_REMEDIES: Final = {
    MEMORY: f"free memory on this machine and try again; a worker may have {MEMORY_BYTES >> 30} GiB",
    THREADS: "use fewer workers, or raise the limit of processes (ulimit -u, or TasksMax= of the service)",
    FILES: "close programs that hold many files open, then try again",
    PERMISSION: "this is a fault of Vigil or of a library on this machine, not of the file: report it",
}
_BY_NUMBER: Final = {
    errno.ENOMEM: MEMORY,
    errno.EAGAIN: THREADS,
    errno.EMFILE: FILES,
    errno.ENFILE: FILES,
    errno.EPERM: PERMISSION,
    errno.EACCES: PERMISSION,
}
_THREAD_SECONDS: Final = 5.0
"""Time in which a thread that was started has to run, on a busy machine too."""
_TOLD_BYTES: Final = 16_384
"""More than proc_pid_status(5) is long."""
_DEEPEST: Final = 16
"""Errors that are looked at, each raised while the one before was handled."""


class Shortage(MediaError):
    """A file could not be read, or not all of it, because a resource of ours ran out. It says nothing about the file.

    `left`: what was read all the same, with a note that says so; None where nothing was.
    """

    def __init__(self, message: str, *, remedy: str = "", left: MaterialFingerprints | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.left = left


def lack_in(error: BaseException) -> str:
    """`MEMORY`, `THREADS`, `FILES` or `PERMISSION` where an error, or one that it was raised for, states such a lack;
    else "".
    """
    seen: BaseException | None = error
    for _ in range(_DEEPEST):
        if seen is None:
            break
        if lack := _stated_by(seen):
            return lack
        seen = seen.__cause__ or seen.__context__
    return ""


def _stated_by(error: BaseException) -> str:
    number = getattr(error, "errno", None)  # of OSError, and of PyAV's errors, which need not be one
    if type(error).__module__.startswith("av.") and number in (errno.ENOMEM, errno.EPERM):
        return MEMORY if number == errno.ENOMEM and _was_full() else ""
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, ImportError):  # a part of a decoder that was not loaded before nothing could be opened
        return PERMISSION
    if isinstance(number, int) and number in _BY_NUMBER:
        return _BY_NUMBER[number]
    words = str(error).lower()
    if "start new thread" in words:
        return THREADS
    # Pillow, libavif and libheif; a limit that libheif sets for every file is no lack of ours.
    return MEMORY if ("out of memory" in words or "memory alloc" in words) and "security limit" not in words else ""


def shortage(doing: str, lack: str) -> Shortage:
    """`doing`: the subject of the sentence that `lack` ends."""
    return Shortage(f"{doing} {lack}", remedy=_REMEDIES[lack])


def lack_of_reading(error: OSError | ValueError, words: str) -> Shortage | None:
    """The same for a file that cannot be opened or read; None where that is no lack of ours."""
    lack = _BY_NUMBER.get(error.errno or 0) if isinstance(error, OSError) else None
    return Shortage(words, remedy=_REMEDIES[lack]) if lack in (MEMORY, FILES) else None


def damage(words: str) -> MediaError:
    """The error for a file that seems to be damaged: a `Shortage` where a lack of ours is suspected to be the cause."""
    lack = suspected()
    return Shortage(either(words, lack), remedy=_REMEDIES[lack]) if lack else MediaError(words)


def either(words: str, lack: str) -> str:
    """Words for damage where a lack is suspected: it is the one or the other."""
    return f"{words}, or decoding it {lack}"


def suspected() -> str:
    """What this worker may have lacked lately: `MEMORY` where its memory was nearly full once, `THREADS` where it gets
    no thread, `FILES` where it gets no open file. "" where nothing, and in a process whose memory is not limited.
    """
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return ""
    try:
        if _was_full():
            return MEMORY
        os.close(os.dup(_told()))
        return "" if _thread_runs() else THREADS
    except MemoryError:
        return MEMORY
    except OSError:
        return FILES
    except RuntimeError:
        return THREADS


def _was_full() -> bool:
    """Whether an allocation of `AT_ONCE_BYTES` would have failed at the fullest moment of this process. True where
    memory is not limited: then nothing is known.
    """
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    try:
        return limit == resource.RLIM_INFINITY or limit - usage().peak_bytes < AT_ONCE_BYTES
    except MemoryError:
        return True


def _thread_runs() -> bool:
    """Whether a thread can be started, and runs. Where memory is out, one may be started that never runs, for which
    `threading.Thread` would wait without end.
    """
    has_run = _thread.allocate_lock()
    has_run.acquire()
    _thread.start_new_thread(has_run.release, ())
    return has_run.acquire(timeout=_THREAD_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process takes, by proc_pid_status(5): its address space now and at its largest, and its threads."""

    now_bytes: int
    peak_bytes: int
    threads: int


def usage() -> Usage:
    """Of this process. Raises OSError where it cannot be told."""
    words = os.pread(_told(), _TOLD_BYTES, 0).decode("ascii", "replace")
    said = {name: value.split() for name, _, value in (line.partition(":") for line in words.splitlines())}
    return Usage(
        now_bytes=int(said["VmSize"][0]) * 1024,
        peak_bytes=int(said["VmPeak"][0]) * 1024,
        threads=int(said["Threads"][0]),
    )


@lru_cache(maxsize=1)
def _told() -> int:
    """The open file in which the kernel tells of this process: a worker that is confined could not open it."""
    return os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
