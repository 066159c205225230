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
"""The fields of `struct stat` on x86-64 and aarch64 that are read here: size, and modification time in seconds and
nanoseconds."""
_STATUS_BYTES: Final = 256
_FILE_SYSTEM: Final = struct.Struct("@l")
"""The field of `struct statfs` that is read here: the type of the file system."""
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
    """The status of an open file: its bytes, and its modification time in nanoseconds."""

    size: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The values that identify a file or folder again. `modified` and `altered`: its times in nanoseconds. The kernel
    alone sets the latter.
    """

    device: int
    inode: int
    size: int
    modified: int
    altered: int

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        """Makes the identity of a file with this status."""
        return cls(
            device=status.st_dev,
            inode=status.st_ino,
            size=status.st_size,
            modified=status.st_mtime_ns,
            altered=status.st_ctime_ns,
        )

    def is_same(self, other: Identity) -> bool:
        """Tells whether both identify the same file. Some file systems (FAT) assign a new inode after a while."""
        return self.is_same_inode(other) or replace(self, inode=other.inode) == other

    def is_same_inode(self, other: Identity) -> bool:
        """Tells whether both have the same inode, regardless of the content."""
        return (self.device, self.inode) == (other.device, other.inode)


def open_found(path: Path, *, named: bool, identity: Identity | None) -> int:
    """Opens a file for reading. `named`: a person named this path, so a link is followed; `identity`: the file that was
    found there, or None if nobody looked. Raises `MediaError`.
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
    """Returns the status of an open file by the kernel's own call. A C library may use a call with a path instead,
    which a worker may not make (`calls`). Raises `OSError`.
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
    """Tells whether an open folder lies in a file system that shows the state of the kernel."""
    buffer = ctypes.create_string_buffer(_STATUS_BYTES)
    if _libc().fstatfs(descriptor, buffer) != 0:
        return False
    (kind,) = _FILE_SYSTEM.unpack_from(buffer.raw)
    return kind & 0xFFFFFFFF in _OF_THE_KERNEL


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def changed_meanwhile() -> MediaError:
    """Returns the error for a file that has changed since it was opened."""
    return MediaError("the file changed while it was read", remedy=_AGAIN)


def not_read(error: OSError | ValueError) -> MediaError:
    """Returns the error for a file that cannot be opened or read. It is a `Shortage` if a resource of ours was
    missing.
    """
    return lack_of_reading(error, unreadable(error)) or MediaError(unreadable(error))


def unreadable(error: OSError | ValueError) -> str:
    """Returns why a file or folder cannot be opened or read, in words that do not name it."""
    match error:
        case FileNotFoundError():
            return "no such file or folder"
        case PermissionError():
            return "no permission to read it"
        case OSError(errno=int(number)):
            return f"cannot be read: {os.strerror(number).lower()}"
        case _:
            return "cannot be read: no file can have such a name"
