"""How a database comes to this program's schema."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from node.domain.case_events import FIRST_PLACE
from node.domain.questions import KeptQuestion, Part, PartBody
from node.errors import StoreError
from node.store import upgrade
from node.store.schema import metadata
from node.store.store import open_node_store


def definitions(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    # A column that was added later stands between other spaces, and nothing else is other.
    return {
        name: re.sub(r"\s*([(),])\s*", r"\1", " ".join(sql.split())) for name, sql in rows if name != "alembic_version"
    }


def columns(path: Path) -> dict[str, list[Any]]:
    with sqlite3.connect(path) as connection:
        found = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in metadata.tables}
    connection.close()
    return found


def test_the_scripts_lead_to_the_schema_that_the_program_uses(tmp_path: Path) -> None:
    made, declared = tmp_path / "made.db", tmp_path / "declared.db"
    open_node_store(made, create=True).close()
    engine = create_engine(f"sqlite:///{declared}")
    metadata.create_all(engine)
    engine.dispose()
    assert definitions(made) == definitions(declared)
    assert columns(made) == columns(declared)
    engine = create_engine(f"sqlite:///{made}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_revision_in_the_program_is_the_newest_script() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(upgrade.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == upgrade.HEAD


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    open_node_store(path, create=True).close()
    before = definitions(path)
    open_node_store(path, create=True).close()
    open_node_store(path, create=False).close()
    assert definitions(path) == before


def test_a_query_of_an_earlier_version_becomes_a_question_of_one_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole = tmp_path / "node.db", command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _: whole(config, "0004"))
        open_node_store(path, create=True).close()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO vault (id, live, sealed) VALUES (7, x'01', x'70')")
        row = (b"q" * 16, "FR", "", "p", 1, 2, 5, b"h", 7, b"s", 90, 95)
        connection.execute("INSERT INTO asked VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()
    store = open_node_store(path, create=False)
    with store.read() as reader:
        (kept,) = reader.recent_questions(9)
        assert reader.part_body(b"q" * 16) == PartBody(payload=b"p")
    store.close()
    part = Part(number=1, query_id=b"q" * 16, cost=5, asked_at=90, closed_at=95)
    assert kept == KeptQuestion(id=b"q" * 16, created_at=90, parts=(part,))


def test_what_was_left_out_of_a_holding_is_kept_under_no_members_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole = tmp_path / "node.db", command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _: whole(config, "0007"))
        open_node_store(path, create=True).close()
    with sqlite3.connect(path) as connection:
        connection.executemany("INSERT INTO crowded (source, row, left_out) VALUES (?, ?, ?)", [(0, 4, 9), (3, 4, 7)])
    connection.close()
    store = open_node_store(path, create=False)
    with store.read() as reader:
        assert (reader.crowded(), reader.crowded_holdings()) == ({(3, 4): 7}, {(4, ""): 9})
    store.close()


def test_the_timeline_of_a_former_case_begins_with_its_ingests_by_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole = tmp_path / "node.db", command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _: whole(config, "0016"))
        open_node_store(path, create=True).close()
    with sqlite3.connect(path) as connection:
        for number, at in enumerate((5, 9, 86_400, 86_401), 1):
            row = (number, bytes([number]) * 32, b"", b"", b"", 0, b"", "image/jpeg", 1, 0, at, "", b"", "")
            connection.execute("INSERT INTO holdings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute("INSERT INTO cases VALUES (?, ?)", ("C-2" if number == 4 else "C-1", number))
    connection.close()
    store = open_node_store(path, create=False)
    with store.read() as reader:
        found = [(each.kind, each.at, each.until, each.count) for each in reader.case_events("C-1", FIRST_PLACE, 9)]
        assert found == [("ingested", 86_400, 86_400, 1), ("ingested", 5, 9, 2)]
        assert len(reader.case_events("C-2", FIRST_PLACE, 9)) == 1
    store.close()


def test_messages_of_an_earlier_version_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It did not note which of them open or close a thread."""
    path, whole = tmp_path / "node.db", command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _: whole(config, "0021"))
        open_node_store(path, create=True).close()
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO logs (number, origin, size, root, checkpoint, checkpoint_size, anchor, anchor_size, cosigned,"
            " cosigned_size, frozen) VALUES (1, ?, 3, x'', x'', 0, x'', 0, x'', 0, '')",
            ("sim.example/FR/log/1",),
        )
        connection.executemany("INSERT INTO stated VALUES (?, 1, ?, 1)", [(7, 0), (11, 1), (13, 2)])
    connection.close()
    store = open_node_store(path, create=False)
    with store.read() as reader:
        assert {(each.kind, each.index) for each in reader.unread(range(64), 9)} == {(7, 0), (13, 2)}
    store.close()


def test_a_newer_schema_is_refused_with_a_remedy_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    open_node_store(path, create=True).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version") as caught:
        open_node_store(path, create=True)
    assert "install" in caught.value.remedy
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        open_node_store(path, create=True)


def test_an_upgrade_that_fails_leaves_no_half_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "node.db"
    with monkeypatch.context() as patched:
        patched.setattr("node.store.store.upgrade", _half)
        with pytest.raises(StoreError):
            open_node_store(path, create=True)
    assert definitions(path) == {}
    open_node_store(path, create=False).close()
    assert "logs" in definitions(path)


def _half(connection: Any) -> None:
    upgrade.upgrade(connection)
    connection.exec_driver_sql("CREATE TABLE logs (twice INTEGER)")
