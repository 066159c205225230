"""Reviews of pairs, and the state of each hit. Hits of before are new: nobody has decided about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _long(name: str) -> sa.Column[int]:
    return sa.Column(name, _LONG, nullable=False, autoincrement=False)


def upgrade() -> None:
    for name in ("state", "review_id"):
        op.add_column("hits", sa.Column(name, _LONG, nullable=False, server_default=sa.text("0")))
    numbers = ("holding_id", "other_id", "name_id", "file_id", "hit_id", "state", "decisions", "decision_id", "closed")
    op.create_table(
        "reviews",
        sa.Column("id", _LONG, nullable=False, autoincrement=True),
        *map(_long, numbers),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("reviews_by_holding", "reviews", ["holding_id"])
    op.create_index("reviews_by_other", "reviews", ["other_id"])
    op.create_table(
        "decisions",
        sa.Column("id", _LONG, nullable=False, autoincrement=True),
        _long("review_id"),
        _long("state"),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        _long("made_at"),
        sa.Column("record", sa.Text(), nullable=False),
        _long("carried"),
        _long("note_id"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("decisions_by_review", "decisions", ["review_id"])


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
