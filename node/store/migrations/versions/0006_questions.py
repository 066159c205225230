"""Questions with their terms and parts, and the reasons of outcomes. What the tables are for is told in
`node.store.schema`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _long(name: str) -> sa.Column[Any]:
    return sa.Column(name, _LONG, nullable=False)


def _bytes(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "questions",
        _bytes("id"),
        _long("created_at"),
        _long("terms_id"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("questions_by_time", "questions", ["created_at"])
    op.create_table(
        "question_parts",
        _bytes("question"),
        _long("part"),
        _bytes("query_id"),
        _long("cost"),
        _long("labels_id"),
        _long("payload_id"),
        sa.PrimaryKeyConstraint("question", "part"),
        sqlite_with_rowid=False,
    )
    op.create_index("question_parts_by_query", "question_parts", ["query_id"], unique=True)
    op.create_table(
        "outcome_reasons",
        sa.Column("outcome_id", _LONG, nullable=False, autoincrement=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("outcome_id"),
    )
    # A query of an earlier version becomes a question of one part, without labels and terms.
    op.execute("INSERT INTO questions (id, created_at, terms_id) SELECT query_id, created_at, 0 FROM asked")
    op.execute(
        "INSERT INTO question_parts (question, part, query_id, cost, labels_id, payload_id) "
        "SELECT query_id, 1, query_id, cost, 0, 0 FROM asked"
    )


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
