"""What was left out of a holding's hits is told by member. What the table is for is told in `node.store.schema`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "crowded_holdings",
        sa.Column("holding_id", _LONG, nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("left_out", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("holding_id", "member"),
        sqlite_with_rowid=False,
    )
    # Of which member these were was not kept: they stand under no name.
    op.execute(
        "INSERT INTO crowded_holdings (holding_id, member, left_out) "
        "SELECT row, '', left_out FROM crowded WHERE source = 0"
    )
    op.execute("DELETE FROM crowded WHERE source = 0")


def downgrade() -> None:
    raise Misuse("a database is not taken back to an earlier schema", remedy="restore a backup")
