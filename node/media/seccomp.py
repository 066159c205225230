"""The filter of system calls that a worker installs for itself: an allow-list, as BPF over `struct seccomp_data`.

Rules this module upholds:

- A call that `calls` does not allow is refused: with an error number if a C library can work without it, else the
  process ends (SIGSYS). A call of another architecture (x32, 32-bit programs) ends it too.
- A call that could reach another process, another descriptor or the machine's settings is limited to safe arguments:
  its own process, the descriptors that it received, threads, data that is not code.
- The filter applies to all threads, also those that already run. If it cannot be installed, the function says so.

Sources: seccomp(2), linux/include/uapi/linux/{seccomp,filter,audit}.h.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from dataclasses import dataclass
from typing import Final

from node.media.calls import ALLOWED, COMMON_FROM, MACHINES, MISSED, Machine

SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
"""Numbers of seccomp(2). C libraries have no function for it."""
_SET_MODE_FILTER: Final = 1
_EVERY_THREAD: Final = 1
_INSTRUCTION: Final = struct.Struct("=HBBI")
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15
_AT_LEAST: Final = 0x35
_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_END: Final = 0x80000000  # SECCOMP_RET_KILL_PROCESS
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_EXECUTABLE: Final = 4
"""PROT_EXEC."""
_THREAD: Final = 0x00010000
_NAMESPACES: Final = 0x7E020080
"""CLONE_NEW*: a new namespace would give the process rights inside it."""
_PRIVILEGED_ADVICE: Final = 100
"""MADV_HWPOISON and higher values."""
_SET_NAME, _NAME_MEMORY = 15, 0x53564D41
"""PR_SET_NAME and PR_SET_VMA: C libraries name threads and memory."""
_HARMLESS_CONTROLS: Final = (fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The descriptors of a worker: it receives on `tasks` and writes to `written`, and to nothing else. `scratch`: the
    file in which it unpacks. It writes to it at an offset, and truncates it.
    """

    tasks: int
    written: tuple[int, ...]
    scratch: int


def install(machine: str, ports: Ports) -> bool:
    """Puts this process under the filter, irrevocably. Returns False if that is impossible. PR_SET_NO_NEW_PRIVS must be
    set.
    """
    known = MACHINES.get(machine)
    if known is None:
        return False
    code = program(known, ports, process=os.getpid())
    buffer = ctypes.create_string_buffer(code, len(code))
    filters = _FilterProgram(length=len(code) // _INSTRUCTION.size, code=ctypes.addressof(buffer))
    library = ctypes.CDLL(None, use_errno=True)
    done = library.syscall(SECCOMP[machine], _SET_MODE_FILTER, _EVERY_THREAD, ctypes.byref(filters))
    return bool(done == 0)


class _FilterProgram(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def program(machine: Machine, ports: Ports, *, process: int) -> bytes:
    """Returns the filter's code. `process`: the only process that may receive a signal."""
    numbers = machine.numbers
    code = [
        _op(_LOAD, _MACHINE_AT), _op(_EQUAL, machine.audit, 1, 0), _op(_RETURN, _END),
        _op(_LOAD, _NUMBER_AT), _op(_AT_LEAST, machine.foreign_from, 0, 1), _op(_RETURN, _END),
    ]  # fmt: skip
    for name in (name for name in ALLOWED if name in numbers):
        code += _when(numbers[name], [_op(_RETURN, _ALLOW)])
    for name, body in _bound(ports, process).items():
        code += _when(numbers[name], body)
    for name, number in MISSED.items():
        if name in numbers:
            code += _when(numbers[name], [_refuse(number)])
    code += [_op(_AT_LEAST, COMMON_FROM, 0, 1), _refuse(errno.ENOSYS), _op(_RETURN, _END)]
    return b"".join(code)


def _bound(ports: Ports, process: int) -> dict[str, list[bytes]]:
    """Returns the rules of the calls that depend on an argument, by name."""
    no_code = _without(2, _EXECUTABLE, [_refuse(errno.EACCES)])
    written = _one_of(0, ports.written, otherwise=_op(_RETURN, _END))
    return {
        "write": written,
        "writev": written,
        "pwrite64": _one_of(0, (ports.scratch,), otherwise=_op(_RETURN, _END)),
        "ftruncate": _one_of(0, (ports.scratch,), otherwise=_op(_RETURN, _END)),
        "recvmsg": _one_of(0, (ports.tasks,), otherwise=_op(_RETURN, _END)),
        "fcntl": _one_of(1, _HARMLESS_CONTROLS, otherwise=_op(_RETURN, _END)),
        "prctl": _one_of(0, (_SET_NAME, _NAME_MEMORY), otherwise=_refuse(errno.EINVAL)),
        "mmap": no_code,
        "mprotect": no_code,
        "madvise": [
            _argument(2), _op(_AT_LEAST, _PRIVILEGED_ADVICE, 0, 1), _refuse(errno.EPERM), _op(_RETURN, _ALLOW)
        ],
        "clone": [
            _argument(0),
            _op(_ANY_BIT, _NAMESPACES, 0, 1), _op(_RETURN, _END),
            _op(_ANY_BIT, _THREAD, 1, 0), _op(_RETURN, _END),
            _op(_RETURN, _ALLOW),
        ],
        "tgkill": _one_of(0, (process,), otherwise=_op(_RETURN, _END)),
        "prlimit64": _one_of(0, (0,), otherwise=_op(_RETURN, _END)),
    }  # fmt: skip


def _op(operation: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return _INSTRUCTION.pack(operation, when_true, when_false, value)


def _refuse(number: int) -> bytes:
    return _op(_RETURN, _ERRNO | number)


def _argument(place: int) -> bytes:
    """Loads an argument's lower half. The kernel uses only this half of the arguments that are checked here."""
    return _op(_LOAD, _ARGUMENTS_AT + 8 * place)


def _when(number: int, body: list[bytes]) -> list[bytes]:
    """Returns `body`, which always returns, for the call `number`."""
    return [_op(_EQUAL, number, 0, len(body)), *body]


def _one_of(place: int, values: tuple[int, ...], *, otherwise: bytes) -> list[bytes]:
    """Allows the call if the argument is one of `values`."""
    tests = [_op(_EQUAL, value, len(values) - number, 0) for number, value in enumerate(values)]
    return [_argument(place), *tests, otherwise, _op(_RETURN, _ALLOW)]


def _without(place: int, bits: int, otherwise: list[bytes]) -> list[bytes]:
    """Allows the call if the argument has none of `bits`."""
    return [_argument(place), _op(_ANY_BIT, bits, 0, len(otherwise)), *otherwise, _op(_RETURN, _ALLOW)]
