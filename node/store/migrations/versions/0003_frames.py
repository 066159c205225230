"""The frames of videos. What the table is for is told in `node.store.schema`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "holding_frames",
        sa.Column("holding_id", _LONG, nullable=False, autoincrement=False),
        sa.Column("frames", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("holding_id"),
    )


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
