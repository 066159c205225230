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
"""The most bytes of one allocation by a decoder: 200 million pixels turned upright are 0.8 GB, their coefficients in a
progressive JPEG 0.4 GB per component, a frame of 67 million pixels with 16 bits per channel 0.5 GB. If less than this
was free at the fullest moment, an allocation may have failed."""
MEMORY: Final = "takes more memory than a worker may have"
THREADS: Final = "needs a thread or another resource that this machine cannot give now"
FILES: Final = "needs more open files than a worker may have"
PERMISSION: Final = "needs something that a worker may not do"
LACKED: Final = "the cause is this machine, not the file: run the same command again"
"""The end of the note of a file of which another try may read more."""
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
"""Seconds in which a started thread must run, also on a busy machine."""
_TOLD_BYTES: Final = 16_384
"""More than proc_pid_status(5) is long."""
_DEEPEST: Final = 16
"""The most errors that are examined, each one raised while the previous one was handled."""


class Shortage(MediaError):
    """A file could not be read, or not completely, because a resource of ours ran out. It is no statement about the
    file.

    `left`: the partial result with a note, or None.
    """

    def __init__(self, message: str, *, remedy: str = "", left: MaterialFingerprints | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.left = left


def lack_in(error: BaseException) -> str:
    """Returns `MEMORY`, `THREADS`, `FILES` or `PERMISSION` if an error, or one of its causes, states such a lack.
    Otherwise returns "".
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
    """Returns the error. `doing`: the subject of the sentence that `lack` ends."""
    return Shortage(f"{doing} {lack}", remedy=_REMEDIES[lack])


def lack_of_reading(error: OSError | ValueError, words: str) -> Shortage | None:
    """Returns the error for a file that cannot be opened or read, or None if no resource of ours was missing."""
    lack = _BY_NUMBER.get(error.errno or 0) if isinstance(error, OSError) else None
    return Shortage(words, remedy=_REMEDIES[lack]) if lack in (MEMORY, FILES) else None


def damage(words: str) -> MediaError:
    """Returns the error for a file that seems to be damaged: a `Shortage` if a lack of ours may be the cause."""
    lack = suspected()
    return Shortage(either(words, lack), remedy=_REMEDIES[lack]) if lack else MediaError(words)


def either(words: str, lack: str) -> str:
    """Returns words for damage if a lack is suspected: one of the two is the cause."""
    return f"{words}, or decoding it {lack}"


def suspected() -> str:
    """Returns the resource that this worker may have lacked: `MEMORY` if its memory was nearly full once, `THREADS` if
    it gets no thread, `FILES` if it gets no open file. Returns "" otherwise, and in a process without a limit of
    memory.
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
    """Tells whether an allocation of `AT_ONCE_BYTES` would have failed at the fullest moment of this process. It is
    true without a limit of memory, because then nothing is known.
    """
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    try:
        return limit == resource.RLIM_INFINITY or limit - usage().peak_bytes < AT_ONCE_BYTES
    except MemoryError:
        return True


def _thread_runs() -> bool:
    """Tells whether a thread can be started, and runs. Without free memory a started thread may never run, and
    `threading.Thread` would wait for it forever.
    """
    has_run = _thread.allocate_lock()
    has_run.acquire()
    _thread.start_new_thread(has_run.release, ())
    return has_run.acquire(timeout=_THREAD_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The resources of a process, by proc_pid_status(5): its address space now and at its peak, and its threads."""

    now_bytes: int
    peak_bytes: int
    threads: int


def usage() -> Usage:
    """Returns the resources of this process. Raises `OSError` if they are unknown."""
    words = os.pread(_told(), _TOLD_BYTES, 0).decode("ascii", "replace")
    said = {name: value.split() for name, _, value in (line.partition(":") for line in words.splitlines())}
    return Usage(
        now_bytes=int(said["VmSize"][0]) * 1024,
        peak_bytes=int(said["VmPeak"][0]) * 1024,
        threads=int(said["Threads"][0]),
    )


@lru_cache(maxsize=1)
def _told() -> int:
    """Returns the open file in which the kernel describes this process. A confined worker could not open it."""
    return os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
