"""Threads of messages: what officers have read, left and put into cases. See `node.store.schema`.

Messages that an earlier version of this program stored are read again, because it did not note which of them open or
close a thread.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_READ_AGAIN = "UPDATE stated SET is_read = 0 WHERE kind IN (7, 13)"
"""Consultations and revisions."""


def _thread() -> list[sa.Column[bytes] | sa.Column[str]]:
    return [
        sa.Column("root_leaf", sa.LargeBinary(), nullable=False),
        sa.Column("root_origin", sa.Text(), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "thread_reads",
        *_thread(),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("log_no", _LONG, nullable=False, autoincrement=False),
        sa.Column("upto", _LONG, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("root_leaf", "root_origin", "officer", "log_no"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "muted_threads",
        *_thread(),
        sa.PrimaryKeyConstraint("root_leaf", "root_origin"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "thread_cases",
        *_thread(),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("root_leaf", "root_origin", "reference"),
        sqlite_with_rowid=False,
    )
    op.create_index("thread_cases_by_case", "thread_cases", ["reference"])
    op.create_index("mentions_opening", "mentions", ["log_no", "idx"], sqlite_where=sa.text("role = 7"))
    op.execute(_READ_AGAIN)


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
