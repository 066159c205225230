"""Finds the files at the paths that the user typed.

Rules this module upholds:

- The order is the same in every run: arguments as typed, folders sorted by the names of their entries.
- A link is followed only if the user typed it. A link inside a folder is reported and not followed. Otherwise the
  author of the folder could add other files to the run, such as another case's pictures or system files.
- A folder is not entered again from inside itself, so a loop of mounts ends. File systems that show the kernel's state
  (/proc, /sys) are reported and not entered.
- The walk lists the folder that it checked. If a folder is replaced in the meantime, also by a link, it is reported and
  not entered.
- An entry that cannot be read, or is not a file, is returned as `Unreadable` in its place, and the walk continues.
  Nothing is omitted silently.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.errors import MediaError
from node.media.descriptors import LINK, NOT_REGULAR, SWAPPED, Identity, is_of_the_kernel, unreadable

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK
_KERNELS: Final = "the kernel shows its own state here: these are not stored files"
_LOOP: Final = "it leads back to a folder that contains it"
_KINDS: Final = {
    stat.S_IFLNK: LINK,
    stat.S_IFIFO: f"{NOT_REGULAR}: a pipe",
    stat.S_IFSOCK: f"{NOT_REGULAR}: a socket",
    stat.S_IFCHR: f"{NOT_REGULAR}: a device",
    stat.S_IFBLK: f"{NOT_REGULAR}: a device",
}
"""Words for an entry by its kind (inode(7))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A regular file. `named`: a person typed this path, which may be a link; `status`: its status when it
    was found.
    """

    path: Path
    named: bool
    status: os.stat_result


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A file or folder that is not read, and the reason."""

    path: Path
    error: MediaError


Item = Found | Unreadable


def walk(paths: Iterable[Path]) -> Iterator[Item]:
    """Yields every file under `paths`. A file stands for itself, a folder for all its files, including hidden ones and
    subfolders.
    """
    for path in paths:
        yield from _Walk().of(path)


@dataclass(slots=True)
class _Folder:
    """A folder on the way down: its status when it was found, and its remaining names, the next one last; None before
    it was read. A name takes a tenth of the memory of a path.
    """

    path: Path
    named: bool
    identity: Identity
    names: list[str] | None = None


class _Walk:
    """The walk of one argument. Only one folder is open at a time, at any depth."""

    def __init__(self) -> None:
        self._way: list[_Folder] = []

    def of(self, argument: Path) -> Iterator[Item]:
        yield from self._look(argument, at=None)
        while self._way:
            folder = self._way[-1]
            if folder.names == []:
                self._way.pop()
                continue
            try:
                descriptor = _opened(folder)
            except (OSError, MediaError) as error:
                self._way.pop()
                yield _not_read(folder.path, error)
                continue
            try:
                if folder.names is None:
                    folder.names = sorted(os.listdir(descriptor), reverse=True)  # noqa: PTH208  (an open folder)
                # Until a subfolder is met: what is in that comes first, and then this one is opened again.
                while folder.names and self._way[-1] is folder:
                    yield from self._look(folder.path / folder.names.pop(), at=descriptor)
            except OSError as error:
                self._way.pop()
                yield _not_read(folder.path, error)
            finally:
                os.close(descriptor)

    def _look(self, path: Path, *, at: int | None) -> Iterator[Item]:
        """Returns the entry at one place. `at`: the open folder that contains it, or None for a path that a person
        typed.
        """
        try:
            status = path.stat() if at is None else os.stat(path.name, dir_fd=at, follow_symlinks=False)
        except (OSError, ValueError) as error:
            yield _not_read(path, error)
            return
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFREG:
            yield Found(path=path, named=at is None, status=status)
        elif kind == stat.S_IFDIR:
            identity = Identity.of(status)
            if any(above.identity.is_same_inode(identity) for above in self._way):
                yield Unreadable(path=path, error=MediaError(_LOOP))
            else:
                self._way.append(_Folder(path, at is None, identity))
        else:
            yield Unreadable(path=path, error=MediaError(_KINDS.get(kind, NOT_REGULAR)))


def _opened(folder: _Folder) -> int:
    """Opens the folder. Raises `OSError`, and `MediaError` if it has been replaced, or cannot be read."""
    descriptor = os.open(folder.path, _FOLDER | (0 if folder.named else os.O_NOFOLLOW))
    same = Identity.of(os.fstat(descriptor)).is_same(folder.identity)
    if same and not is_of_the_kernel(descriptor):
        return descriptor
    os.close(descriptor)
    raise MediaError(_KERNELS if same else SWAPPED)


def _not_read(path: Path, error: OSError | ValueError | MediaError) -> Unreadable:
    if isinstance(error, MediaError):
        return Unreadable(path=path, error=error)
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return Unreadable(path=path, error=MediaError("a link whose target does not exist"))
    if isinstance(error, OSError) and error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return Unreadable(path=path, error=MediaError(SWAPPED if not path.is_symlink() else LINK))
    return Unreadable(path=path, error=MediaError(unreadable(error)))
