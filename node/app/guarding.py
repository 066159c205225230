"""What every process of Vigil does first to keep its secrets to itself.

Rules this module upholds:

- No core dump is written: it would hold hashes and keys. No other process of the same user may look into the memory,
  the environment or the open files of this one (PR_SET_DUMPABLE; root still may).
- A file or folder that is made is its owner's alone, whatever the user's umask, and whichever library makes it.
- A secret that came in the environment is taken out of it: out of what children inherit, and out of the memory that
  the kernel shows as /proc/PID/environ. The copy that the command works with is in memory until it ends.

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
"""The field of proc_pid_stat(5) that says where the environment begins, counted behind the program's name; the next one
says where it ends."""


def guard() -> None:
    """Once, when a process begins, before it makes a file or learns a secret."""
    os.umask(OWNER_ALONE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def take_secrets(names: Iterable[str]) -> dict[str, str]:
    """The variables of these names that the environment has; from here on it has none of them."""
    taken = {name: os.environ[name] for name in names if name in os.environ}
    for name in taken:
        del os.environ[name]
    if taken:
        _wipe([os.fsencode(name) + b"=" for name in taken])
    return taken


def _wipe(names: list[bytes]) -> None:
    """Overwrites the values of these variables where the kernel put them when this process began."""
    try:
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        start, end = int(fields[_ENVIRONMENT_FROM]), int(fields[_ENVIRONMENT_FROM + 1])
    except (OSError, ValueError, IndexError):  # no /proc, which is then what shows nothing to others either
        return
    at = start
    for entry in ctypes.string_at(start, end - start).split(b"\0"):
        for name in names:
            if entry.startswith(name):
                ctypes.memset(at + len(name), ord("*"), len(entry) - len(name))
        at += len(entry) + 1
