"""Landlock: the kernel refuses access to all files, network ports, and signals and sockets of other processes.

Rules this module upholds:

- Nothing is allowed: no rule is added. Descriptors that are already open stay usable.
- It adds to the filter of system calls (`seccomp`), which cannot check everything. A kernel without Landlock (before
  Linux 5.13, or with Landlock switched off) has only the filter. A newer kernel refuses more kinds of access.

Source: landlock(7), linux/include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Final

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION: Final = 1
"""LANDLOCK_CREATE_RULESET_VERSION: asks for the kernel's version instead."""
_FILE_KINDS: Final = (0, 13, 14, 15, 15, 16)
"""The kinds of file access that each version knows, from version 0 (none)."""
_NETWORK_FROM, _NETWORK = 4, 0b11
"""Binding and connecting TCP ports."""
_SCOPES_FROM, _SCOPES = 6, 0b11
"""Abstract sockets and signals of other processes."""


def version() -> int:
    """Returns the kernel's version of Landlock, or 0 if it has none."""
    return max(int(_call(_CREATE_RULESET, None, 0, _VERSION)), 0)


def refuse_everything() -> bool:
    """Puts this thread, and the threads that it starts, under a rule set that allows nothing. PR_SET_NO_NEW_PRIVS must
    be set. Returns False if the kernel has no Landlock.
    """
    known = version()
    if not known:
        return False
    files = (1 << _FILE_KINDS[min(known, len(_FILE_KINDS) - 1)]) - 1
    handled = struct.pack("=Q", files)
    handled += struct.pack("=Q", _NETWORK) if known >= _NETWORK_FROM else b""
    handled += struct.pack("=Q", _SCOPES) if known >= _SCOPES_FROM else b""
    rules = int(_call(_CREATE_RULESET, handled, len(handled), 0))
    if rules < 0:
        return False
    try:
        return int(_call(_RESTRICT_SELF, ctypes.c_int(rules), 0)) == 0
    finally:
        os.close(rules)


def _call(number: int, *arguments: object) -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments))
