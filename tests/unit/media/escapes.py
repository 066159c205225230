"""What a decoder that was taken over would try, each in a process that is confined as a worker is.

`python -m tests.unit.media.escapes FOLDER` writes a line of JSON an attempt, `{"attempt", "outcome"}`: "refused" and
the name of the error, "stopped" and the name of the signal, or "done", which none may be.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from node.media import calls, confine
from node.media.scratch import open_scratch
from node.media.seccomp import Ports

LIBC = ctypes.CDLL(None, use_errno=True)
LAST = 480
"""A number past the newest system call."""
NEW = {"setxattrat": 463, "io_uring_setup": 425, "pidfd_open": 434, "pidfd_getfd": 438, "openat2": 437, "clone3": 435}
_OWNER, _SIGNAL = 8, 10
"""F_SETOWN, F_SETSIG."""


def called(number: int, *arguments: object) -> None:
    """Makes a system call. Raises OSError where it is refused."""
    if LIBC.syscall(number, *arguments) == -1:
        raise OSError(ctypes.get_errno(), "")


def with_libc(name: str, *arguments: object) -> None:
    """The same by the C library's function."""
    if getattr(LIBC, name)(*arguments) in (-1, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "")


def attempts(folder: Path, file: int, victim: int) -> dict[str, Callable[[], object]]:
    """By name. `victim`: another process of ours; `file`: the open file that a worker has."""
    name = os.fsencode(folder / "evidence")
    beside = folder / "beside"
    return {
        "signal another by F_SETOWN": lambda: fcntl.fcntl(file, _OWNER, victim),
        "choose its signal by F_SETSIG": lambda: fcntl.fcntl(file, _SIGNAL, signal.SIGKILL),
        "be told of input by O_ASYNC": lambda: fcntl.fcntl(file, fcntl.F_SETFL, os.O_ASYNC),
        "lock": lambda: fcntl.flock(file, fcntl.LOCK_EX),
        "lock by fcntl": lambda: fcntl.lockf(file, fcntl.LOCK_SH),
        "lease": lambda: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK),
        "seal": lambda: fcntl.fcntl(file, 1033, 1),
        "resize its pipe": lambda: fcntl.fcntl(3, 1031, 1 << 20),
        "set an attribute": lambda: os.setxattr(folder / "evidence", "user.x", b"x"),
        "set an attribute of its file": lambda: os.setxattr(file, "user.x", b"x"),
        "set an attribute by setxattrat": lambda: called(NEW["setxattrat"], -100, name, 0, b"user.x", b"", 0),
        "share memory": lambda: with_libc("shmget", 4711, 4096, 0o1666),
        "attach shared memory": lambda: with_libc("shmat", 0, None, 0),
        "share a queue": lambda: with_libc("msgget", 4711, 0o1666),
        "share a semaphore": lambda: with_libc("semget", 4711, 1, 0o1666),
        "share a POSIX queue": lambda: with_libc("mq_open", b"/vigil", os.O_CREAT | os.O_RDWR, 0o600, None),
        "read another's environment": lambda: os.open(f"/proc/{victim}/environ", os.O_RDONLY),
        "read another's memory": lambda: with_libc("process_vm_readv", victim, None, 0, None, 0, 0),
        "trace another": lambda: with_libc("ptrace", 16, victim, 0, 0),
        "open a file": lambda: os.open(folder / "evidence", os.O_RDONLY),
        "open a folder": lambda: list(folder.iterdir()),
        "look at a file": (folder / "evidence").stat,
        "look whether a file is there": lambda: _or_refused(os.access(folder / "evidence", os.F_OK)),
        "open a file by openat2": lambda: called(NEW["openat2"], -100, name, b"\0" * 24, 24),
        "open by a handle": lambda: with_libc("open_by_handle_at", -100, None, 0),
        "make a file": beside.touch,
        "make a file without a name": lambda: with_libc("memfd_create", b"x", 0),
        "make a folder": beside.mkdir,
        "remove a file": (folder / "evidence").unlink,
        "rename a file": lambda: (folder / "evidence").rename(beside),
        "change a mode": lambda: (folder / "evidence").chmod(0o777),
        "change its file's mode": lambda: os.fchmod(file, 0o777),
        "change its file's times": lambda: os.utime(file, (0, 0)),
        "change its file's owner": lambda: os.fchown(file, 1, 1),
        "cut its file": lambda: os.truncate(file, 0),
        "write to its file": lambda: os.write(file, b"x"),
        "write to its file at a place": lambda: os.pwrite(file, b"x", 0),
        "cut its open file": lambda: os.ftruncate(file, 0),
        "write to its scratch file as to a pipe": lambda: os.write(SCRATCH, b"x"),
        "write past the room of its scratch file": lambda: os.pwrite(SCRATCH, b"x", ROOM),
        "stretch its scratch file": lambda: os.ftruncate(SCRATCH, ROOM + 1),
        "link": lambda: beside.symlink_to("/etc/passwd"),
        "go elsewhere": lambda: os.chdir("/"),
        "mount": lambda: with_libc("mount", b"a", b"/", b"tmpfs", 0, None),
        "a socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "a pair of sockets": socket.socketpair,
        "a connection": lambda: with_libc("connect", 0, b"\0" * 16, 16),
        "speak on its tasks' socket": lambda: os.write(0, b"x"),
        "send on its tasks' socket": lambda: with_libc("send", 0, b"x", 1, 0),
        "receive elsewhere": lambda: with_libc("recvmsg", file, ctypes.create_string_buffer(64), 0),
        "a pipe": os.pipe,
        "copy over a descriptor": lambda: os.dup2(file, 0),
        "a process": os.fork,
        "a process by vfork": lambda: called(58) if platform.machine() == "x86_64" else os.fork(),
        "a process by clone3": lambda: called(NEW["clone3"], b"\0" * 88, 88),
        "a program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),  # noqa: S606
        "signal another": lambda: os.kill(victim, signal.SIGKILL),
        "signal its parent": lambda: os.kill(os.getppid(), 0),
        "signal everybody": lambda: os.kill(-1, 0),
        "signal another's thread": lambda: called(_TGKILL, victim, victim, 0),
        "signal another by a descriptor": lambda: called(NEW["pidfd_open"], victim, 0),
        "steal a descriptor": lambda: called(NEW["pidfd_getfd"], 0, 0, 0),
        "limit another": lambda: resource.prlimit(victim, resource.RLIMIT_CORE, (0, 0)),
        "raise its memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2),
        "raise its files": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20,) * 2),
        "another's priority": lambda: os.setpriority(os.PRIO_PROCESS, victim, 19),
        "another user": lambda: os.setuid(0),
        "another namespace": lambda: with_libc("unshare", 0x10000000),
        "its core": lambda: with_libc("prctl", 4, 1, 0, 0, 0),
        "capabilities": lambda: with_libc("prctl", 47, 2, 21, 0, 0),
        "code": lambda: mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANON, mmap.PROT_READ | mmap.PROT_EXEC),
        "code from its file": lambda: mmap.mmap(file, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC),
        "data made code": lambda: with_libc("mprotect", ctypes.c_void_p(_page()), 4096, 5),
        "a ring": lambda: called(NEW["io_uring_setup"], 1, b"\0" * 120),
        "faults of its own": lambda: with_libc("userfaultfd", 0) if hasattr(LIBC, "userfaultfd") else called(323, 0),
        "a program in the kernel": lambda: called(_BPF, 0, b"\0" * 64, 64),
        "performance": lambda: called(_PERF, b"\0" * 128, 0, -1, -1, 0),
        "a key": lambda: called(_ADD_KEY, b"user", b"x", b"x", 1, -3),
        "a terminal": lambda: fcntl.ioctl(0, 0x5412, b"x"),
        "a watch": lambda: with_libc("inotify_init"),
        "the clock": lambda: with_libc("settimeofday", b"\0" * 16, None),
        "the host's name": lambda: with_libc("sethostname", b"x", 1),
        "a timer that signals": lambda: with_libc("timer_create", 0, b"\0" * 64, ctypes.create_string_buffer(8)),
    }


_ARM = platform.machine() == "aarch64"
_TGKILL, _BPF, _PERF, _ADD_KEY = (131, 280, 241, 217) if _ARM else (234, 321, 298, 248)


def _page() -> int:
    memory = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANON, mmap.PROT_READ | mmap.PROT_WRITE)
    _KEPT.append(memory)
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


_KEPT: list[mmap.mmap] = []


def _or_refused(there: object) -> None:
    if not there:
        raise OSError(errno.EACCES, "")


ROOM = 4096
"""Bytes of its scratch file."""
SCRATCH = open_scratch()


def outcome(attempt: Callable[[], object], file: int) -> str:
    """What comes of an attempt in a confined process of its own."""
    child = os.fork()
    if child == 0:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        report, os.environ["HOME"] = os.dup(nowhere), "/"
        try:
            confine.confine(Ports(tasks=0, written=(1, 2, report), scratch=SCRATCH), ROOM)
            attempt()
        except OSError as error:
            os._exit(error.errno or 1)
        except ValueError:  # of setrlimit, for EPERM
            os._exit(errno.EPERM)
        except BaseException:  # noqa: BLE001  (it is told apart from what was done)
            os._exit(254)
        os._exit(255)
    del file
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"stopped {signal.Signals(os.WTERMSIG(status)).name}"
    code = os.waitstatus_to_exitcode(status)
    return "done" if code == 255 else f"refused {errno.errorcode.get(code, code)}"


def bare(number: int) -> Callable[[], object]:
    """A call without arguments."""
    return lambda: called(number, 0, 0, 0, 0, 0, 0)


def numbered() -> dict[str, Callable[[], object]]:
    """Every call that is not named among those that may be made, without arguments."""
    known = calls.MACHINES[platform.machine()].numbers
    return {f"call {number}": bare(number) for number in range(LAST) if number not in known.values()}


def main() -> None:
    folder = Path(sys.argv[1])
    (folder / "evidence").write_bytes(b"evidence" * 1_000)
    victim = os.fork()
    if victim == 0:
        while True:
            signal.pause()
    file = os.open(folder / "evidence", os.O_RDONLY)
    try:
        for name, attempt in {**attempts(folder, file, victim), **numbered()}.items():
            sys.stdout.write(json.dumps({"attempt": name, "outcome": outcome(attempt, file)}) + "\n")
            sys.stdout.flush()
        alive = os.waitpid(victim, os.WNOHANG) == (0, 0)
    finally:
        os.kill(victim, signal.SIGKILL)
    sys.stdout.write(json.dumps({"attempt": "the other process", "outcome": "alive" if alive else "done"}) + "\n")


if __name__ == "__main__":
    main()
