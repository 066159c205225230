"""What a worker process may not do, imposed by itself on itself before it meets the first untrusted byte.

Rules this module upholds:

- A decoder that is taken over can use bounded memory and processor time, read what its user may read, and write to the
  one pipe that it was given. It cannot write or remove a file, open a socket, start a program or signal a process.
- Limits are absolute from here on: soft and hard alike, except for processor time, which is renewed a task.
- The system-call filter is a second wall behind the limits: where the machine has none (another architecture, a kernel
  without seccomp), the worker goes on without it, for the limits hold there too.

Sources: setrlimit(2), prctl(2), seccomp(2); the filter is classic BPF over `struct seccomp_data`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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

_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2


def limit_resources() -> None:
    """Bounds memory, open files, files written (none may grow) and core dumps (none: they would hold pictures)."""
    in_use = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    for kind, bound in (
        (resource.RLIMIT_AS, in_use + MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        lowest = _within(bound, resource.getrlimit(kind)[1])
        resource.setrlimit(kind, (lowest, lowest))


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


def filter_system_calls() -> bool:
    """Installs the system-call filter. False where this machine has none that is known here."""
    known = _MACHINES.get(platform.machine())
    if known is None:
        return False
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    code = _program(known)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _FilterProgram(length=len(code) // _INSTRUCTION.size, code=ctypes.addressof(buffer))
    return bool(library.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


class _FilterProgram(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


# Numbers of the calls refused, by machine (linux/arch/*/syscalls). Calls that only x86-64 still has stand apart.
_X86_64: Final = {
    "sockets": (41, 42, 43, 44, 46, 49, 50, 53, 288, 299, 307),
    "programs and processes": (57, 58, 59, 322, 62, 200, 234, 129, 297, 101, 310, 311, 424, 434, 438, 272, 308),
    "files written or removed": (
        76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 133, 188, 189, 190, 258, 259, 260, 263, 264, 265, 266,
        268, 285, 316, 437, 452, 132, 235, 261, 280, 197, 198, 199,
    ),
    "the kernel": (161, 165, 166, 169, 175, 176, 246, 248, 249, 250, 298, 303, 304, 313, 320, 321, 323, 425, 426, 427),
}  # fmt: skip
_AARCH64: Final = {
    "sockets": (198, 199, 200, 201, 202, 203, 206, 211, 242, 243, 269),
    "programs and processes": (221, 281, 129, 130, 131, 138, 240, 117, 270, 271, 424, 434, 438, 97, 268),
    "files written or removed": (
        5, 6, 7, 14, 15, 16, 33, 34, 35, 36, 37, 38, 45, 46, 47, 52, 53, 54, 55, 88, 276, 437, 452,
    ),
    "the kernel": (39, 40, 41, 51, 104, 105, 106, 142, 217, 218, 219, 241, 264, 265, 273, 280, 282, 294, 425, 426, 427),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    """A machine's number in the audit interface (AUDIT_ARCH_*) and its numbers of the calls that are filtered."""

    audit: int
    refused: dict[str, tuple[int, ...]]
    open: int | None
    openat: int
    clone: int
    clone3: int
    prlimit64: int


_MACHINES: Final = {
    "x86_64": _Machine(audit=0xC000003E, refused=_X86_64, open=2, openat=257, clone=56, clone3=435, prlimit64=302),
    "aarch64": _Machine(audit=0xC00000B7, refused=_AARCH64, open=None, openat=56, clone=220, clone3=435, prlimit64=261),
}

_INSTRUCTION: Final = struct.Struct("=HBBI")
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_JUMP_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_EPERM: Final = 1
_ENOSYS: Final = 38
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CLONE_THREAD: Final = 0x00010000
_ANY_PROCESS: Final = 0xFFFFFFFF
"""A process id other than 0, which stands for the caller."""
_X32_CALLS: Final = 0x40000000
"""x86-64 also takes its 32-bit-pointer calls, numbered from here: they would go round the list."""


def _program(machine: _Machine) -> bytes:
    """The filter's code: what is foreign or listed is refused, and so are new processes and opening to write."""
    refuse, absent = _ERRNO | _EPERM, _ERRNO | _ENOSYS
    code = [
        _op(_LOAD, _MACHINE_AT), _op(_JUMP_EQUAL, machine.audit, 1, 0), _op(_RETURN, refuse),
        _op(_LOAD, _NUMBER_AT), _op(_JUMP_AT_LEAST, _X32_CALLS, 0, 1), _op(_RETURN, refuse),
    ]  # fmt: skip
    for number in sorted({number for numbers in machine.refused.values() for number in numbers}):
        code += [_op(_JUMP_EQUAL, number, 0, 1), _op(_RETURN, refuse)]
    # Without clone3 the C library falls back to clone, whose flags can be looked at.
    code += [_op(_JUMP_EQUAL, machine.clone3, 0, 1), _op(_RETURN, absent)]
    code += _if_flags(machine.clone, 0, _CLONE_THREAD, when_set=_ALLOW, otherwise=refuse)
    code += _if_flags(machine.openat, 2, _WRITING, when_set=refuse, otherwise=_ALLOW)
    code += _if_flags(machine.prlimit64, 0, _ANY_PROCESS, when_set=refuse, otherwise=_ALLOW)
    if machine.open is not None:
        code += _if_flags(machine.open, 1, _WRITING, when_set=refuse, otherwise=_ALLOW)
    code.append(_op(_RETURN, _ALLOW))
    return b"".join(code)


def _op(operation: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return _INSTRUCTION.pack(operation, when_true, when_false, value)


def _if_flags(number: int, argument: int, flags: int, *, when_set: int, otherwise: int) -> list[bytes]:
    """For the call `number`: one verdict where any bit of `flags` is in its argument (lower half), else the other."""
    return [
        _op(_JUMP_EQUAL, number, 0, 4),
        _op(_LOAD, _ARGUMENTS_AT + 8 * argument),
        _op(_JUMP_ANY_BIT, flags, 0, 1),
        _op(_RETURN, when_set),
        _op(_RETURN, otherwise),
    ]
