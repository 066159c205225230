"""Kept watches of other members, what waits to be matched against them, and alerts. See `node.store.schema`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", _LONG, nullable=False, autoincrement=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, _LONG, nullable=False, autoincrement=False)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "kept_watches",
        _id(),
        _text("root_origin"),
        _bytes("root_leaf"),
        _text("asker"),
        _text("head_origin"),
        *map(_number, ("head_idx", "standing", "cost", "until_day", "at")),
        _text("why"),
        _number("told"),
        _text("algorithm"),
        *map(_number, ("records", "decided_at")),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("kept_watches_by_root", "kept_watches", ["root_leaf", "root_origin"], unique=True)
    op.create_index("kept_watches_by_standing", "kept_watches", ["standing", "id"])
    op.create_table(
        "watch_told",
        _number("watch_id"),
        _bytes("leaf"),
        sa.PrimaryKeyConstraint("watch_id", "leaf"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "watched_rows",
        _number("source"),
        _number("row"),
        sa.PrimaryKeyConstraint("source", "row"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alerts",
        _id(),
        *map(_text, ("kind", "about", "reference", "member")),
        *map(_number, ("first_at", "at", "times", "seen_at")),
        _text("seen_by"),
        _number("hooked"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("alerts_by_seen", "alerts", ["seen_at", "id"])


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
