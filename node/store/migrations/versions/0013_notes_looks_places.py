"""Notes of holdings, further looks at pictures with transparent parts, and where parts lie. See `node.store.schema`.

A holding of before has no note and lies in nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("holdings", sa.Column("note", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.create_table(
        "holding_looks",
        sa.Column("holding_id", _LONG, nullable=False, autoincrement=False),
        sa.Column("looks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("holding_id"),
    )
    op.create_table(
        "holding_places",
        sa.Column("id", _LONG, nullable=False, autoincrement=True),
        sa.Column("holding_id", _LONG, nullable=False),
        sa.Column("parent", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("vault_id", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("holding_places_by_holding", "holding_places", ["holding_id"])
    op.create_index("holding_places_by_parent", "holding_places", ["parent", "holding_id"])


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
