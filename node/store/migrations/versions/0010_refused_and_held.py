"""Refused answers apart from those that count, questions held for an officer, and questions near holdings. What the
tables are for is told in `node.store.schema`.

An answer that was kept with the state bad-signature becomes evidence: it stood among the answers that count.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _long(name: str) -> sa.Column[Any]:
    return sa.Column(name, _LONG, nullable=False)


def _bytes(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    _refused()
    _held()
    op.create_table(
        "near_questions",
        _long("id"),
        _text("asker"),
        _long("neighbourhood"),
        _long("at"),
        _long("vault_id"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("near_questions_by_neighbourhood", "near_questions", ["neighbourhood"])
    op.create_index("near_questions_by_time", "near_questions", ["at"])
    op.create_table(
        "promises",
        _text("answerer"),
        _text("asker"),
        _bytes("query_id"),
        _long("expires_at"),
        sa.PrimaryKeyConstraint("answerer", "asker", "query_id"),
        sqlite_with_rowid=False,
    )


def _refused() -> None:
    op.create_table(
        "refused_answers",
        _long("id"),
        _bytes("query_id"),
        _text("member"),
        _text("answerer"),
        _bytes("answer"),
        _bytes("signature"),
        _text("reason"),
        _long("late"),
        _long("at"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("refused_answers_by_query", "refused_answers", ["query_id", "member"], unique=True)
    op.execute(
        "INSERT INTO refused_answers (query_id, member, answerer, answer, signature, reason, late, at) "
        "SELECT query_id, member, answerer, answer, signature, "
        "COALESCE((SELECT reason FROM outcome_reasons WHERE outcome_id = first.id), ''), late, 0 "
        "FROM outcomes AS first "
        "WHERE outcome = 'bad-signature' AND answerer <> '' AND id = (SELECT MIN(id) FROM outcomes AS each "
        "WHERE each.query_id = first.query_id AND each.member = first.member "
        "AND each.outcome = 'bad-signature' AND each.answerer <> '')"
    )
    op.execute("UPDATE outcomes SET answerer = '', answer = x'', signature = x'' WHERE outcome = 'bad-signature'")


def _held() -> None:
    op.create_table(
        "held_questions",
        _long("id"),
        _text("asker"),
        _bytes("query_id"),
        _bytes("header"),
        _long("payload_id"),
        _bytes("query_signature"),
        _long("at"),
        _long("expires_at"),
        _text("why"),
        _long("decision"),
        _long("decided_at"),
        _text("answerer"),
        _bytes("answer"),
        _bytes("signature"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("held_questions_by_query", "held_questions", ["asker", "query_id"], unique=True)
    op.create_index("held_questions_by_decision", "held_questions", ["decision", "asker"])


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
