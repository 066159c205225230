"""The system calls that a worker may make, by machine. All other calls are refused.

Rules this module upholds:

- Decoding needs only memory, time, threads, locks and the descriptors that the worker received. No call here opens a
  file, names another process, or creates anything that outlives the worker.
- If a call is dangerous with some arguments, only the needed arguments are allowed (see `seccomp`).
- A C library can work without some calls (a locale, the number of processors, a newer call). These return an error
  number. Every other call ends the worker. The error then says that the decoder was stopped, not that the file is
  damaged.

Sources: linux/arch/x86/entry/syscalls/syscall_64.tbl, linux/include/uapi/asm-generic/unistd.h. From `COMMON_FROM` on
every machine has the same numbers.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One machine: its number in the audit interface (AUDIT_ARCH_*), and its numbers of the calls that are named here.
    A call that it does not have is absent. `foreign_from`: numbers from here on belong to another machine.
    """

    audit: int
    numbers: dict[str, int]
    foreign_from: int = 0x40000000
    """x86-64 also accepts the calls with 32-bit pointers (x32), numbered from here."""


COMMON_FROM: Final = 424
"""Numbers from here on were added after Linux 5.0. For a worker those that are not allowed do not exist (ENOSYS). So a
library that tries a call that is new to Vigil continues without it."""

ALLOWED: Final[tuple[str, ...]] = (
    # Memory (with `mmap`, `mprotect` and `madvise`, whose arguments are bound).
    "brk", "munmap", "mremap", "mincore", "membarrier",
    # The descriptors that it was handed (with `write`, `recvmsg` and `fcntl`).
    "read", "pread64", "readv", "lseek", "fstat", "close", "dup", "poll", "ppoll",
    # Time.
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times",
    # Threads of its own (with `clone` and `tgkill`).
    "futex", "futex_waitv", "futex_wake", "futex_wait", "futex_requeue", "set_robust_list", "set_tid_address", "rseq",
    "gettid", "sched_yield", "sched_getaffinity", "getcpu", "exit", "exit_group", "restart_syscall",
    # Signals to itself.
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
    # What it may know of itself and of the machine.
    "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getrusage", "getrlimit", "uname", "sysinfo",
    "getrandom",
)  # fmt: skip

MISSED: Final[dict[str, int]] = {
    # Files and folders that a library looks for and does without.
    "open": errno.EACCES, "openat": errno.EACCES, "stat": errno.EACCES, "lstat": errno.EACCES,
    "newfstatat": errno.EACCES, "statx": errno.EACCES, "access": errno.EACCES, "faccessat": errno.EACCES,
    "readlink": errno.EACCES, "readlinkat": errno.EACCES, "getcwd": errno.EACCES, "statfs": errno.EACCES,
    "fstatfs": errno.EACCES,
    "ioctl": errno.ENOTTY,
    # Wishes to the scheduler, and about where memory lies.
    "sched_setaffinity": errno.EPERM, "sched_getparam": errno.EPERM, "sched_getscheduler": errno.EPERM,
    "sched_setscheduler": errno.EPERM, "setpriority": errno.EPERM, "mbind": errno.EPERM, "set_mempolicy": errno.EPERM,
    "get_mempolicy": errno.EPERM, "mlock": errno.EPERM, "munlock": errno.EPERM, "arch_prctl": errno.EPERM,
}  # fmt: skip
"""Calls that are refused, with the error number of the refusal."""

MACHINES: Final = {
    "x86_64": Machine(
        audit=0xC000003E,
        numbers={
            "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7, "lseek": 8,
            "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14,
            "rt_sigreturn": 15, "ioctl": 16, "pread64": 17, "pwrite64": 18, "readv": 19, "writev": 20, "access": 21,
            "sched_yield": 24, "mremap": 25, "mincore": 27, "madvise": 28, "dup": 32, "nanosleep": 35, "getpid": 39,
            "recvmsg": 47, "clone": 56, "exit": 60, "uname": 63, "fcntl": 72, "ftruncate": 77, "getcwd": 79,
            "readlink": 89, "gettimeofday": 96, "getrlimit": 97, "getrusage": 98, "sysinfo": 99, "times": 100,
            "getuid": 102, "getgid": 104, "geteuid": 107, "getegid": 108, "getppid": 110, "sigaltstack": 131,
            "statfs": 137, "fstatfs": 138, "setpriority": 141, "sched_getparam": 143, "sched_setscheduler": 144,
            "sched_getscheduler": 145, "mlock": 149, "munlock": 150, "prctl": 157, "arch_prctl": 158, "gettid": 186,
            "time": 201, "futex": 202, "sched_setaffinity": 203, "sched_getaffinity": 204, "set_tid_address": 218,
            "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230,
            "exit_group": 231, "tgkill": 234, "mbind": 237, "set_mempolicy": 238, "get_mempolicy": 239, "openat": 257,
            "newfstatat": 262, "readlinkat": 267, "faccessat": 269, "ppoll": 271, "set_robust_list": 273,
            "prlimit64": 302, "getcpu": 309, "getrandom": 318, "membarrier": 324, "statx": 332, "rseq": 334,
            "futex_waitv": 449, "futex_wake": 454, "futex_wait": 455, "futex_requeue": 456,
        },
    ),
    "aarch64": Machine(
        audit=0xC00000B7,
        numbers={
            "getcwd": 17, "dup": 23, "fcntl": 25, "ioctl": 29, "statfs": 43, "fstatfs": 44, "ftruncate": 46,
            "faccessat": 48, "openat": 56, "close": 57, "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66,
            "pread64": 67, "pwrite64": 68, "ppoll": 73, "readlinkat": 78, "newfstatat": 79, "fstat": 80, "exit": 93,
            "exit_group": 94, "set_tid_address": 96, "futex": 98, "set_robust_list": 99, "nanosleep": 101,
            "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115, "sched_setscheduler": 119,
            "sched_getscheduler": 120, "sched_getparam": 121, "sched_setaffinity": 122, "sched_getaffinity": 123,
            "sched_yield": 124, "restart_syscall": 128, "tgkill": 131, "sigaltstack": 132, "rt_sigaction": 134,
            "rt_sigprocmask": 135, "rt_sigreturn": 139, "setpriority": 140, "times": 153, "uname": 160,
            "getrlimit": 163, "getrusage": 165, "prctl": 167, "getcpu": 168, "gettimeofday": 169, "getpid": 172,
            "getppid": 173, "getuid": 174, "geteuid": 175, "getgid": 176, "getegid": 177, "gettid": 178, "sysinfo": 179,
            "recvmsg": 212, "brk": 214, "munmap": 215, "mremap": 216, "clone": 220, "mmap": 222, "mprotect": 226,
            "mlock": 228, "munlock": 229, "mincore": 232, "madvise": 233, "mbind": 235, "get_mempolicy": 236,
            "set_mempolicy": 237, "prlimit64": 261, "getrandom": 278, "membarrier": 283, "statx": 291, "rseq": 293,
            "futex_waitv": 449, "futex_wake": 454, "futex_wait": 455, "futex_requeue": 456,
        },
    ),
}  # fmt: skip
"""The machines, by the name that uname(2) returns."""
