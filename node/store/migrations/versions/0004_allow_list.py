"""The allow-list of known-harmless content."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "allowed",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
