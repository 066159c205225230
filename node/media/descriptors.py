"""Open files, which the command opens and a worker reads.

Rules this module upholds:

- The command opens and the worker reads: a worker receives a descriptor and never a name.
- The opened file is the file that was found: never a link, a pipe, a device, a folder, or another file that replaced it
  in the meantime. A link is followed only if the user named it.
- Every failure is a `MediaError` in plain words, without the file's name.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import stat
import struct
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from node.errors import MediaError
from node.media.calls import MACHINES
from node.media.shortage import lack_of_reading

if TYPE_CHECKING:
    from pathlib import Path

# A reader of a named pipe would wait for its writer; O_NONBLOCK does not, and means nothing to a regular file.
_READING: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_STATUS: Final = struct.Struct("=48xq32xqq")
"""`struct stat` of x86-64 and of aarch64 as far as it is read here: size, and modification time in seconds and
nanoseconds."""
_STATUS_BYTES: Final = 256
_FILE_SYSTEM: Final = struct.Struct("@l")
"""`struct statfs` as far as it is read here: the kind of file system."""
_OF_THE_KERNEL: Final = frozenset({
    0x9FA0, 0x62656572, 0x62656570, 0x64626720, 0x74726163, 0x73636673, 0x27E0EB, 0x63677270, 0x1CD1, 0xCAFE4A11,
    0x6165676C, 0xDE5E81E4, 0xF97CFF8C, 0x43415D53, 0x19800202, 0x42494E4D, 0x6E736673, 0x65735543, 0x67596969,
    0x6E667364,
})  # fmt: skip
"""proc, sysfs, configfs, debugfs, tracefs, securityfs, cgroup, cgroup2, devpts, bpf, pstore, efivarfs, selinuxfs,
smackfs, mqueue, binfmt_misc, nsfs, fusectl, rpc_pipefs, nfsd (linux/include/uapi/linux/magic.h)."""
LINK: Final = "a link, which is not followed"
NOT_REGULAR: Final = "not a regular file"
FOLDER: Final = "this is a folder, not a file"
SWAPPED: Final = "it was replaced by another after it was found"
_AGAIN: Final = "try again when no program writes to it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Of an open file: its bytes, and when it was changed (nanoseconds)."""

    size: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """By which a file or folder is known again. `modified` and `altered`: its times (nanoseconds); the latter is the
    kernel's own, which nobody can set.
    """

    device: int
    inode: int
    size: int
    modified: int
    altered: int

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        """Of what has this status."""
        return cls(
            device=status.st_dev,
            inode=status.st_ino,
            size=status.st_size,
            modified=status.st_mtime_ns,
            altered=status.st_ctime_ns,
        )

    def is_same(self, other: Identity) -> bool:
        """Whether both are of one file. Some file systems (FAT) give it another inode when they have forgotten it."""
        return self.is_same_inode(other) or replace(self, inode=other.inode) == other

    def is_same_inode(self, other: Identity) -> bool:
        """Whether both have the same inode, whatever became of its contents."""
        return (self.device, self.inode) == (other.device, other.inode)


def open_found(path: Path, *, named: bool, identity: Identity | None) -> int:
    """Opens a file to be read. `named`: a person named this path, whose link is followed; `identity`: what was found in
    this place, None where nobody has looked yet. Raises `MediaError`.
    """
    try:
        descriptor = os.open(path, _READING | (0 if named else os.O_NOFOLLOW))
    except (OSError, ValueError) as error:
        if not named and getattr(error, "errno", 0) == errno.ELOOP:
            raise MediaError(LINK) from None
        raise not_read(error) from None
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and (identity is None or identity.is_same(Identity.of(found))):
        return descriptor
    os.close(descriptor)
    if stat.S_ISREG(found.st_mode):
        raise MediaError(SWAPPED, remedy=_AGAIN)
    raise MediaError(FOLDER if stat.S_ISDIR(found.st_mode) else NOT_REGULAR)


def status_of(descriptor: int) -> Status:
    """Of an open file, by the kernel's own call: a C library may make one of it that takes a name too, and that a
    worker may not make (`calls`). Raises OSError.
    """
    known = MACHINES.get(platform.machine())
    if known is None:
        found = os.fstat(descriptor)
        return Status(size=found.st_size, changed=found.st_mtime_ns)
    buffer = ctypes.create_string_buffer(_STATUS_BYTES)
    if _libc().syscall(known.numbers["fstat"], descriptor, buffer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    size, seconds, nanoseconds = _STATUS.unpack_from(buffer.raw)
    return Status(size=size, changed=seconds * 1_000_000_000 + nanoseconds)


def is_of_the_kernel(descriptor: int) -> bool:
    """Whether an open folder lies in a file system in which the kernel shows its own state."""
    buffer = ctypes.create_string_buffer(_STATUS_BYTES)
    if _libc().fstatfs(descriptor, buffer) != 0:
        return False
    (kind,) = _FILE_SYSTEM.unpack_from(buffer.raw)
    return kind & 0xFFFFFFFF in _OF_THE_KERNEL


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def changed_meanwhile() -> MediaError:
    """The error for a file that is not what it was when it was opened."""
    return MediaError("the file changed while it was read", remedy=_AGAIN)


def not_read(error: OSError | ValueError) -> MediaError:
    """The error for a file that cannot be opened or read; a `Shortage` where that is for want of something of ours."""
    return lack_of_reading(error, unreadable(error)) or MediaError(unreadable(error))


def unreadable(error: OSError | ValueError) -> str:
    """Why a file or folder cannot be opened or read, in words that do not name it."""
    match error:
        case FileNotFoundError():
            return "no such file or folder"
        case PermissionError():
            return "no permission to read it"
        case OSError(errno=int(number)):
            return f"cannot be read: {os.strerror(number).lower()}"
        case _:
            return "cannot be read: no file can have such a name"
