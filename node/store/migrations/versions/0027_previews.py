"""Previews of holdings: their places and keys, and how many each officer saw. See `node.store.schema`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _number(name: str, *, counts: bool = False) -> sa.Column[int]:
    return sa.Column(name, _LONG, nullable=False, autoincrement=counts)


def upgrade() -> None:
    op.create_table(
        "previews",
        _number("id", counts=True),
        *map(_number, ("holding_id", "still", "segment", "start", "size", "covered_size", "vault_id")),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("previews_by_holding", "previews", ["holding_id", "still"], unique=True)
    op.create_index("previews_by_place", "previews", ["segment", "start", "size"])
    op.create_table(
        "preview_views",
        sa.Column("officer", sa.Text(), nullable=False),
        *map(_number, ("day", "count", "first_at", "last_at", "since")),
        sa.PrimaryKeyConstraint("officer"),
    )


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
