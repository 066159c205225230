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
"""Address space that one picture may use, in addition to that of an idle worker. 200 million pixels, decoded and turned
upright, take 1.6 GB; the file takes twice 0.5."""
PROCESSOR_SECONDS: Final = 60
"""Processor time (seconds) of one picture."""
OPEN_FILES: Final = 64
NICENESS: Final = 10
"""The niceness of a worker. So the node continues to answer other members and to search while a folder is ingested."""
AUTOGROUP_SECONDS: Final = 0.11
AUTOGROUP_ATTEMPTS: Final = 50
USERS_FROM: Final = 0x60000000
"""A worker of root becomes the user with this number plus its process id. The number is far above the users of systems,
services and containers, and no two workers share it."""
NOBODY: Final = 65534
"""The user if this machine has no others (a container with few users)."""

_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITIES: Final = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3."""


class Unconfined(Exception):
    """This machine does not allow a worker to confine itself, so the worker may read nothing."""


def confine(ports: seccomp.Ports, room: int) -> None:
    """Confines this process and all its threads, irrevocably. `room`: bytes of its scratch file. Raises `Unconfined`.

    The order matters: dropping privileges needs a privilege, and no later step can be undone with the means of an
    earlier one.
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
    """Limits memory, open files, written files (`room` bytes) and core dumps (none, because they would contain
    pictures).
    """
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
    """Changes root to a user and group that own nothing, and drops all capabilities of any user."""
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
    """Lowers the priority of this process. A worker is a session of its own. If the scheduler weighs whole sessions,
    the priority of the session is lowered (sched(7), "The autogroup feature").
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
    """Gives the next task `seconds` of processor time. After that the kernel ends this process with SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    bound = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (_within(bound, hard), hard))


def _within(bound: int, hard: int) -> int:
    """Returns `bound`, or the hard limit that this process inherited if it is lower."""
    return bound if hard == resource.RLIM_INFINITY else min(bound, hard)
