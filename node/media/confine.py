"""The restrictions that a worker process puts on itself before it reads the first untrusted byte.

Rules this module upholds:

- An attacker who controls a decoder can use bounded memory and processor time, read the file that the worker received,
  write to its one pipe, and fill its one scratch file, which has no name. The attacker cannot open, see or change
  another file, open a socket, start a program, or reach another process. If root started the command, the worker runs
  as a user who owns nothing.
- Soft and hard limits are equal and final, except for processor time, which is renewed for each task.
- It fails closed: without a filter of system calls (`seccomp`) no file is read. Landlock is added if the kernel has it.

Sources: setrlimit(2), prctl(2), seccomp(2), landlock(7), capset(2).
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from node.media import landlock, seccomp

MEMORY_BYTES: Final = 3 * 1024 * 1024 * 1024
"""Address space that one picture may take on top of what the idle worker has: 200 million pixels decoded and turned
upright are 1.6 GB, the file itself twice 0.5."""
PROCESSOR_SECONDS: Final = 60
"""Processor time of one picture."""
OPEN_FILES: Final = 64
NICENESS: Final = 10
"""By how much fingerprinting gives way to everything else: while a folder is taken in, the node goes on answering other
members, and searching, as if nothing were."""
AUTOGROUP_SECONDS: Final = 0.11
AUTOGROUP_ATTEMPTS: Final = 50
USERS_FROM: Final = 0x60000000
"""With its process id on top, the user that a worker of root becomes: far above what systems give to users, services
and containers, and of no two workers at a time."""
NOBODY: Final = 65534
"""The user where this machine has no others (a container whose users are few)."""

_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITIES: Final = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3."""


class Unconfined(Exception):
    """This machine does not let a worker confine itself, so it may read nothing."""


def confine(ports: seccomp.Ports, room: int) -> None:
    """Puts this process, with all its threads, into its bounds, for good. `room`: bytes that its scratch file may take.
    Raises `Unconfined`.

    In this order: a privilege is needed to drop privileges, and each later step can no longer be undone by an earlier
    one's means.
    """
    limit_resources(room)
    drop_privileges()
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise Unconfined
    landlock.refuse_everything()
    if not seccomp.install(platform.machine(), ports):
        raise Unconfined


def limit_resources(room: int) -> None:
    """Bounds memory, open files, files written (`room` bytes) and core dumps (none: they would hold pictures)."""
    in_use = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    for kind, bound in (
        (resource.RLIMIT_AS, in_use + MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, room),
        (resource.RLIMIT_CORE, 0),
    ):
        lowest = _within(bound, resource.getrlimit(kind)[1])
        resource.setrlimit(kind, (lowest, lowest))


def drop_privileges() -> None:
    """From root to a user and group that nothing belongs to, and of anyone's capabilities to none."""
    if os.geteuid() == 0:
        with suppress(PermissionError):  # a container that has no say over groups has none to drop
            os.setgroups([])
        for number in (USERS_FROM + os.getpid(), NOBODY):
            # A container may know few users, or but one: what it calls root has no privileges outside of it.
            with suppress(OSError):
                os.setresgid(number, number, number)
                os.setresuid(number, number, number)
                break
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITIES, 0))
    ctypes.CDLL(None, use_errno=True).capset(header, ctypes.create_string_buffer(struct.pack("=6I", *[0] * 6)))


def give_way() -> None:
    """Lets all else go first. A worker is a session of its own, and where the scheduler weighs sessions as wholes
    it is the session that has to give way (sched(7), "The autogroup feature").
    """
    niceness = os.nice(NICENESS)
    for _ in range(AUTOGROUP_ATTEMPTS):
        try:
            Path("/proc/self/autogroup").write_text(str(niceness), encoding="ascii")
        except BlockingIOError:  # without privileges one such change a tenth of a second is let through, of all
            time.sleep(AUTOGROUP_SECONDS)
        except OSError:  # sessions are not weighed here
            return
        else:
            return


def renew_processor_time(seconds: int) -> None:
    """Gives the next task `seconds` of processor time; past it the kernel ends this process by SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    bound = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (_within(bound, hard), hard))


def _within(bound: int, hard: int) -> int:
    """`bound`, or the hard limit that this process was born with where that is lower."""
    return bound if hard == resource.RLIM_INFINITY else min(bound, hard)
