"""A kept index that does not belong to the store, or is of another time than it, is not used."""

from __future__ import annotations

import shutil
from pathlib import Path

from node.match.folder import MANIFEST
from node.store.store import open_node_store
from tests.simulator.federation import Log
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.index_lives import Life, in_step, kept, log

__all__ = ["log"]


def test_the_index_of_another_store_is_not_used(tmp_path: Path, log: Log) -> None:
    kept(MemoryStore(), tmp_path / "index", log)
    other = Life(MemoryStore(), tmp_path / "index")
    assert other.index.sizes() == {}
    assert not (tmp_path / "index" / MANIFEST).exists()
    in_step(other)


def test_the_index_of_before_a_restored_backup_is_not_used(tmp_path: Path, log: Log) -> None:
    """What was said of a row since the backup is not what the restored store says of it."""
    database, folder = tmp_path / "vigil.sqlite3", tmp_path / "index"
    store = open_node_store(database, create=True)
    life = kept(store, folder, log)
    store.backup_to(str(tmp_path / "backup"))
    life.purge([3])
    life.catalogue.keep()
    store.close()
    shutil.copyfile(tmp_path / "backup", database)
    store = open_node_store(database, create=False)
    again = Life(store, folder)
    assert again.index.tables["pdq"].waiting == 22, "it was made anew"
    assert again.found(3) == [(1, 3)]
    in_step(again)
    store.close()


def test_an_index_that_is_ahead_of_a_copied_store_is_not_used(tmp_path: Path, log: Log) -> None:
    """A copy made by hand has the same line; it is told by what the index has and the store has not."""
    database, folder = tmp_path / "vigil.sqlite3", tmp_path / "index"
    store = open_node_store(database, create=True)
    life = kept(store, folder, log)
    store.close()
    shutil.copyfile(database, tmp_path / "copy")
    for what in ("a row", "a change"):
        store = open_node_store(database, create=False)
        life = Life(store, folder)
        if what == "a row":
            life.hold(202)
            life.catalogue.keep()
        else:
            life.catalogue.keep()
            life.purge([2])
        store.close()
        shutil.copyfile(tmp_path / "copy", database)
        store = open_node_store(database, create=False)
        again = Life(store, folder)
        assert again.index.tables["pdq"].settled == 0, what
        in_step(again)
        again.catalogue.keep()
        store.close()


def test_an_older_folder_that_was_put_back_is_not_used(tmp_path: Path, log: Log) -> None:
    """The notes of what it lacks were forgotten when the next generation had it."""
    store, folder = MemoryStore(), tmp_path / "index"
    life = kept(store, folder, log)
    shutil.copytree(folder, tmp_path / "old")
    life.purge([3])
    life.catalogue.keep()
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "old", folder)
    again = Life(store, folder)
    assert again.found(3) == []
    in_step(again)
