"""What every process of Vigil does first to protect its secrets.

Rules this module upholds:

- No core dump is written: it would contain hashes and keys. No other process of the same user can read the memory, the
  environment or the open files of this process (PR_SET_DUMPABLE; root still can).
- Only the owner can use new files and folders, for every umask of the user and every library that makes them.
- A secret from the environment is removed from it: from what children inherit, and from the memory that the kernel
  shows as /proc/PID/environ. The command's own copy stays in memory until the command ends.

Sources: prctl(2), proc_pid_environ(5), proc_pid_stat(5).
"""

from __future__ import annotations

import ctypes
import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

OWNER_ALONE: Final = 0o077
"""The umask: no bit for the group, and none for others."""
_PR_SET_DUMPABLE: Final = 4
_ENVIRONMENT_FROM: Final = 50 - 3
"""The field of proc_pid_stat(5) with the start of the environment, counted after the program's name; the next field is
its end.
"""


def guard() -> None:
    """Called once, when a process begins, before it makes a file or gets a secret."""
    os.umask(OWNER_ALONE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def take_secrets(names: Iterable[str]) -> dict[str, str]:
    """Returns these variables and removes them from the environment."""
    taken = {name: os.environ[name] for name in names if name in os.environ}
    for name in taken:
        del os.environ[name]
    if taken:
        _wipe([os.fsencode(name) + b"=" for name in taken])
    return taken


def _wipe(names: list[bytes]) -> None:
    """Overwrites the values of these variables in the memory where the kernel put them at the start."""
    try:
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        start, end = int(fields[_ENVIRONMENT_FROM]), int(fields[_ENVIRONMENT_FROM + 1])
    except (OSError, ValueError, IndexError):  # without /proc, others cannot read it there either
        return
    at = start
    for entry in ctypes.string_at(start, end - start).split(b"\0"):
        for name in names:
            if entry.startswith(name):
                ctypes.memset(at + len(name), ord("*"), len(entry) - len(name))
        at += len(entry) + 1
