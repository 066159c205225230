"""Stores for tests that are about what lies in one, not about how its file is made."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from node.store.store import SqliteHubStore, SqliteNodeStore, open_hub_store, open_node_store

EVERYTHING: Final = 1 << 30
"""Bytes: a limit for a run that no test reaches."""


def fresh_store(path: Path) -> SqliteNodeStore:
    """An empty store of a node in the file `path`: a copy of one that this process makes once, for making the tables
    takes thirty times as long.
    """
    return open_node_store(_copied_to(path), create=False)


def fresh_hub_store(path: Path) -> SqliteHubStore:
    """The same for a hub."""
    return open_hub_store(_copied_to(path), create=False)


def _copied_to(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(_template(), path)
    return path


@cache
def _template() -> Path:
    """The file of an empty store that is closed."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Path(folder) / "empty.db"
    open_node_store(made, create=True).close()
    return made
