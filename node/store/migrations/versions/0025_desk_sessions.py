"""Sessions of the desk, one-time codes, and drafts. A home has none before an administrator invites an officer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "desk_sessions",
        sa.Column("id", _LONG, nullable=False, autoincrement=True),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("officer_id", _LONG, nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("made_at", _LONG, nullable=False),
        sa.Column("seen_at", _LONG, nullable=False),
        sa.Column("factor_at", _LONG, nullable=False),
        sa.Column("ended_at", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("desk_sessions_by_token", "desk_sessions", ["token_sha256"], unique=True)
    op.create_index("desk_sessions_by_officer", "desk_sessions", ["officer_id"])
    op.create_table(
        "desk_codes",
        sa.Column("code_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("officer_id", _LONG, nullable=False),
        sa.Column("made_at", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("code_sha256"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "desk_drafts",
        sa.Column("officer_id", _LONG, nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("vault_id", _LONG, nullable=False),
        sa.Column("saved_at", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("officer_id", "form"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
