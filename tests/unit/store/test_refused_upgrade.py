"""A database from before refused answers were kept apart."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command

from node.store.store import open_node_store

QUERY = b"q" * 16


def test_answers_kept_as_bad_signature_become_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, whole = tmp_path / "node.db", command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _: whole(config, "0007"))
        open_node_store(path, create=True).close()
    rows = [
        (1, QUERY, "JP", "bad-signature", "JP", b"bent", b"s", 0),
        (2, QUERY, "JP", "bad-signature", "JP", b"bent again", b"s", 1),
        (3, QUERY, "BR", "hit", "BR", b"honest", b"s", 0),
        (4, QUERY, "NO", "bad-signature", "", b"", b"", 0),
    ]
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany("INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("INSERT INTO outcome_reasons VALUES (1, 'it does not verify')")
        connection.commit()
    with closing(open_node_store(path, create=False)) as store, store.read() as tx:
        (refused,) = tx.refused_answers(QUERY)
        assert (refused.member, refused.answer.answer, refused.reason) == ("JP", b"bent", "it does not verify")
        kept = [(member, state, answer and answer.answer, late) for member, state, answer, late in tx.outcomes(QUERY)]
        assert kept == [
            ("JP", "bad-signature", None, False),
            ("JP", "bad-signature", None, True),
            ("BR", "hit", b"honest", False),
            ("NO", "bad-signature", None, False),
        ]
