"""Mapped files of named arrays: written once, checked block by block, overwritten only to remove a record.

Rules this module upholds:

- A file opens at once by its manifest. Its length is checked then; its blocks are checked in the background (`scrub`).
- Code that changes bytes of a block checks the block first (`changing`), so a new checksum never hides damage.
- Space is allocated before it is written through a mapping. So a full disk is an error here, not a signal that kills.
- Files have mode 0600 and one owner. Any number of readers may map them at the same time.
- No error contains a path.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from node.errors import Damaged, DiskFull, StoreError
from node.match.manifest import BLOCK, SUM_SIZE, FilePlace, block_after, place

Array = NDArray[Any]

CHANGING: Final = ("sources", "hashes", "rests", "rows", "qualities")
"""The arrays that removals overwrite, in this order. Their first axis is that of a segment's slots."""
BLOCKS_A_TURN: Final = 64
"""Blocks that are checked until others may overwrite: 2 milliseconds."""


@contextmanager
def translated() -> Iterator[None]:
    """Raises `DiskFull` and `StoreError` instead of the errors of the disk."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull("no space is left for the index", remedy="free space on the disk of this home") from None
        raise StoreError(
            f"the index's folder cannot be used ({error.strerror})", remedy="check owner, permissions and disk"
        ) from None


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, data: bytes) -> None:
    """Writes a new file with these bytes. Everything except its name is durable. It replaces a leftover."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


class FileWriter:
    """Writes a new file, array by array. A segment's `build` takes `allocate`."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._path = path
        self._shapes: dict[str, tuple[str, tuple[int, ...]]] = {}
        self._end = 0

    def allocate(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        """Returns an array of zeros in the file, to be filled in place. Raises `OSError` if there is no room."""
        kind = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
        start, self._end = self._end, block_after(self._end + size)
        self._shapes[name] = (kind.name, tuple(map(int, shape)))
        if not size:
            return np.zeros(shape, dtype=kind)
        os.ftruncate(self._descriptor, self._end)
        os.posix_fallocate(self._descriptor, start, size)
        mapped = mmap.mmap(self._descriptor, size, offset=start)
        return np.frombuffer(mapped, dtype=kind).reshape(shape)

    def finish(self) -> FilePlace:
        """Adds the checksums and makes everything durable, except the file's name in its folder."""
        made = place(self._path.name.split(".")[-1], self._shapes)
        with mmap.mmap(self._descriptor, made.sums, prot=mmap.PROT_READ) if made.sums else memoryview(b"") as mapped:
            sums = np.fromiter((checksum(mapped, block) for block in range(made.blocks)), np.uint64, made.blocks)
        os.posix_fallocate(self._descriptor, made.sums, max(sums.nbytes, 1))
        os.ftruncate(self._descriptor, made.size)
        os.pwrite(self._descriptor, sums.tobytes(), made.sums)
        os.fsync(self._descriptor)
        return made

    def close(self) -> None:
        """Closes the file. Arrays that were returned stay mapped."""
        os.close(self._descriptor)


def checksum(mapped: Any, block: int) -> int:  # noqa: ANN401  (any buffer)
    """Returns the checksum of a block of a mapped file."""
    with memoryview(mapped)[block * BLOCK : (block + 1) * BLOCK] as data:
        return int.from_bytes(hashlib.sha256(data).digest()[:SUM_SIZE], "big")


class MappedFile:
    """One file of an index as its arrays. `writable`: this process is the owner, and removals are written to the file.
    Raises `Damaged` if the file has not the length in its manifest, and `OSError`.
    """

    def __init__(self, path: Path, laid: FilePlace, *, writable: bool) -> None:
        flags = os.O_RDWR if writable else os.O_RDONLY
        descriptor = os.open(path, flags | os.O_CLOEXEC)
        try:
            if os.fstat(descriptor).st_size != laid.size:
                raise Damaged("a file of the index has another length than its manifest says")
            # Copy on write for who only reads: the kernels take no read-only arrays, and nothing gets to the file.
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_COPY
            self._mapped: Any = mmap.mmap(descriptor, laid.size, access=access) if laid.size else b""
        finally:
            os.close(descriptor)
        self._laid = laid
        self._lock = threading.Lock()
        self._changed = False
        self._next = 0
        self.damaged = False
        self.arrays: Mapping[str, Array] = {
            each.name: np.frombuffer(
                self._mapped, np.dtype(each.dtype), int(np.prod(each.shape, dtype=np.int64)), each.offset
            ).reshape(each.shape)
            if each.nbytes
            else np.zeros(each.shape, dtype=each.dtype)
            for each in laid.arrays
        }
        self._sums: NDArray[np.uint64] = (
            np.frombuffer(self._mapped, np.uint64, laid.blocks, laid.sums)
            if laid.blocks
            else np.empty(0, dtype=np.uint64)
        )

    @property
    def blocks(self) -> int:
        """The number of blocks to be checked."""
        return self._laid.blocks

    @contextmanager
    def changing(self, slots: NDArray[np.int64]) -> Iterator[None]:
        """Surrounds the overwriting of these slots of a segment (ascending). `sync` makes it durable afterwards.

        A crash in between leaves a block with a wrong checksum: a scrub finds it, and the index is rebuilt.
        """
        with self._lock:
            blocks = self._blocks_of(slots)
            whole = all(self._fits(block) for block in blocks)
            yield
            if whole:
                for block in blocks:
                    self._sums[block] = checksum(self._mapped, block)
            else:
                self.damaged = True
            self._changed = self._changed or bool(len(slots))

    def _blocks_of(self, slots: NDArray[np.int64]) -> list[int]:
        touched: set[int] = set()
        for each in self._laid.arrays:
            if each.name in CHANGING and each.nbytes:
                stride = each.nbytes // each.shape[0]
                touched.update(np.unique((each.offset + slots * stride) // BLOCK).tolist())
        return sorted(touched)

    def _fits(self, block: int) -> bool:
        return checksum(self._mapped, block) == int(self._sums[block])

    def sync(self) -> None:
        """Makes overwritten data durable. Raises `OSError`; then it must be called again."""
        with self._lock:
            if self._changed:
                self._mapped.flush()
                self._changed = False

    def scrub(self, blocks: int) -> tuple[int, bool]:
        """Checks at most this many blocks, from where it stopped last. Returns how many, and whether it reached the end
        of the file. Raises `Damaged`.
        """
        done = 0
        while done < blocks and self._next < self.blocks:
            with self._lock:
                stop = min(self._next + BLOCKS_A_TURN, self._next + blocks - done, self.blocks)
                whole = all(self._fits(block) for block in range(self._next, stop))
                done, self._next = done + stop - self._next, stop
            if not whole:
                self.damaged = True
        if self.damaged:
            raise Damaged(
                "a file of the index is damaged", remedy="nothing to do: the node rebuilds it from the database"
            )
        if self._next < self.blocks:
            return done, False
        self._next = 0
        return done, True
