"""A missing body expires like a held one, so nothing asks any more which of the two an expiry day is of."""

from __future__ import annotations

from alembic import op

from node.errors import Misuse

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("expiries", "held")


def downgrade() -> None:
    raise Misuse("a database is not taken back to an earlier schema", remedy="restore a backup")
