"""Hits that are kept, and how far records were matched. A database of before has no hits yet: everything is matched
again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _long(name: str) -> sa.Column[int]:
    return sa.Column(name, _LONG, nullable=False, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "hits",
        sa.Column("id", _LONG, nullable=False, autoincrement=True),
        _long("holding_id"),
        _long("log_no"),
        _long("idx"),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        _long("evidence_id"),
        _long("first_seen"),
        _long("last_seen"),
        _long("shown_at"),
        _long("ended"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("hits_by_pair", "hits", ["holding_id", "log_no", "leaf"], unique=True)
    op.create_index("hits_by_place", "hits", ["log_no", "idx"])
    for name, columns in (
        ("crowded", ("source", "row", "left_out")),
        ("unmatched", ("source", "row")),
    ):
        op.create_table(
            name,
            *(_long(column) for column in columns),
            sa.PrimaryKeyConstraint("source", "row"),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "matched",
        _long("log_no"),
        _long("size"),
        sa.PrimaryKeyConstraint("log_no"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
