"""A quick look at a database file: what it is, whose it is, and how far it has come."""

import os
import sqlite3
from pathlib import Path

import pytest

from node.domain.homes import STANDING, Owner, pack_standing
from node.domain.ids import MemberId, Origin
from node.errors import StoreError
from node.store import inspection, upgrade
from node.store.inspection import inspect_database
from node.store.store import SqliteNodeStore, open_node_store
from tests.simulator import federation as sim
from tests.simulator.batches import FR, append, batch

OWNER = Owner(role="node", federation="vigil.example", member="FR")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "node.db"


def filled(path: Path) -> SqliteNodeStore:
    store = open_node_store(path, create=True)
    append(store, batch(store, FR, ["a", "b", "c"]))
    return store


def test_it_says_how_far_a_database_has_come_beside_its_owner_too(path: Path) -> None:
    store = filled(path)
    with store.write() as tx:
        tx.set_setting(STANDING, pack_standing(OWNER, 4))
        tx.note_changes([(1, 1, True)])
        line = tx.line()
    for _ in ("while it is open", "once it is closed"):
        found = inspect_database(path)
        assert (found.exists, found.ours, found.fault, found.thorough) == (True, True, "", True)
        assert (found.owner, found.generation, found.entries) == (OWNER, 4, 3)
        assert (found.identity, found.changes) == (line.identity, line.changes)
        store.close()


def test_a_database_of_before_says_whose_it_is_by_its_audit_log(path: Path) -> None:
    store = filled(path)
    assert inspect_database(path).owner is None
    for member, role in (("JP", "node"), ("HUB", "hub")):
        with store.write() as tx:
            tx.open_log(Origin(sim.FEDERATION, MemberId(member), 1, "audit"))
        found = inspect_database(path).owner
        assert found is not None
        if member == "JP":
            assert (found.role, found.member) == (role, member)
            store.close()
            path.unlink()
            store = filled(path)
        else:
            assert (found.role, found.member) == (role, member)
    store.close()


def test_it_leaves_nothing_beside_the_database(path: Path) -> None:
    filled(path).close()
    before = path.read_bytes()
    assert inspect_database(path).entries == 3
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_nothing_an_empty_file_and_a_database_without_tables_are_told_from_one_of_ours(path: Path) -> None:
    assert not inspect_database(path).exists
    assert not path.exists()
    path.touch()
    assert (inspect_database(path).exists, inspect_database(path).ours) == (True, False)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    assert (inspect_database(path).ours, inspect_database(path).other) == (False, "")


def test_a_database_of_another_program_or_of_a_newer_version_is_named(path: Path, tmp_path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE secrets (x)")
    connection.close()
    assert "another program" in inspect_database(path).other
    newer = tmp_path / "newer.db"
    filled(newer).close()
    with sqlite3.connect(newer) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "newer version" in inspect_database(newer).other
    assert upgrade.HEAD in upgrade.known_revisions()


@pytest.mark.parametrize("at", ["the header", "a page", "the end"])
def test_damage_is_found(path: Path, at: str) -> None:
    filled(path).close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        if at == "the end":
            file.truncate(size // 2)
        else:
            file.seek(0 if at == "the header" else 8_192)
            file.write(os.urandom(8_192))
    assert inspect_database(path).fault
    assert inspect_database(path).exists


def test_what_a_database_says_of_itself_is_not_trusted(path: Path) -> None:
    store = filled(path)
    with store.write() as tx:
        tx.set_setting(STANDING, b'{"role": 1}')
    store.close()
    assert "cannot be read" in inspect_database(path).fault


def test_a_large_database_is_not_checked_page_by_page(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path).close()
    monkeypatch.setattr(inspection, "THOROUGH_BYTES", 1)
    found = inspect_database(path)
    assert (found.ours, found.thorough) == (True, False)


def test_a_check_that_takes_too_long_is_given_up_and_says_nothing_against_the_database(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_node_store(path, create=True)
    append(store, batch(store, FR, [f"{number}" for number in range(3_000)]))
    store.close()
    monkeypatch.setattr(inspection, "THOROUGH_SECONDS", -1.0)
    monkeypatch.setattr(inspection, "_STEPS", 1)
    found = inspect_database(path)
    assert (found.ours, found.thorough, found.fault) == (True, False, "")


def test_a_journal_that_a_crash_left_counts(path: Path, tmp_path: Path) -> None:
    store = filled(path)
    for file in tmp_path.glob("node.db*"):
        (tmp_path / f"crashed{file.name.removeprefix('node')}").write_bytes(file.read_bytes())
    store.close()
    assert inspect_database(tmp_path / "crashed.db").entries == 3


def test_a_database_that_cannot_be_reached_now_is_no_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path).close()

    def refuse(*_: object, **__: object) -> sqlite3.Connection:
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorname = "SQLITE_CANTOPEN"
        raise error

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(StoreError, match="cannot be opened"):
        inspect_database(path)


def test_a_removed_file_is_not_made_again_by_a_later_connection(path: Path) -> None:
    """A daemon whose database was removed must not go on with an empty one."""
    store = filled(path)
    store._engines.readers.dispose()
    for file in path.parent.glob("node.db*"):
        file.unlink()
    with pytest.raises(StoreError), store.read() as tx:
        tx.logs()
    assert not path.exists()
    store.close()
