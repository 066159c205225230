"""Local watches of officers, and the records that they found. See `node.store.schema`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, _LONG, nullable=False, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "local_watches",
        sa.Column("id", _LONG, nullable=False, autoincrement=True),
        *map(_text, ("reference", "officer")),
        *map(_number, ("vault_id", "subjects", "fingerprints", "until_day", "at")),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "local_finds",
        _number("watch_id"),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        _text("origin"),
        sa.PrimaryKeyConstraint("watch_id", "leaf", "origin"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
