"""Deletes copies of originals in the home. The `ingest` command makes them (`node.cli.originals`), because it may read
the user's files and the node may not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from node.errors import StoreError


def finder(folder: Path) -> Callable[[bytes], bool]:
    """Whether `folder` has a copy with this SHA-256."""

    def has(sha256: bytes) -> bool:
        return _copy(folder, sha256).is_file()

    return has


def remover(folder: Path) -> Callable[[bytes], bool]:
    """Deletes the copy with this SHA-256 from `folder`. Returns whether there was one. Durable on return."""

    def remove(sha256: bytes) -> bool:
        target = _copy(folder, sha256)
        try:
            target.with_name(target.name + ".part").unlink(missing_ok=True)
            target.unlink()
            descriptor = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            return False
        except OSError:
            raise StoreError(
                "the copy of an original cannot be deleted",
                remedy="check the owner and the mode of the folder originals in this home, and run the command again",
            ) from None
        return True

    return remove


def _copy(folder: Path, sha256: bytes) -> Path:
    """The path of a copy, as `node.cli.originals` names it."""
    name = sha256.hex()
    return folder / name[:2] / name[2:]
