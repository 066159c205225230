"""Stores for tests that are about what lies in one, not about how its file is made."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from node.store.store import SqliteStore, open_store


def fresh_store(path: Path) -> SqliteStore:
    """An empty store in the file `path`: a copy of one that this process makes once, for making the tables takes
    thirty times as long.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(_template(), path)
    return open_store(path, create=False)


@cache
def _template() -> Path:
    """The file of an empty store that is closed."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Path(folder) / "empty.db"
    open_store(made, create=True).close()
    return made
