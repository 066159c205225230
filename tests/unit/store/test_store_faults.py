"""Full disks, damaged files, wrong permissions, other processes: what the store says, and what is left afterwards."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from node.errors import Damaged, DiskFull, Misuse, StoreError
from node.store import engine
from node.store.statements import Repository
from node.store.store import SqliteNodeStore, open_node_store
from tests.conftest import absent
from tests.simulator.batches import FR, append, batch
from tests.stores import EVERYTHING


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteNodeStore]:
    made = open_node_store(tmp_path / "data" / "node.db", create=True)
    yield made
    made.close()


def pragma(made: Engine, name: str) -> object:
    with made.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def connection_of(transaction: object) -> Connection:
    """The database connection below a reader or a writer."""
    assert isinstance(transaction, Repository)
    return transaction._connection


def limit_pages(store: SqliteNodeStore, pages: int) -> None:
    """The writer's connection finds no room past so many pages, as it would on a full disk."""
    with store._engines.writer.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def test_connections_are_set_up_for_durability_and_forgetting(store: SqliteNodeStore) -> None:
    for each in (store._engines.writer, store._engines.readers):
        assert pragma(each, "journal_mode") == "wal"
        assert pragma(each, "secure_delete") == 1
        assert pragma(each, "foreign_keys") == 1
        assert pragma(each, "temp_store") == 2
    assert pragma(store._engines.writer, "synchronous") == 2
    assert pragma(store._engines.writer, "page_size") == engine.PAGE_SIZE
    assert pragma(store._engines.readers, "query_only") == 1
    assert pragma(store._engines.readers, "wal_autocheckpoint") == 0


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = open_node_store(tmp_path / "data" / "node.db", create=True)
        append(store, batch(store, FR, ["a"]))
        with store.read():
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
        store.backup_to(str(tmp_path / "copy.db"))
        store.close()
    finally:
        os.umask(before)
    assert modes == {"node.db": 0o600, "node.db-wal": 0o600, "node.db-shm": 0o600}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


def test_a_database_that_others_may_read_is_closed_to_them(store: SqliteNodeStore, tmp_path: Path) -> None:
    store.close()
    path = tmp_path / "data" / "node.db"
    path.chmod(0o644)
    open_node_store(path, create=False).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_where_there_is_no_database_none_is_made_unless_asked_for(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database") as caught:
        open_node_store(tmp_path / "node.db", create=False)
    assert "init" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_full_database_says_so_and_keeps_what_was_acknowledged(store: SqliteNodeStore) -> None:
    append(store, batch(store, FR, ["a", "b"]))
    limit_pages(store, 60)
    big = batch(store, FR, [f"{number}" for number in range(400)], size=3_200)
    with pytest.raises(DiskFull) as caught:
        append(store, big)
    assert "free space" in caught.value.remedy
    with store.read() as reader:
        assert len(reader.run(FR, 0, 9_999, EVERYTHING).entries) == 2
    limit_pages(store, 1 << 30)
    append(store, big)
    assert store.check() == []
    with store.read() as reader:
        assert len(reader.run(FR, 0, 9_999, EVERYTHING).entries) == 402


def test_a_full_disk_says_so_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        absent("only root may mount the small disk that this needs")
    try:
        store = open_node_store(disk / "node.db", create=True)
        append(store, batch(store, FR, ["kept"]))
        more = batch(store, FR, [f"{number}" for number in range(300)], size=16_000)
        with pytest.raises(DiskFull):
            append(store, more)
        with pytest.raises(DiskFull):
            store.backup_to(str(disk / "copy.db"))
        append(store, batch(store, FR, ["after"]))
        store.close()
        again = open_node_store(disk / "node.db", create=False)
        assert again.check() == []
        with again.read() as reader:
            assert len(reader.run(FR, 0, 9_999, EVERYTHING).entries) == 2
        again.close()
        assert not [path.name for path in disk.iterdir() if path.name.startswith("copy")]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "node.db").write_bytes(b"something else altogether" * 99)
    with pytest.raises(Damaged) as caught:
        open_node_store(tmp_path / "node.db", create=True)
    assert "backup" in caught.value.remedy


def test_a_damaged_page_is_found_by_the_check_and_named_when_it_is_read(store: SqliteNodeStore, tmp_path: Path) -> None:
    path = tmp_path / "data" / "node.db"
    store.scrub()
    empty = path.stat().st_size
    append(store, batch(store, FR, [f"{number}" for number in range(500)], size=320))
    store.close()
    data = bytearray(path.read_bytes())
    for page in range(empty, len(data), engine.PAGE_SIZE):
        data[page : page + 64] = b"\xff" * 64
    path.write_bytes(data)
    again = open_node_store(path, create=False)
    assert again.check() != []
    with pytest.raises(Damaged), again.read() as reader:
        reader.run(FR, 0, 500, EVERYTHING)
    again.close()


def test_an_error_names_no_value_and_hides_the_library_behind_it(store: SqliteNodeStore) -> None:
    secret = "5ecre7" * 9
    with pytest.raises(StoreError) as caught, store.write() as writer:
        writer.set_setting(secret, object())  # type: ignore[arg-type]
    error: BaseException = caught.value
    assert secret not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__
    broken, row = text("INSERT INTO settings (name, value) VALUES (:secret, NULL)"), {"secret": secret}
    with pytest.raises(StoreError) as caught, store.write() as writer:
        connection_of(writer).execute(broken, row)
    assert "SQLITE_CONSTRAINT" in str(caught.value)
    assert secret not in str(caught.value.__context__)


def test_a_reader_cannot_write(store: SqliteNodeStore) -> None:
    with pytest.raises(StoreError, match="READONLY"), store.read() as reader:
        connection_of(reader).exec_driver_sql("DELETE FROM logs")


def test_another_process_that_holds_the_database_is_named_after_a_wait(
    store: SqliteNodeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    path = tmp_path / "data" / "node.db"
    mine = open_node_store(path, create=False)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked") as caught, mine.write():
        pass
    assert "other process" in caught.value.remedy
    other.close()
    with mine.write() as writer:
        writer.set_setting("name", b"value")
    mine.close()


_VICTIM = """
import sys
from pathlib import Path
from node.store.statements import Repository
from node.store.store import open_node_store
from tests.simulator.batches import FR, batch
store = open_node_store(Path(sys.argv[1]), create=False)
made = batch(store, FR, [f"{number}" for number in range(3_000)])
with store.write() as writer:
    writer.open_log(FR)
    writer.append(made)
    writer.set_setting("count", b"3000")
    if sys.argv[2] == "inside":
        print("here", flush=True)
        sys.stdin.read()
print("here", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("where", "count"), [("inside", 0), ("after", 3_000)])
def test_a_process_that_is_killed_leaves_whole_transactions(
    store: SqliteNodeStore, tmp_path: Path, where: str, count: int
) -> None:
    store.close()
    path = tmp_path / "data" / "node.db"
    command = [sys.executable, "-c", _VICTIM, str(path), where]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "here\n"
        victim.kill()
    again = open_node_store(path, create=False)
    assert again.check() == []
    with again.read() as reader:
        assert len(reader.run(FR, 0, 9_999, EVERYTHING).entries) == count
        assert reader.setting("count") == (b"3000" if count else b"")
    again.close()


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("SQLITE_FULL", DiskFull, "space"),
        ("SQLITE_IOERR_SHMSIZE", DiskFull, "space"),
        ("SQLITE_IOERR_WRITE", StoreError, "disk"),
        ("SQLITE_CORRUPT_INDEX", Damaged, "damaged"),
        ("SQLITE_NOTADB", Damaged, "damaged"),
        ("SQLITE_BUSY_SNAPSHOT", StoreError, "locked"),
        ("SQLITE_READONLY_DBMOVED", StoreError, "opened for writing"),
        ("SQLITE_CANTOPEN", StoreError, "opened for writing"),
        ("SQLITE_MISMATCH", StoreError, "refused"),
    ],
)
def test_every_family_of_errors_has_its_name_and_a_remedy(name: str, kind: type[StoreError], words: str) -> None:
    failure = sqlite3.OperationalError("text that quotes a value")
    failure.sqlite_errorname = name
    with pytest.raises(StoreError, match=words) as caught, engine.translated():
        raise failure
    assert type(caught.value) is kind
    assert caught.value.remedy
    assert "value" not in str(caught.value)


def test_a_backup_is_a_store_and_is_never_written_over(store: SqliteNodeStore, tmp_path: Path) -> None:
    append(store, batch(store, FR, ["a", "b"]))
    target = tmp_path / "copy.db"
    target.with_name("copy.db.part").write_bytes(b"left by a crash")
    with store.write() as writer:
        writer.set_setting("not yet", b"committed")
        store.backup_to(str(target))
    with pytest.raises(Misuse):
        store.backup_to(str(target))
    copy = open_node_store(target, create=False)
    with copy.read() as reader:
        assert len(reader.run(FR, 0, 9, EVERYTHING).entries) == 2
        assert reader.setting("not yet") == b""
    assert copy.check() == []
    copy.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "data"]


def test_a_backup_into_a_folder_that_is_not_there_is_refused_without_its_path(
    store: SqliteNodeStore, tmp_path: Path
) -> None:
    with pytest.raises(StoreError) as caught:
        store.backup_to(str(tmp_path / "nowhere" / "copy.db"))
    assert "nowhere" not in str(caught.value)
