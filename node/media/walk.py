"""The files that a person means by the paths that were typed.

Rules this module upholds:

- The order is the same at every run: arguments as typed, folders in the order of their entries' names.
- Links are followed, into each folder once an argument, so a loop of links ends.
- What cannot be read is handed on as `Unreadable` in its place, and the walk goes on. Nothing is left out silently.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from node.errors import MediaError
from node.media.source import unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A file or folder that cannot be read, and why."""

    path: Path
    error: MediaError


def walk(paths: Iterable[Path]) -> Iterator[Path | Unreadable]:
    """Every file under `paths`: a file stands for itself, a folder for all in it, hidden ones and subfolders too."""
    for path in paths:
        yield from _walk_one(path)


def _walk_one(path: Path) -> Iterator[Path | Unreadable]:
    entered: set[tuple[int, int]] = set()
    # Of each folder on the way down the names that are left, the next one last: a name is a tenth of a path's size.
    waiting: list[tuple[Path, list[str]]] = [(path, [""])]
    while waiting:
        folder, names = waiting[-1]
        if not names:
            waiting.pop()
            continue
        found = folder / names.pop()
        try:
            status = found.stat()
            if not stat.S_ISDIR(status.st_mode):
                if stat.S_ISREG(status.st_mode):
                    yield found
                else:
                    yield Unreadable(path=found, error=MediaError("not a regular file"))
                continue
            identity = (status.st_dev, status.st_ino)
            if identity in entered:
                continue
            entered.add(identity)
            inside = sorted(os.listdir(found), reverse=True)  # noqa: PTH208  (names alone, without a Path each yet)
        except (OSError, ValueError) as error:
            yield Unreadable(path=found, error=MediaError(_reason(found, error)))
            continue
        waiting.append((found, inside))


def _reason(path: Path, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return "a link whose target does not exist"
    return unreadable(error)
