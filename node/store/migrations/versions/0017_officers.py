"""The officers of a home. A home has none before an administrator adds one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "officers",
        sa.Column("id", _LONG, nullable=False, autoincrement=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("uid", _LONG, nullable=False),
        sa.Column("disabled", _LONG, nullable=False),
        sa.Column("added_at", _LONG, nullable=False),
        sa.Column("changed_at", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("officers_by_name", "officers", ["name"], unique=True)
    op.create_index("officers_by_uid", "officers", ["uid"])


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
